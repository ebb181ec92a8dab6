"""The lookup ``among``: a column is one of any number of ids, which are one parameter.

Django's own ``in`` has a placeholder for each id, so its SQL differs with their number, and cannot
be compiled once (``compiled``).
"""

from __future__ import annotations

from typing import Any

from django.db.models import Lookup


class Among(Lookup):
    """``pk__among=ids``, with the ids as ``receipts.sql.run.id_list`` passes them."""

    lookup_name = "among"
    prepare_rhs = False

    def get_db_prep_lookup(self, value: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (value,)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        ids, values = self.process_rhs(compiler, connection)
        is_among = _IS_AMONG[connection.vendor].format(column=column, ids=ids)
        return is_among, (*params, *values)


_IS_AMONG = {
    "postgresql": "{column} = ANY(CAST({ids} AS bigint[]))",
    "sqlite": "{column} IN (SELECT value FROM json_each({ids}))",
}
