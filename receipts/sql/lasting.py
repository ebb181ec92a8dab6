"""Connections that outlive a piece of work: what to do between two pieces, on any thread."""

from __future__ import annotations

import ctypes
import select
from time import monotonic
from typing import Any

from django.db import connections


class _Watched(ctypes.Structure):
    """C's ``struct pollfd``."""

    _fields_ = (("file", ctypes.c_int), ("wanted", ctypes.c_short), ("found", ctypes.c_short))


#: C's ``poll``, since Python's gives up the interpreter's lock: other threads take it meanwhile,
#: though this returns at once. With that of the request's id it was a tenth of the server's CPU.
_poll = ctypes.PyDLL(None).poll


def release_connection() -> None:
    """Call before work on a thread, and after what may be the last for a while."""
    close_if_ended()
    close_if_due()


def close_if_due() -> None:
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
    watched = _Watched(connection.fileno(), select.POLLIN)
    # Not select(), which is limited to the first 1,024 files.
    return bool(_poll(ctypes.byref(watched), 1, 0))
