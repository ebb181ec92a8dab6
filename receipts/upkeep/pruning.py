"""Archiving: delete the rows of old messages that all recipients have read, and keep the counts.

A settled message can no longer change: each of its rows that count has a disclosed read. What is
lost is who read it and when (docs/decisions/0012).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from chat.models import Message, OverallStatus
from receipts.ledger.noting import note_messages
from receipts.sql.run import among_ids, execute, fetch_rows, id_list, lock_in_order
from receipts.upkeep.progress import ProgressBar
from receipts.upkeep.stretches import DEFAULT_BATCH_ROWS, batches, stretches

_JOIN = "status.message_id = message.id AND status.conversation_id = message.conversation_id"

#: Those of ``{those}`` messages whose rows may be deleted, each with its number of rows; ``{rows}``
#: says the same of the rows, or PostgreSQL 18 reads the whole table. Rows that contradict their
#: message stay, to be examined, and so do rows that their reader marked unread again (rule 10):
#: otherwise they would no longer count as unread.
_SETTLED = f"""
    SELECT message.id, COUNT(*) FROM chat_message AS message
      JOIN receipts_messagestatus AS status ON {_JOIN}
     WHERE {{those}} AND {{rows}}
     GROUP BY message.id, message.recipient_count
    HAVING SUM(CASE WHEN status.withdrawn_at IS NULL THEN 1 ELSE 0 END) = message.recipient_count
       AND SUM(CASE WHEN status.withdrawn_at IS NULL
                     AND status.seen_at IS NOT NULL AND status.read_at IS NOT NULL
                    THEN 1 ELSE 0 END) = message.recipient_count"""

_DELETE = """
    DELETE FROM receipts_messagestatus AS status
     WHERE {rows} AND (message_id, conversation_id) IN (
           SELECT message.id, message.conversation_id FROM chat_message AS message WHERE {those})"""


@dataclass
class Prune:
    """One pass over the settled messages that were sent before a time.

    Each batch is a transaction that locks its messages in the order of their ids, as every change
    of a row does (rule 22), so none can be marked unread between the check and the deletion.
    """

    before: datetime
    conversation: int | None = None
    batch_size: int = DEFAULT_BATCH_ROWS
    #: Only count what would be archived.
    dry_run: bool = False
    #: Messages that were archived, and their rows, which were deleted.
    messages: int = field(default=0, init=False)
    rows: int = field(default=0, init=False)
    #: Settled messages that keep their rows.
    kept: int = field(default=0, init=False)

    def run(self) -> None:
        """Archive the messages batch by batch, each batch completely or not at all."""
        settled = self._messages()
        with ProgressBar("settled messages", settled.count()) as progress:
            for after, up_to in stretches(settled):
                for batch in self._batches(settled, after, up_to):
                    self._archive(batch)
                    progress.advance(len(batch), f"{self.rows:,} rows")

    def _messages(self) -> QuerySet[Message]:
        settled = Message.objects.filter(
            overall_status=OverallStatus.READ,
            archived_at=None,
            created_at__lt=self.before,
        )
        if self.conversation is not None:
            settled = settled.filter(conversation=self.conversation)
        return settled

    def _batches(
        self, settled: QuerySet[Message], after: int, up_to: int
    ) -> Iterator[list[tuple[int, int]]]:
        """Messages, each with the number of its rows that count."""
        found = settled.filter(pk__gt=after, pk__lte=up_to).order_by("pk")
        sized = list(found.values_list("pk", "recipient_count"))
        return batches(sized, lambda each: each[1], self.batch_size)

    @transaction.atomic
    def _archive(self, batch: list[tuple[int, int]]) -> None:
        messages = self._messages().filter(pk__in=[pk for pk, _ in batch])
        if self.dry_run:
            held = list(messages.order_by("pk").values_list("pk", flat=True))
        else:
            held = lock_in_order(messages)
        # A separate statement, so that it sees what others committed while the lock was awaited.
        rows = _settled(held)
        self.kept += len(held) - len(rows)
        self.messages += len(rows)
        self.rows += sum(rows.values())
        if not self.dry_run:
            note_messages(list(rows))
            _delete(list(rows))
            Message.objects.filter(pk__in=rows).update(archived_at=timezone.now())


def _settled(ids: list[int]) -> dict[int, int]:
    return dict(fetch_rows(_SETTLED.format(**_those()), {"ids": id_list(ids)}))


def _delete(ids: list[int]) -> None:
    execute(_DELETE.format(**_those()), {"ids": id_list(ids)})


def _those() -> dict[str, str]:
    return {"those": among_ids("message.id"), "rows": among_ids("status.message_id")}
