"""Walk all messages in the order of their ids: stretches to read, batches to change.

For commands that run during live traffic: one statement reads and one transaction changes a
limited number of rows, however many messages and recipients exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import TypeVar

from django.db.models import QuerySet, Window
from django.db.models.functions import Mod, RowNumber

from chat.ids import MAX_ID
from chat.models import Message

#: At most this many messages per statement.
STRETCH = 5_000
#: About this many rows are written or deleted per transaction: some tenths of a second.
DEFAULT_BATCH_ROWS = 10_000

#: SQL conditions over one column: that it is in the range of a batch, and that it is the only
#: conversation that is looked at, if there is one.
OF_BATCH = "{0} > %(after)s AND {0} <= %(up_to)s"
OF_CONVERSATION = "(CAST(%(conversation)s AS bigint) IS NULL OR {0} = %(conversation)s)"
#: SQL condition: ``message`` is one of a batch. Said of every table of a statement, so that each is
#: read by its index: PostgreSQL does not infer a range from a join.
OF_MESSAGES = f"""{OF_BATCH.format("message.id")}
       AND {OF_CONVERSATION.format("message.conversation_id")}"""

Batched = TypeVar("Batched")


def stretches(messages: QuerySet[Message], size: int = STRETCH) -> Iterator[tuple[int, int]]:
    """Ranges of ids, each ``(after, up_to]``, with at most ``size`` of the messages in it.

    Together they omit no id, so that a row whose message is missing is in one of them as well.
    Messages that are sent meanwhile are in the last one.
    """
    numbered = messages.annotate(rest=Mod(Window(RowNumber(), order_by="pk"), size))
    ends = numbered.filter(rest=0).order_by("pk").values_list("pk", flat=True)
    yield from pairwise([0, *ends, MAX_ID])


def batches(
    items: Iterable[Batched], rows_of: Callable[[Batched], int], most: int
) -> Iterator[list[Batched]]:
    """The items in order, in lists of at most ``most`` rows (or a single item with more)."""
    batch: list[Batched] = []
    rows = 0
    for item in items:
        if batch and rows + rows_of(item) > most:
            yield batch
            batch, rows = [], 0
        batch.append(item)
        rows += rows_of(item)
    if batch:
        yield batch
