"""Keys of tables, as PostgreSQL's catalog gives them, and keys that contain the conversation.

Where rows lie by conversation, on hash partitions or on several nodes, a key has to contain it.
Django goes on believing that ``id`` is the key: one sequence gives it, so it is unique.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from receipts.sql.run import fetch_rows


class Constraint(NamedTuple):
    """A constraint of a table: its name, and what follows the name where it is defined."""

    table: str
    name: str
    definition: str
    columns: tuple[str, ...]
    #: The table that a foreign key refers to; None for other keys.
    refers_to: str | None

    def drop(self) -> str:
        """The statement that removes it."""
        return f'ALTER TABLE {self.table} DROP CONSTRAINT "{self.name}"'

    def add(self) -> str:
        """The statement that adds it."""
        return f'ALTER TABLE {self.table} ADD CONSTRAINT "{self.name}" {self.definition}'


_CONSTRAINTS = """
    SELECT CAST(CAST(conrelid AS regclass) AS text), conname, pg_get_constraintdef(oid),
           ARRAY(SELECT CAST(attname AS text)
                   FROM unnest(conkey) WITH ORDINALITY AS key (number, place)
                   JOIN pg_attribute ON attrelid = conrelid AND attnum = key.number
                  ORDER BY place),
           CASE WHEN contype = 'f' THEN CAST(CAST(confrelid AS regclass) AS text) END
      FROM pg_constraint
     WHERE {of} = ANY(CAST(CAST(%(tables)s AS text[]) AS regclass[]))
       AND contype = ANY(CAST(%(types)s AS "char"[]))
       AND conparentid = 0
     ORDER BY CAST(CAST(conrelid AS regclass) AS text), conname"""


def constraints(tables: list[str], types: str) -> list[Constraint]:
    """The constraints of tables: ``p`` primary keys, ``u`` unique ones, ``f`` foreign keys."""
    return _found("conrelid", tables, types)


def references(tables: list[str]) -> list[Constraint]:
    """The foreign keys of any table that refer to these tables."""
    return _found("confrelid", tables, "f")


def _found(of: str, tables: list[str], types: str) -> list[Constraint]:
    rows = fetch_rows(_CONSTRAINTS.format(of=of), {"tables": tables, "types": list(types)})
    return [
        Constraint(table, name, definition, tuple(columns), refers_to)
        for table, name, definition, columns, refers_to in rows
    ]


_IDENTITIES = """
    SELECT CAST(CAST(attrelid AS regclass) AS text), CAST(attname AS text) FROM pg_attribute
     WHERE attidentity <> '' AND attrelid IN (
           SELECT oid FROM pg_class WHERE relnamespace = CAST(current_schema() AS regnamespace)
              AND relname = ANY(CAST(%(tables)s AS text[])))
     ORDER BY 1"""


def sequence_statements(tables: list[str]) -> Iterator[str]:
    """Let the sequence of each table's identity go on after its highest value."""
    for table, column in fetch_rows(_IDENTITIES, {"tables": tables}):
        yield (
            f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'),"
            f" COALESCE(MAX({column}), 1), MAX({column}) IS NOT NULL) FROM {table}"
        )


def key_statements(table: str, conversation: str, key: str = "id") -> Iterator[str]:
    """Give a table without a primary key one that contains its conversation.

    Addresses may name a message, and the admin a row, by the old ``key`` alone.
    """
    yield f"ALTER TABLE {table} ADD PRIMARY KEY ({conversation}, {key})"
    yield f"CREATE INDEX ON {table} ({key})"
