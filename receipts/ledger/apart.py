"""The events of a change as a statement of their own, for Citus.

Citus runs a statement whole on the node of its rows only if no CTE of it inserts. So the statement
that changes rows answers the events, too, with the node and the transaction that wrote the rows.
A second statement of the same transaction inserts them (docs/decisions/0029).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from django.db import transaction

from chat.sql.prepared import fetch_prepared
from receipts.ledger.announcing import WRITTEN_COLUMNS
from receipts.ledger.receipt_events import events_of_changed
from receipts.sql.distributed import is_distributed


def fetch_changed(
    statement: str, params: Mapping[str, object], *, quiet: bool = False
) -> list[tuple[Any, ...]]:
    """Run a statement of ``stamp.one_statement``, and return the rows of its answer.

    Unless it is ``quiet``, its events are inserted: on Citus here, from the first column of its
    first row, otherwise by the statement itself.
    """
    if quiet or not is_distributed():
        return fetch_prepared(statement, params)
    with transaction.atomic():
        rows = fetch_prepared(statement, params)
        if rows and rows[0][0]:
            _insert(orjson.loads(rows[0][0]))
    return [row[1:] for row in rows]


def with_events(answer: str, changed: str, columns: Iterable[str], *, of_one: bool) -> str:
    """SELECT: ``answer``, with the events as one JSON array in a first column of its first row.

    NULL where there are none.
    """
    events = f"""
        SELECT CAST(jsonb_agg(to_jsonb(told)) AS text)
          FROM ({events_of_changed(changed, columns, of_one=of_one)}) AS told ({WRITTEN_COLUMNS})"""
    first_row = f"CASE WHEN ROW_NUMBER() OVER () = 1 THEN ({events}) END AS events"
    return f"SELECT {first_row}, {answer.removeprefix('SELECT ')}"


def _insert(events: Sequence[Mapping[str, Any]]) -> None:
    names = [name.strip() for name in WRITTEN_COLUMNS.split(",")]
    row = f"({', '.join(['%s'] * len(names))})"
    sql = f"""
        INSERT INTO receipts_receiptevent ({WRITTEN_COLUMNS})
        VALUES {", ".join([row] * len(events))}"""
    values = [
        orjson.dumps(event[name]).decode() if name == "messages" else event[name]
        for event in events
        for name in names
    ]
    fetch_prepared(sql, values)
