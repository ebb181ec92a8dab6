"""Through all messages in the order of their ids: stretches to look at, batches to change.

For commands that run beside live traffic: what one statement looks at and what one transaction
changes is bounded, however many messages and recipients there are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from django.db import connection
from django.db.models import QuerySet

from chat.ids import MAX_ID
from chat.models import Message

#: So many messages are looked at in one statement.
STRETCH = 5_000
#: About so many rows are written or deleted in one transaction: some tenths of a second.
BATCH_ROWS = 10_000

Item = TypeVar("Item")


def stretches(messages: QuerySet[Message], size: int = STRETCH) -> Iterator[tuple[int, int]]:
    """Ranges of ids, each after the one and up to the other, with ``size`` of the messages in it.

    Together they leave out no id, so that what has lost its message is in one of them as well.
    """
    ids = messages.order_by("pk").values_list("pk", flat=True)
    after = 0
    while after < MAX_ID:
        up_to = ids.filter(pk__gt=after)[size - 1 : size].first() or MAX_ID
        yield after, up_to
        after = up_to


def batches(
    items: Iterable[Item], rows_of: Callable[[Item], int], most: int
) -> Iterator[list[Item]]:
    """The items in their order, cut where their rows would be more than ``most``."""
    batch: list[Item] = []
    rows = 0
    for item in items:
        if batch and rows + rows_of(item) > most:
            yield batch
            batch, rows = [], 0
        batch.append(item)
        rows += rows_of(item)
    if batch:
        yield batch


def among_ids(column: str) -> str:
    """SQL: a column is among the parameter ``ids``, a list that ``listed`` made."""
    if connection.vendor == "postgresql":
        return f"{column} = ANY(CAST(%(ids)s AS bigint[]))"
    return f"{column} IN (SELECT value FROM json_each(%(ids)s))"


def listed(ids: Sequence[int]) -> Any:
    """Ids as one parameter, however many they are."""
    return list(ids) if connection.vendor == "postgresql" else json.dumps(list(ids))


def fetched(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What a statement answers."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
