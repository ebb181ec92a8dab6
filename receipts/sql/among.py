"""The lookup ``among``: a column is one of any number of ids, which are one parameter.

Django's own ``in`` has a placeholder for each id, so its SQL differs with their number, and cannot
be compiled once (``chat.sql.compiled``).
"""

from __future__ import annotations

from typing import Any

from django.db.models import Lookup

_IS_AMONG = {
    "postgresql": "{column} = ANY(CAST({ids} AS bigint[]))",
    "sqlite": "{column} IN (SELECT value FROM json_each({ids}))",
}


def is_among_sql(column: str, ids: str, vendor: str) -> str:
    """SQL condition: ``column`` is one of ``ids``, SQL of a parameter from ``run.id_list``."""
    return _IS_AMONG[vendor].format(column=column, ids=ids)


class Among(Lookup):
    """``pk__among=ids``, with the ids as ``receipts.sql.run.id_list`` passes them."""

    lookup_name = "among"
    prepare_rhs = False

    def get_db_prep_lookup(self, value: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (value,)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        ids, values = self.process_rhs(compiler, connection)
        return is_among_sql(column, ids, connection.vendor), (*params, *values)
