"""Statements that PostgreSQL plans once for each connection (docs/decisions/0008)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connection


def execute_prepared(cursor: Any, sql: str, params: Any) -> None:
    """Run one of the few statements of every mark, on PostgreSQL as a prepared statement.

    Only those: a list's page is planned each time, since its best plan depends on the page, and
    a generic plan took four times as long at the end of 100,000 recipients.
    """
    if connection.vendor != "postgresql" or not settings.DB_PREPARE:
        cursor.execute(sql, params)
        return

    def run(sql: str, params: Any, *_: Any) -> Any:
        connection.validate_no_broken_transaction()
        with connection.wrap_database_errors:
            return cursor.cursor.execute(sql, params, prepare=True)

    # What cursor.execute() does, wrappers included, but with prepare=True.
    cursor._execute_with_wrappers(sql, params, many=False, executor=run)
