"""The database connections of a server: how they end, and how long they wait for a locked row."""

from __future__ import annotations

import select
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.cache import close_caches
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections, reset_queries


def settle_connections() -> None:
    """Call once in a server, after loading. Commands do not: an import may wait for a long time."""
    _limit_waits()
    request_started.connect(_close_if_ended)


def check_once_a_request() -> None:
    """Call in a server process when it starts: check the one connection with little effort.

    Django's own receivers look for all databases and caches, twice a request. There is one
    database, the caches have nothing to close, and only DEBUG logs queries.
    """
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    request_finished.disconnect(close_caches)
    if not settings.DEBUG:
        request_started.disconnect(reset_queries)
    for signal in request_started, request_finished:
        signal.connect(_close_if_due)


def release_connection() -> None:
    """Call before and after work on a thread that is no request."""
    _close_if_ended()
    _close_if_due()


def _close_if_due(**_: Any) -> None:
    """Close this thread's connection if it is too old or has failed."""
    database: Any = connections["default"]
    if database.connection is None:
        return
    is_old = database.close_at is not None and monotonic() >= database.close_at
    if is_old or database.errors_occurred or not database.autocommit:
        database.close_if_unusable_or_obsolete()


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
    """From now on, PostgreSQL ends a statement that waits for a lock too long: 503, ``busy``.

    So a few requests for one locked row cannot occupy all threads.
    """
    database: Any = connections["default"]
    if database.vendor != "postgresql" or not settings.DB_LOCK_TIMEOUT_MS:
        return
    options = database.settings_dict["OPTIONS"]
    timeout = f"-c lock_timeout={settings.DB_LOCK_TIMEOUT_MS}"
    options["options"] = f"{options.get('options', '')} {timeout}".strip()
    if database.pool is not None:
        database.close_pool()  # its connections were opened without
