"""The temporary tables that a history goes through, and the few ways to work on them.

Each type of record has one, ``import_<type>``, with the number of the line it stood in. They
belong to this database session alone and end with the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, models, reset_queries

from receipts.sql.run import adapt, execute, fetch_rows
from receipts.upkeep.progress import followed

#: Of each type of record, the columns beside ``line``; those that end in ``_at`` are times.
COLUMNS = {
    "user": ("id", "display_name"),
    "conversation": ("id", "kind", "title"),
    "participant": ("conversation", "username", "joined_at", "left_at", "role"),
    "message": ("id", "conversation", "username", "sent_at", "body"),
    "receipt": ("message", "username", "delivered_at", "read_at"),
    "watermark": ("conversation", "username", "message", "delivered_at", "read_at"),
}
_DERIVED = ("joining", "stay", "sending", "position", "mark", "advance", "leaving")
_TABLES = tuple(f"import_{name}" for name in (*COLUMNS, *_DERIVED))


def insert(table: str, records: Sequence[tuple[Any, ...]]) -> None:
    """Write records, the fastest way that each database has."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for record in records:
                    copy.write_row(record)
        else:
            places = ", ".join(["%s"] * len(records[0]))
            adapted = [tuple(map(adapt, record)) for record in records]
            cursor.executemany(f"INSERT INTO {table} VALUES ({places})", adapted)


@contextmanager
def staging_tables() -> Iterator[None]:
    """Empty tables for the records, for as long as the block lasts."""
    types = {True: models.DateTimeField().db_type(connection), False: "text"}
    for table in _TABLES:
        _drop(table)
    for kind, names in COLUMNS.items():
        columns = ", ".join(f"{name} {types[name.endswith('_at')]}" for name in names)
        execute(f"CREATE TEMPORARY TABLE import_{kind} (line bigint PRIMARY KEY, {columns})")
    try:
        yield
    finally:
        for table in _TABLES:
            _drop(table)


def _drop(table: str) -> None:
    """Named with its schema, so that a table of somebody else's can never be meant."""
    schema = "pg_temp" if connection.vendor == "postgresql" else "temp"
    execute(f"DROP TABLE IF EXISTS {schema}.{table}")


def staged(kind: str) -> int:
    """How many records of a type are staged, and found good so far."""
    ((count,),) = fetch_rows(f"SELECT COUNT(*) FROM import_{kind}")
    return int(count)


def derive(table: str, select: str, params: Mapping[str, Any] | None = None, *, index: str) -> None:
    """Keep what a SELECT gives, for the steps to come."""
    _drop(table)
    execute(f"CREATE TEMPORARY TABLE {table} AS {select}", params)
    add_indexes(table, index)


def add_indexes(table: str, *indexes: str) -> None:
    """Let the steps to come find their rows, and the planner know how many there are."""
    for number, columns in enumerate(indexes):
        execute(f"CREATE INDEX {table}_{number} ON {table} ({columns})")
    execute(f"ANALYZE {table}")


def slices(table: str, what: str) -> Iterator[dict[str, int]]:
    """Go through a table slice by slice, each for a transaction of its own, as a parameter."""
    numbers = [
        number for (number,) in fetch_rows(f"SELECT DISTINCT slice FROM {table} ORDER BY slice")
    ]
    for number in followed(numbers, "batches", total=len(numbers), label=what):
        yield {"slice": number}
        reset_queries()  # with DEBUG on, Django keeps every statement
