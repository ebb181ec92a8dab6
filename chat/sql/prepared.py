"""Statements that PostgreSQL plans once for each connection, or each time for their values
(docs/decisions/0008).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import RawCursor

from chat.sql.directly import (
    can_prepare_directly,
    can_run_directly,
    forget_statements,
    may_driver_prepare,
    run_once,
    run_prepared,
)

#: A placeholder of Python's database interface: by name, by place, or a percent sign.
_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|s|%)")


def fetch_prepared(sql: str, params: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement whose best plan is the same for all values; on PostgreSQL a prepared
    statement, where the connection may prepare (``receipts.sql.pooler``).
    """
    return _fetch(_run_prepared, sql, params)


def fetch_planned(sql: str, params: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement that is planned each time, for these values.

    For the page of a list: its best plan depends on the page, and one for all pages took four times
    as long at the end of 100,000 recipients.
    """
    return _fetch(_run_planned, sql, params)


def end_prepared() -> None:
    """End what is prepared on this connection, where the names in it mean other tables now."""
    database: Any = connections[DEFAULT_DB_ALIAS]
    with database.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    forget_statements(database.connection)


def adapt(value: Any) -> Any:
    """A parameter as the database driver takes it: SQLite stores times as text in UTC."""
    if isinstance(value, datetime):
        return connections[DEFAULT_DB_ALIAS].ops.adapt_datetimefield_value(value)
    return value


def _fetch(run: Any, sql: str, params: Any) -> list[tuple[Any, ...]]:
    database: Any = connections[DEFAULT_DB_ALIAS]  # not through the proxy, for each attribute
    if database.vendor != "postgresql":
        with database.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall() if cursor.description else []
    execute: Any = partial(_execute, run)
    for wrapper in reversed(database.execute_wrappers):
        execute = partial(wrapper, execute)
    rows: list[tuple[Any, ...]] = execute(sql, params, False, {"connection": database})
    return rows


def _execute(run: Any, sql: str, params: Any, many: bool, context: Any) -> list[tuple[Any, ...]]:
    text, names = _numbered(sql)
    values = params if names is None else [params[name] for name in names]
    database = context["connection"]
    database.ensure_connection()
    database.validate_no_broken_transaction()
    with database.wrap_database_errors:
        rows: list[tuple[Any, ...]] = run(database.connection, text, values)
        return rows


def _run_prepared(connection: Any, text: bytes, values: Any) -> list[tuple[Any, ...]]:
    if can_prepare_directly(connection):
        rows = run_prepared(connection, text, values)
        if rows is not None:
            return rows
    return _by_cursor(connection, text, values, prepare=may_driver_prepare(connection))


def _run_planned(connection: Any, text: bytes, values: Any) -> list[tuple[Any, ...]]:
    if can_run_directly(connection):
        return run_once(connection, text, values)
    return _by_cursor(connection, text, values, prepare=False)


def _by_cursor(
    connection: Any, text: bytes, values: Any, *, prepare: bool
) -> list[tuple[Any, ...]]:
    """With the driver's own cursor: Django's would read the placeholders at each call."""
    with RawCursor(connection) as cursor:
        cursor.execute(text, values, prepare=prepare, binary=True)
        result = cursor.pgresult  # not ``description``, which makes an object of each column
        return cursor.fetchall() if result is not None and result.nfields else []


@lru_cache(maxsize=1_000)
def _numbered(sql: str) -> tuple[bytes, tuple[str, ...] | None]:
    """A statement with PostgreSQL's own placeholders, and the names of its parameters in order.

    None where they have no names.
    """
    names: dict[str, int] = {}
    places = 0

    def number(found: re.Match[str]) -> str:
        nonlocal places
        if found[0] == "%%":
            return "%"
        if (name := found[1]) is not None:
            return f"${names.setdefault(name, len(names) + 1)}"
        places += 1
        return f"${places}"

    text = _PLACEHOLDER.sub(number, sql)
    return text.encode(), None if places else tuple(names)
