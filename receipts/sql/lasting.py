"""Connections that outlive a piece of work: what to do between two pieces, on any thread."""

from __future__ import annotations

import select
from time import monotonic
from typing import Any

from django.db import connections


def release_connection() -> None:
    """Call before and after work on a thread that is no request."""
    close_if_ended()
    close_if_due()


def close_if_due(**_: Any) -> None:
    """Close this thread's connection if it is too old or has failed."""
    database: Any = connections["default"]
    if database.connection is None:
        return
    is_old = database.close_at is not None and monotonic() >= database.close_at
    if is_old or database.errors_occurred or not database.autocommit:
        database.close_if_unusable_or_obsolete()


def close_if_ended(**_: Any) -> None:
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
