"""Whether the tables lie on several nodes: Citus, after ``manage.py distribute``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection

#: Empty, or the answer. A process asks once, so it restarts after ``distribute``.
_found: list[bool] = []

#: SQL questions; the second one fails without the extension, or before the migrations.
HAS_CITUS = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')"
IS_DISTRIBUTED = """
    SELECT EXISTS (SELECT FROM pg_dist_partition
                    WHERE logicalrelid = CAST('chat_message' AS regclass) AND partmethod = 'h')"""
_AT_COORDINATOR = "SELECT groupid = 0 FROM pg_dist_local_group"

#: Whether this connection has local tables of the same names.
_on_one_node = ContextVar("_on_one_node", default=False)


def is_distributed() -> bool:
    """Whether messages, their rows and their events are distributed by conversation."""
    return is_cluster() and not _on_one_node.get()


def is_cluster() -> bool:
    """Whether the service's tables are distributed, also where temporary ones take their place."""
    if not _found:
        is_postgresql = connection.vendor == "postgresql"
        _found.append(bool(is_postgresql and _answer(HAS_CITUS) and _answer(IS_DISTRIBUTED)))
    return _found[0]


def is_at_worker() -> bool:
    """Whether the tables are distributed and this connection leads to a worker."""
    return is_distributed() and not _answer(_AT_COORDINATOR)


@contextmanager
def on_one_node() -> Iterator[None]:
    """A block in which temporary tables take the place of the distributed ones."""
    token = _on_one_node.set(True)
    try:
        yield
    finally:
        _on_one_node.reset(token)


def forget_what_was_found() -> None:
    """Look again when it is asked for next: this process has distributed the tables."""
    _found.clear()


def _answer(sql: str) -> Any:
    """The value of a SELECT. The driver's own cursor: it is no statement of any request."""
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        return cursor.execute(sql).fetchone()[0]
