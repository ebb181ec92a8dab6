"""The database connections of a server: how they end, and how long they wait for a locked row."""

from __future__ import annotations

import select
from typing import Any

from django.conf import settings
from django.core.signals import request_started
from django.db import close_old_connections, connections

from receipts.sql import pooler


def settle_connections() -> None:
    """Call once in a server, after loading. Commands do not: an import may wait for a long time."""
    _limit_waits()
    request_started.connect(_close_if_ended)


def release_connection() -> None:
    """Call before and after work on a thread that is no request."""
    _close_if_ended()
    close_old_connections()


def _close_if_ended(**_: Any) -> None:
    """Close this thread's connection if PostgreSQL has ended it, as a restart does.

    PostgreSQL says nothing while a connection is idle, so if there is something to read, it is the
    end, or a query tells. Otherwise this costs no query.
    """
    database: Any = connections["default"]
    if database.vendor != "postgresql" or database.connection is None or database.in_atomic_block:
        return
    if database.connection.closed or (_has_news(database.connection) and not database.is_usable()):
        database.close()


def _has_news(connection: Any) -> bool:
    """Whether there is anything to read, the end of the connection included."""
    watched = select.poll()  # not select(), which is limited to the first 1,024 files
    watched.register(connection.fileno(), select.POLLIN)
    return bool(watched.poll(0))


def _limit_waits() -> None:
    """From now on, PostgreSQL ends a statement that waits for a lock too long."""
    database: Any = connections["default"]
    pooler.limit_waits(settings.DB_LOCK_TIMEOUT_MS)
    if database.vendor == "postgresql" and database.pool is not None:
        database.close_pool()  # its connections were opened without
