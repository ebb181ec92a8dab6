"""Emptying the database after a test with transactions of its own.

On PostgreSQL Django truncates all tables, which creates a new file for each of them and for each of
their indexes. Most tests write a few rows into a few tables: deleting them takes a fraction. On
both, Django deletes the names of models and permissions as well, and writes them again, which takes
ten times as long as all the rest: they stay. The group that a migration makes is made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management.commands import flush
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.backends.sqlite3.base import DatabaseWrapper as SQLite

from receipts.sql.distributed import is_distributed
from tests.support.cast import moderators

#: Bytes from which on a table is truncated, so that no later test reads through its dead rows.
LARGE = 512 * 1024

#: Written by migrations alone.
KEPT = {"django_content_type", "auth_permission"}

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


def _without_kept(empty: Callable[..., list[str]]) -> Callable[..., list[str]]:
    """Statements that empty tables, but not those that are kept."""

    def emptying(self: Any, style: Any, tables: Any, **how: Any) -> list[str]:
        return empty(self, style, [table for table in tables if table not in KEPT], **how)

    return emptying


@pytest.fixture(autouse=True, scope="session")
def quick_emptying() -> Iterator[None]:
    """For the whole run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", _without_kept(_emptying))
        patch.setattr(SQLite.ops_class, "sql_flush", _without_kept(SQLite.ops_class.sql_flush))
        patch.setattr(flush, "emit_post_migrate_signal", lambda *args, **options: moderators())
        yield
