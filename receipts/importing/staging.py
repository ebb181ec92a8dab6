"""The temporary tables of an import, and the few operations on them.

Each type of record has one, ``import_<type>``, with the line number of each record. They are
visible to this database session only and are dropped at the end of the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, connection, models, reset_queries
from django.db.models.expressions import RawSQL

from chat.sql.prepared import adapt
from receipts.sql.pooler import require_own_session
from receipts.sql.run import execute, fetch_rows, lock_in_order
from receipts.upkeep.progress import followed

#: The columns of each type of record besides ``line``; those that end in ``_at`` are times, and
#: those of ``_FLAGS`` true, false or null.
RECORD_COLUMNS = {
    "user": ("id", "display_name"),
    "conversation": ("id", "kind", "title"),
    "participant": ("conversation", "username", "joined_at", "left_at", "role"),
    "message": (
        "id", "conversation", "username", "sent_at", "body", "edited_at", "deleted_at", "kind",
        "activity", "thread",
    ),
    "receipt": (
        "message", "username", "delivered_at", "read_at", "private", "content", "failed_at",
        "reason",
    ),
    "watermark": ("conversation", "username", "message", "delivered_at", "read_at", "private"),
    "seen": ("conversation", "username", "message"),
}  # fmt: skip
_FLAGS = {"private", "activity"}
_DERIVED = (
    "joining", "touched", "given", "stay", "changed", "missing", "surplus", "sending", "revision",
    "told", "note", "new_position", "place", "position", "mark", "hidden", "advance",
    "settling", "leaving", "returning", "held", "pairing", "thread", "reply",
)  # fmt: skip
_TABLES = tuple(f"import_{name}" for name in (*RECORD_COLUMNS, *_DERIVED))


def insert(table: str, records: Sequence[tuple[Any, ...]]) -> None:
    """Insert records in the fastest way that each database has.

    ``table`` may name the columns, too: ``"table (column, …)"``.
    """
    if not records:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Django translates the errors of its own cursors only.
            with connection.wrap_database_errors, cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for record in records:
                    copy.write_row(record)
        else:
            places = ", ".join(["%s"] * len(records[0]))
            adapted = [tuple(map(adapt, record)) for record in records]
            cursor.executemany(f"INSERT INTO {table} VALUES ({places})", adapted)


@contextmanager
def staging_tables() -> Iterator[None]:
    """Create empty tables for the records, and drop them at the end of the block.

    Raises ``NeedsOwnSession``.
    """
    require_own_session()
    time, flag = (
        kind().db_type(connection) for kind in (models.DateTimeField, models.BooleanField)
    )
    _drop_all()
    for kind, names in RECORD_COLUMNS.items():
        types = {name: time if name.endswith("_at") else "text" for name in names}
        types |= dict.fromkeys(_FLAGS.intersection(names), flag)
        columns = ", ".join(f"{name} {type_}" for name, type_ in types.items())
        execute(f"CREATE TEMPORARY TABLE import_{kind} (line bigint PRIMARY KEY, {columns})")
    try:
        yield
    finally:
        _drop_all()


def _drop_all() -> None:
    """Where that is impossible, as while a statement runs, the tables go with the session."""
    try:
        for table in _TABLES:
            _drop(table)
    except DatabaseError:
        connection.close()


def _drop(table: str) -> None:
    """Qualified with the temporary schema, so that no other table can be dropped."""
    schema = "pg_temp" if connection.vendor == "postgresql" else "temp"
    execute(f"DROP TABLE IF EXISTS {schema}.{table}")


def staged(kind: str) -> int:
    """How many records of a type are staged and have been valid so far."""
    ((count,),) = fetch_rows(f"SELECT COUNT(*) FROM import_{kind}")
    return int(count)


def derive(table: str, select: str, params: Mapping[str, Any] | None = None, *, index: str) -> None:
    """Store the result of a SELECT in a temporary table, for the later steps."""
    _drop(table)
    execute(f"CREATE TEMPORARY TABLE {table} AS {select}", params)
    add_indexes(table, index)


def add_indexes(table: str, *indexes: str) -> None:
    """Index a table for the later steps, and refresh its planner statistics."""
    for number, columns in enumerate(indexes):
        execute(f"CREATE INDEX {table}_{number} ON {table} ({columns})")
    execute(f"ANALYZE {table}")


def lock_selected(model: type[models.Model], select: str, part: Mapping[str, int]) -> list[int]:
    """Lock the rows whose ids ``select`` gives for one slice, in their order (rule 22)."""
    given = RawSQL(select.replace("%(slice)s", "%s"), [part["slice"]])  # noqa: S611 - our own SQL
    return lock_in_order(model._default_manager.filter(pk__in=given))


def slices(table: str, what: str) -> Iterator[dict[str, int]]:
    """The slices of a table, as query parameters, each for a transaction of its own."""
    numbers = [
        number for (number,) in fetch_rows(f"SELECT DISTINCT slice FROM {table} ORDER BY slice")
    ]
    for number in followed(numbers, "batches", total=len(numbers), label=what):
        yield {"slice": number}
        reset_queries()  # with DEBUG on, Django stores every statement
