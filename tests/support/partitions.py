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

from receipts.sql.catalog import constraints, key_statements, references

ON_PARTITIONS = os.environ.get("TEST_LEG") == "partitions"
TABLES = ("chat_message", "receipts_messagestatus")
PARTITIONS = 16

#: What the new table gets from the old one by itself: all but its keys and indexes.
_LIKE = "INCLUDING ALL EXCLUDING INDEXES EXCLUDING STATISTICS"
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

    keys, indexes = constraints([table], "uf"), found(_INDEXES)
    ((options,),) = found(_OPTIONS)
    assert not references([table]), f"a foreign key refers to {table} by its id alone"
    yield f"ALTER TABLE {table} RENAME TO {table}_whole"
    yield f"CREATE TABLE {table} (LIKE {table}_whole {_LIKE}) PARTITION BY HASH (conversation_id)"
    yield f"DROP TABLE {table}_whole"
    for number in range(PARTITIONS):
        yield (
            f"CREATE TABLE {table}_p{number} PARTITION OF {table}"
            f" FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number})"
            f" WITH ({options})"
        )
    yield from key_statements(table, "conversation_id")
    for key in keys:
        yield key.add()
    for (definition,) in indexes:
        yield definition
