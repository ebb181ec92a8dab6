"""What PostgreSQL reads for each statement of a block, by EXPLAIN ANALYZE."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction


@dataclass
class Plan:
    """A statement and its plan, as it ran."""

    sql: str
    root: dict[str, Any]

    @property
    def blocks(self) -> int:
        """How many blocks of tables and indexes were read, found in memory or not."""
        return int(self.root["Shared Hit Blocks"] + self.root["Shared Read Blocks"])

    @property
    def nodes(self) -> Iterator[dict[str, Any]]:
        """All steps of the plan."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += node.get("Plans", [])

    def rows_of(self, table: str) -> int:
        """How many rows of a table were looked at, those that a filter removed included."""
        return sum(
            round((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * loops)
            for node in self.nodes
            if node.get("Relation Name") == table
            and node["Node Type"] != "ModifyTable"
            and (loops := node["Actual Loops"])
        )

    def scans_of(self, table: str) -> set[str]:
        """How a table was read: "Seq Scan", "Index Scan", …"""
        return {
            node["Node Type"]
            for node in self.nodes
            if node.get("Relation Name") == table and node["Node Type"] != "ModifyTable"
        }


@dataclass
class Plans:
    """Explains each statement of a block that names a table, and then lets it run."""

    table: str
    found: list[Plan] = field(default_factory=list)

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if self.table in sql:
            self.found.append(Plan(sql, self._explained(execute, sql, params, many, context)))
        return execute(sql, params, many, context)

    def _explained(self, execute: Any, sql: str, *call: Any) -> Any:
        """The plan of a statement that ran, and was undone."""
        with connection.cursor() as cursor:
            cursor.cursor.execute("SAVEPOINT explained")
        rows = execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", *call)
        if not isinstance(rows, list):  # a prepared statement returns them, others leave them
            rows = call[-1]["cursor"].fetchall()
        ((explained,),) = rows
        with connection.cursor() as cursor:
            cursor.cursor.execute("ROLLBACK TO SAVEPOINT explained")
        return explained[0]["Plan"]


def plans_of(work: Callable[[], Any], table: str) -> list[Plan]:
    """The plans of the statements of a call that name a table."""
    plans = Plans(table)
    with transaction.atomic(), connection.execute_wrapper(plans):
        work()
    return plans.found


def analyze(*tables: str) -> None:
    """Bring the planner's statistics up to date."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(tables)}")
