"""Through all messages in the order of their ids: stretches to look at, batches to change.

For commands that run beside live traffic: what one statement looks at and what one transaction
changes is bounded, however many messages and recipients there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

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
