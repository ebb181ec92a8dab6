"""How long a request waits for a locked row."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connections


def limit_waits() -> None:
    """From now on, PostgreSQL ends a statement that waits for a lock too long: 503, ``busy``.

    Called by servers, so that a few requests for one locked row cannot occupy all threads.
    Commands do not call it: an import or a backfill may wait for as long as it takes.
    """
    database: Any = connections["default"]
    if database.vendor != "postgresql" or not settings.DB_LOCK_TIMEOUT_MS:
        return
    options = database.settings_dict["OPTIONS"]
    timeout = f"-c lock_timeout={settings.DB_LOCK_TIMEOUT_MS}"
    options["options"] = f"{options.get('options', '')} {timeout}".strip()
    if database.pool is not None:
        database.close_pool()  # its connections were opened without
