"""Checks on a thread of its own whether the database can be read and written.

Requests that occupy all threads or all pooled connections do not block it: it has one thread and
one connection for itself. A result is cached for some seconds, so that many probes are one check.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from django.db import Error, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

logger = logging.getLogger("seenby.request")

#: Seconds for which a result is cached.
KEPT = 3.0
#: Seconds in which the database has to answer.
CHECK_TIMEOUT = 5.0
#: PostgreSQL's ``statement_timeout``, in milliseconds.
STATEMENT_MS = 3_000

NO_DATABASE, NOT_MIGRATED, NOT_WRITABLE = "no database", "not migrated", "not writable"

_migrated = False


def trouble(connection: Any) -> str:
    """Why the service cannot do its work; empty if it can."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _is_migrated(connection):
            return NOT_MIGRATED
    except Error:
        return NO_DATABASE
    try:
        return "" if _can_write(connection) else NOT_WRITABLE
    except Error:
        return NOT_WRITABLE


def _is_migrated(connection: BaseDatabaseWrapper) -> bool:
    """Whether all migrations are applied; checked until they are, since none is undone later."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


def _can_write(connection: BaseDatabaseWrapper) -> bool:
    """Whether a file of the database can grow; the space is freed again."""
    if connection.vendor == "sqlite":
        return _can_write_sqlite(connection)
    # One transaction, since behind a pooler the next one may not see the temporary table.
    with transaction.atomic(connection.alias), connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('transaction_read_only') = 'off',"
            " has_database_privilege(current_database(), 'TEMPORARY')"
        )
        writable, may_make_tables = cursor.fetchone()
        if writable and may_make_tables:
            # Rows of a temporary table are in a file on the database's own disk. They are removed
            # at the end of the transaction; the table is kept for the next check.
            cursor.execute(
                "CREATE TEMPORARY TABLE IF NOT EXISTS seenby_readiness (filler text)"
                " ON COMMIT DELETE ROWS"
            )
            cursor.execute(
                "INSERT INTO seenby_readiness SELECT repeat('x', 1900) FROM generate_series(1, 32)"
            )
    return bool(writable)


def _can_write_sqlite(connection: BaseDatabaseWrapper) -> bool:
    """Rewrite the unused ``user_version`` unchanged, which writes a page of the WAL."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA user_version")
        [version] = cursor.fetchone()
        try:
            cursor.execute(f"PRAGMA user_version = {int(version)}")
        except OperationalError as error:
            return "locked" in str(error)  # another writer is active, so it is writable
    return True


class Readiness:
    """The cached result for the probes of one process. Used in the event loop."""

    def __init__(self, ask: Callable[[], str]) -> None:
        self.ask = ask
        self.thread = ThreadPoolExecutor(1, "readiness")
        self.asked: asyncio.Future[str] | None = None
        self.began = self.known_until = 0.0
        self.known = ""

    async def __call__(self) -> str:
        """Why the service cannot do its work, at most some seconds old; empty if it can."""
        now = time.monotonic()
        if now < self.known_until:
            return self.known
        if self.asked is None or self.asked.done():
            self.began = now
            self.asked = asyncio.get_running_loop().run_in_executor(self.thread, self.ask)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(self.began + CHECK_TIMEOUT - now, 0)):
                self.known = await asyncio.shield(self.asked)
                self.known_until = time.monotonic() + KEPT
                return self.known
        return NO_DATABASE


def ask_own_connection() -> Callable[[], str]:
    """A check over one connection outside any pool, which is replaced when it failed or is old."""
    kept: list[BaseDatabaseWrapper] = []

    def ask() -> str:
        if not kept:
            kept.append(_own_connection())
            connections["default"] = kept[0]  # of this thread: migrations are read through it
        found = NO_DATABASE
        try:
            with _limited(kept[0]):
                found = trouble(kept[0])
        except Error:
            found = found or NO_DATABASE  # it is lost meanwhile
        except Exception:
            logger.exception("The database could not be asked.")
        with suppress(Error):
            kept[0].close() if found else kept[0].close_if_unusable_or_obsolete()
        if kept[0].connection is None:
            kept.clear()
        return found

    return ask


@contextmanager
def _limited(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """PostgreSQL ends statements that take too long; said in a transaction, as poolers allow."""
    if connection.vendor == "sqlite":
        yield
        return
    with transaction.atomic(connection.alias):
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {STATEMENT_MS}")
        yield


def _own_connection() -> BaseDatabaseWrapper:
    connection = connections.create_connection("default")
    connection.settings_dict = copy.deepcopy(connection.settings_dict)
    options = connection.settings_dict["OPTIONS"]
    if connection.vendor == "sqlite":
        options["timeout"] = 1
    else:
        if options.pop("pool", None):
            connection.settings_dict["CONN_MAX_AGE"] = 60
        options["connect_timeout"] = 3
    return connection
