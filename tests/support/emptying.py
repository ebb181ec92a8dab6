"""Emptying the database after a test with transactions of its own, on PostgreSQL.

Django truncates all tables, which creates a new file for each of them and for each of their
indexes. Most tests write a few rows into a few tables: deleting them takes a fraction of that.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations

from receipts.sql.distributed import is_distributed

#: Bytes from which on a table is truncated, so that no later test reads through its dead rows.
LARGE = 512 * 1024

#: A partitioned table is as large as its partitions.
_SIZES = """
    SELECT relname, COALESCE((SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree(oid)),
                             pg_relation_size(oid))
      FROM pg_class
     WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace"""

_PLACED = "SELECT CAST(logicalrelid AS text) FROM pg_dist_partition"


def _emptying(
    self: DatabaseOperations, style: Any, tables: Any, *, reset_sequences: bool = False, **_: Any
) -> list[str]:
    """The statements that Django runs in one transaction; all foreign keys are deferred."""
    with connection.cursor() as cursor:
        cursor.execute(_SIZES)
        sizes = dict(cursor.fetchall())
        placed = set()
        if is_distributed():
            cursor.execute(_PLACED)
            placed = {table for (table,) in cursor.fetchall()}
    # What Citus has placed somewhere has no size here.
    used = [table for table in tables if sizes[table] or table in placed]
    large = [self.quote_name(table) for table in used if sizes[table] > LARGE]
    deleted = [f"DELETE FROM {self.quote_name(table)}" for table in used if sizes[table] <= LARGE]
    return deleted + ([f"TRUNCATE {', '.join(large)} CASCADE"] if large else [])


@pytest.fixture(autouse=True, scope="session")
def quick_emptying() -> Any:
    """For the whole run."""
    patched = pytest.MonkeyPatch()
    patched.setattr(DatabaseOperations, "sql_flush", _emptying)
    yield
    patched.undo()
