"""Errors of the database that are no fault of the code: it is away, full, or busy with others.

Every door answers them with 503 and ``Retry-After``, and logs one line each. What stays an error
of ours, with its traceback: a statement that the database does not understand, and data that a
constraint refuses.
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
    """The database does not answer; try again later."""

    status_code = 503
    default_code = "unavailable"
    default_detail = "The database is not available; try again in a moment."
    #: Seconds, for ``Retry-After``.
    wait = 5


class Busy(Unavailable):
    """Others hold what the request needs; try again at once."""

    default_code = "busy"
    default_detail = "What this request needs is in use by others; try again in a moment."
    wait = 1


def outage(error: BaseException | None) -> Unavailable | None:
    """The answer to an error of the database that is no fault of the code; None for any other."""
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
    """One line, without a traceback: under a crash there are thousands."""
    reason = (str(error).splitlines() or [""])[0][:200]
    logger.warning("The database is %s: %s", answer.default_code, reason)


class WithoutOutages(logging.Filter):
    """Of Django's own log of failed requests, what is an outage becomes one line.

    Its second line, for the status of an answer of ours, says nothing new.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if (answer := outage(error)) is not None:
            log(answer, error)
            return False
        return bool(error) or getattr(record, "status_code", None) != Unavailable.status_code
