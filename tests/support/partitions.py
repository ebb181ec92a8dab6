"""Messages and status rows on hash partitions, by conversation: the leg ``partitions``.

The tables are those of the migrations, changed in the database alone: its primary keys contain the
conversation, while Django goes on believing that it is ``id``, which one sequence still gives.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

ON_PARTITIONS = os.environ.get("TEST_LEG") == "partitions"
TABLES = ("chat_message", "receipts_messagestatus")
PARTITIONS = 16

#: What the new table gets from the old one by itself: all but its keys and indexes.
_LIKE = "INCLUDING ALL EXCLUDING INDEXES EXCLUDING STATISTICS"
_UNIQUE_AND_FOREIGN_KEYS = """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
     WHERE conrelid = %s::regclass AND contype IN ('u', 'f') ORDER BY conname"""
_REFERENCES = "SELECT count(*) FROM pg_constraint WHERE confrelid = %s::regclass AND contype = 'f'"
_INDEXES = """
    SELECT pg_get_indexdef(indexrelid) FROM pg_index
     WHERE indrelid = %s::regclass AND NOT EXISTS (
           SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
     ORDER BY indexrelid"""
_OPTIONS = "SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = %s::regclass"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The database of the migrations, partitioned on the leg of that name."""
    if ON_PARTITIONS:
        with django_db_blocker.unblock():
            for table in TABLES:
                partition(table)


def partition(table: str) -> None:
    """Replace an empty table by one of the same name with ``PARTITIONS`` hash partitions."""
    with connection.cursor() as cursor:
        for statement in _statements(cursor, table):
            cursor.execute(statement)


def _statements(cursor: Any, table: str) -> Iterator[str]:
    def found(query: str) -> list[Any]:
        cursor.execute(query, [table])
        return cursor.fetchall()  # type: ignore[no-any-return]

    keys, indexes = found(_UNIQUE_AND_FOREIGN_KEYS), found(_INDEXES)
    ((options,),) = found(_OPTIONS)
    assert found(_REFERENCES) == [(0,)], f"a foreign key refers to {table} by its id alone"
    yield f"ALTER TABLE {table} RENAME TO {table}_whole"
    yield f"CREATE TABLE {table} (LIKE {table}_whole {_LIKE}) PARTITION BY HASH (conversation_id)"
    yield f"DROP TABLE {table}_whole"
    for number in range(PARTITIONS):
        yield (
            f"CREATE TABLE {table}_p{number} PARTITION OF {table}"
            f" FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number})"
            f" WITH ({options})"
        )
    yield f"ALTER TABLE {table} ADD PRIMARY KEY (conversation_id, id)"
    # Addresses may name a message, and the admin a row, alone.
    yield f"CREATE INDEX ON {table} (id)"
    for name, definition in keys:
        yield f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}'
    for (definition,) in indexes:
        yield definition
