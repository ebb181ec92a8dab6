"""Database errors that the code did not cause: unavailable, full, or busy with locks.

Every API answers them with 503 and ``Retry-After``, and logs one line each. Errors of our own,
such as invalid SQL or a violated constraint, stay errors with a traceback.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import Any

from django.db import InterfaceError, InternalError, OperationalError
from rest_framework.exceptions import APIException

logger = logging.getLogger("seenby.database")

#: Another transaction was in the way: serialization failure, deadlock, lock timeout, a statement
#: that was cancelled. The same request may succeed at once.
_BUSY_SQLSTATES = frozenset({"40001", "40P01", "55P03", "57014"})
_BUSY_SQLITE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
#: A write on a server that has become a standby.
_READ_ONLY = "25006"
#: Too many parameters, or a statement too complex: Python's driver calls these operational too.
_LIMITS = "54"
_TOO_MANY_PARAMETERS = "number of parameters"


class Unavailable(APIException):
    """The database is unavailable; try again later."""

    status_code = 503
    default_code = "unavailable"
    default_detail = "The database is not available; try again in a moment."
    #: Seconds, for ``Retry-After``.
    wait = 5


class Busy(Unavailable):
    """Other transactions hold the locks that the request needs; try again at once."""

    default_code = "busy"
    default_detail = "Other requests have locked the same rows; try again in a moment."
    wait = 1


class Overloaded(Unavailable):
    """Too many requests are waiting in this process; try again at once."""

    default_code = "overloaded"
    default_detail = "Too many requests are waiting."
    wait = 1


def outage(error: BaseException | None) -> Unavailable | None:
    """The response to a database error that the code did not cause; None for any other."""
    if not isinstance(error, OperationalError | InterfaceError | InternalError):
        return None
    cause: Any = error.__cause__
    sqlstate = getattr(cause, "sqlstate", None) or ""
    # The low byte is the error's kind.
    sqlite = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if isinstance(error, InternalError):
        return Unavailable() if sqlstate == _READ_ONLY else None
    if sqlite == sqlite3.SQLITE_ERROR or sqlstate.startswith(_LIMITS):
        return None
    if _TOO_MANY_PARAMETERS in str(error):
        return None
    return Busy() if sqlstate in _BUSY_SQLSTATES or sqlite in _BUSY_SQLITE else Unavailable()


def log(answer: Unavailable, error: BaseException | None) -> None:
    """Log one line, without a traceback: an outage causes thousands."""
    reason = (str(error).splitlines() or [""])[0][:200]
    logger.warning("The database is %s: %s", answer.default_code, reason)


class WithoutOutages(logging.Filter):
    """Reduces what Django logs of a request that failed in an outage to one line.

    Django's second line, for the status of the response, is dropped: it adds nothing.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if (answer := outage(error)) is not None:
            log(answer, error)
            return False
        return bool(error) or getattr(record, "status_code", None) != Unavailable.status_code
