"""Marks of many messages, in as few requests as possible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from .calling import ok
from .generated.api.receipts import mark_batch
from .generated.client import AuthenticatedClient
from .generated.models.batch_body import BatchBody
from .generated.models.batch_item import BatchItem
from .generated.models.batch_result import BatchResult

#: The most marks of one request.
MOST = 1_000


def mark_all(
    client: AuthenticatedClient, marks: Iterable[BatchItem]
) -> Iterator[tuple[BatchItem, BatchResult]]:
    """Send marks in batches; each mark with its result, in order.

    A batch is sent when its first result is asked for, so go through all of them. After an error
    the same marks may be sent again: a mark that was made is ``unchanged``. Raises ``Refused``.
    """
    given = iter(marks)
    while batch := list(islice(given, MOST)):
        done = ok(mark_batch.sync_detailed(client=client, body=BatchBody(receipts=batch)))
        yield from zip(batch, done.results, strict=True)
