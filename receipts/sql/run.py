"""Runs statements with named parameters, passes lists of ids, and locks rows in one order.

For statements that are planned each time; what every mark runs goes through
``chat.sql.prepared``.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from chat.models import Conversation
from chat.sql.prepared import adapt
from receipts.sql.among import is_among_sql
from receipts.sql.distributed import is_distributed


def as_time(value: datetime | str | None) -> datetime | None:
    """A time in UTC. SQLite keeps it so, and gives it back without a zone, as text or as a time."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
        value = value.astimezone(UTC) if value.tzinfo else value
    return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


def adapt_all(params: Mapping[str, object] | None) -> dict[str, Any]:
    """Named parameters, each adapted."""
    return {name: adapt(value) for name, value in (params or {}).items()}


def execute(sql: str, params: Mapping[str, object] | None = None) -> int:
    """Run one statement; return how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, adapt_all(params))
        touched: int = cursor.rowcount
        return touched


def fetch_rows(sql: str, params: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
    """Run one statement; return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, adapt_all(params))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def by_code_point(text: str) -> str:
    """SQL: a text that is compared the same way by every database."""
    return f'{text} COLLATE "C"' if connection.vendor == "postgresql" else text


def among_ids(column: str) -> str:
    """SQL condition: ``column`` is in the parameter ``ids``, a list from ``id_list``."""
    return is_among_sql(column, "%(ids)s", connection.vendor)


def id_list(ids: Collection[int]) -> Any:
    """Any number of ids as one parameter: an array, or JSON text on SQLite."""
    return list(ids) if connection.vendor == "postgresql" else json.dumps(list(ids))


def lock_in_order(rows: QuerySet[Any]) -> list[int]:
    """Lock rows to the end of the transaction, by ascending id (rule 22); return their ids."""
    return [pk for (pk,) in lock_values(rows, "pk")]


def lock_values(rows: QuerySet[Any], *columns: str) -> list[tuple[Any, ...]]:
    """``lock_in_order``; return these columns of each row.

    NO KEY: the lock does not wait for, nor hold up, foreign key checks of inserts. Where rows are
    distributed, a statement can lock those of one conversation: then they are locked conversation
    by conversation, and within each by ascending id.
    """
    locked = rows.order_by("pk").select_for_update(no_key=True, of=("self",))
    conversation = _conversation_of(rows)
    if conversation is None:
        return list(locked.values_list(*columns))
    named = rows.order_by(conversation).values_list(conversation, flat=True).distinct()
    return [
        row
        for each in list(named)
        for row in locked.filter(**{conversation: each}).values_list(*columns)
    ]


def _conversation_of(rows: QuerySet[Any]) -> str | None:
    """The column by which the rows are distributed; None if they lie in one place."""
    if not is_distributed():
        return None
    if rows.model is Conversation:
        return "id"
    return next((f.attname for f in rows.model._meta.fields if f.name == "conversation"), None)
