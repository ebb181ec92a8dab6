"""Whether a connection leads to one PostgreSQL session, or to a pooler that lends it many.

Behind PgBouncer in transaction mode each transaction may run in another session: what a session
keeps, as prepared statements, settings and temporary tables are, is gone or somebody else's.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import RawCursor

from receipts.sql.distributed import HAS_CITUS, IS_DISTRIBUTED

logger = logging.getLogger("seenby.database")

#: The session's process, and how long it waits for a lock; only a session of our own is told to.
_EXAMINE = """
    SELECT pg_backend_pid(),
           CASE WHEN pg_backend_pid() = $1 AND $2 > 0
                THEN set_config('lock_timeout', CAST($2 AS text), false)
                ELSE current_setting('lock_timeout') END"""
#: All are true if rows are locked on nodes that do not know of a limit. The role's settings are
#: passed on to all nodes, a session's are not.
_NODES_WAIT = (
    HAS_CITUS,
    "SELECT to_regclass('chat_message') IS NOT NULL",
    IS_DISTRIBUTED,
    "SELECT reset_val = '0' FROM pg_settings WHERE name = 'lock_timeout'",
)
#: On a driver's connection: whether it leads to a pooler.
_POOLED = "seenby_is_pooled"

#: Of a server, in milliseconds; None in commands, which always wait.
_lock_timeout: int | None = None
#: Empty until this process has looked at the nodes.
_knows_nodes: list[bool] = []


class NeedsOwnSession(Exception):
    """The work needs a session of its own, and the connection leads to a pooler."""

    def __init__(self) -> None:
        super().__init__(
            "This needs a connection to PostgreSQL itself, and DATABASE_URL leads to a pooler"
            " (PgBouncer); run it with PostgreSQL's own address."
        )


def limit_waits(milliseconds: int | None) -> None:
    """From now on, new sessions end a statement that waits for a lock for longer; 0: no limit.

    For servers, so that a few requests for one locked row cannot occupy all threads: 503, ``busy``.
    """
    global _lock_timeout
    _lock_timeout = milliseconds


def examine(connection: Any, **_: Any) -> None:
    """Receives Django's signal of a new connection, and asks PostgreSQL once whose session it is.

    A connection of Django's own pool is announced at each request, and asked once, too. Before an
    answer it is not used: one that gives none is closed.
    """
    if connection.vendor != "postgresql" or hasattr(connection.connection, _POOLED):
        return
    driver = connection.connection
    try:
        with RawCursor(driver) as cursor:
            cursor.execute(_EXAMINE, [driver.info.backend_pid, _lock_timeout or 0], prepare=False)
            pid, lock_timeout = cursor.fetchone()  # type: ignore[misc]
            if _lock_timeout and not _knows_nodes:
                _look_at_nodes(cursor)
    except BaseException:
        driver.close()
        connection.close()
        raise
    is_pooled = pid != driver.info.backend_pid
    setattr(driver, _POOLED, is_pooled)
    if is_pooled:
        _behind_pooler(driver, has_limit=lock_timeout != "0")


def _behind_pooler(driver: Any, *, has_limit: bool) -> None:
    if settings.DB_PREPARE == "auto":
        driver.prepare_threshold = None
        if _lock_timeout is not None:
            _tell_once(
                logging.INFO,
                "The database is behind a pooler: statements are not prepared. If it keeps prepared"
                " statements, set DB_PREPARE=on.",
            )
    if _lock_timeout and not has_limit:
        _tell_once(
            logging.WARNING,
            "The database is behind a pooler, which cannot be told DB_LOCK_TIMEOUT_MS: requests"
            " wait for locked rows without limit. Let the pooler set lock_timeout"
            " (docs/pooler.md), or set DB_LOCK_TIMEOUT_MS=0.",
        )


def _look_at_nodes(cursor: RawCursor) -> None:
    """Warn, once in a process, if tables are distributed and the role has no limit of its own."""
    _knows_nodes.append(True)
    for question in _NODES_WAIT:
        (is_so,) = cursor.execute(question, prepare=False).fetchone()  # type: ignore[misc]
        if not is_so:
            return
    _tell_once(
        logging.WARNING,
        "The tables are distributed, and rows are locked on nodes that DB_LOCK_TIMEOUT_MS does not"
        " reach: requests wait for locked rows without limit. Give the service a role with"
        " lock_timeout (docs/scaling.md, step 9), or set DB_LOCK_TIMEOUT_MS=0.",
    )


@cache
def _tell_once(level: int, message: str) -> None:
    logger.log(level, message)


def require_own_session() -> None:
    """Raises ``NeedsOwnSession`` if this thread's connection leads to a pooler."""
    database: Any = connections[DEFAULT_DB_ALIAS]
    database.ensure_connection()
    if getattr(database.connection, _POOLED, False):
        raise NeedsOwnSession
