"""The database connections of a server: how they end, and how long they wait for a locked row."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.cache import close_caches
from django.core.handlers.base import reset_urlconf
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections, reset_queries

from receipts.sql.lasting import close_if_ended
from receipts.sql.pooler import limit_waits


def settle_connections() -> None:
    """Call once in a server, after loading. Commands do not: an import may wait for a long time."""
    limit_waits(settings.DB_LOCK_TIMEOUT_MS)
    database: Any = connections["default"]
    if database.vendor == "postgresql" and database.pool is not None:
        database.close_pool()  # its connections were opened without
    request_started.connect(close_if_ended)


def may_use_greenlets() -> bool:
    """Whether they can wait for the database: SQLite and the threads of a pool would block them."""
    database: Any = connections["default"]
    return database.vendor == "postgresql" and database.pool is None


def leave_checks_to_bridge() -> None:
    """Call in a server process when it starts: ``release_connection`` runs before each request.

    Django's own receivers look for all databases and caches, twice a request. There is one
    database, the caches have nothing to close, every request has the same URLs, and only DEBUG logs
    queries.
    """
    request_started.disconnect(close_if_ended)
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    request_finished.disconnect(close_caches)
    request_finished.disconnect(reset_urlconf)
    if not settings.DEBUG:
        request_started.disconnect(reset_queries)
