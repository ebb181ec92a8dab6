"""The database connections of a server: how they end, and how long they wait for a locked row."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.signals import request_started
from django.db import connections

from receipts.sql.lasting import close_if_ended
from receipts.sql.pooler import limit_waits


def settle_connections() -> None:
    """Call once in a server, after loading. Commands do not: an import may wait for a long time."""
    limit_waits(settings.DB_LOCK_TIMEOUT_MS)
    database: Any = connections["default"]
    if database.vendor == "postgresql" and database.pool is not None:
        database.close_pool()  # its connections were opened without
    request_started.connect(close_if_ended)
