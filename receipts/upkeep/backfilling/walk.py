"""Walk all messages that wait for rows, batch by batch, during live traffic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, QuerySet
from django.utils import timezone

from chat.models import Conversation, ConversationParticipant, Message, Tracking
from receipts.ledger.counting import COUNTS
from receipts.ledger.noting import note_messages
from receipts.sql.distributed import is_distributed
from receipts.sql.run import among_ids, execute, fetch_rows, id_list, lock_in_order
from receipts.upkeep.backfilling.rows import (
    CROWDED,
    STILL_WAITING,
    WAITING,
    count_by_state,
    write_statements,
)
from receipts.upkeep.progress import ProgressBar
from receipts.upkeep.stretches import DEFAULT_BATCH_ROWS, STRETCH, batches, stretches

#: A message that waits for rows: its id, its conversation's id, and its largest number of rows.
Waiting = tuple[int, int, int]


@dataclass
class Backfill:
    """One pass over all tracked messages, or some of them; those without rows get them.

    Each batch is a transaction that locks, in the order of rule 22: its conversations, so that
    nobody sends, joins or leaves and no account is deactivated; their participants, so that a mark
    that moves a watermark has committed and is read here, or waits and then finds the new rows;
    and the messages that still have none. Running it again continues a run that was stopped.
    """

    assume: str | None = None
    conversation: int | None = None
    before: datetime | None = None
    batch_size: int = DEFAULT_BATCH_ROWS
    #: Only count what would be written.
    dry_run: bool = False
    #: Messages that got rows; and those made untracked, with too many recipients (rule 16).
    messages: int = field(default=0, init=False)
    crowded: int = field(default=0, init=False)
    #: The rows by their state.
    rows: Counter[str] = field(default_factory=Counter, init=False)

    def run(self) -> None:
        """Walk the messages and write the missing rows."""
        with ProgressBar("messages", self._messages().count()) as progress:
            if is_distributed() and self.conversation is None:
                for pk in Conversation.objects.order_by("pk").values_list("pk", flat=True):
                    self.conversation = pk
                    self._walk(progress)
                self.conversation = None
            else:
                self._walk(progress)
        if self.rows and not self.dry_run and connection.vendor == "postgresql":
            # Refresh planner statistics: without them the planner does not expect the new rows.
            execute("ANALYZE chat_message, receipts_messagestatus")

    def _walk(self, progress: ProgressBar) -> None:
        do = self._count if self.dry_run else self._write
        for after, up_to in stretches(self._messages()):
            others = STRETCH
            for batch in self._batches(after, up_to):
                do(batch)
                others -= len(batch)
                progress.advance(len(batch), self._so_far)
            progress.advance(max(others, 0), self._so_far)

    @property
    def _those(self) -> str:
        """SQL condition: the messages of a batch; where rows are distributed, in one conversation.

        The rows of several cannot be locked and written by one statement there.
        """
        one = " AND message.conversation_id = %(conversation)s" if is_distributed() else ""
        return among_ids("message.id") + one

    @property
    def _so_far(self) -> str:
        return f"{self.rows.total():,} rows"

    def _messages(self) -> QuerySet[Message]:
        messages = Message.objects.filter(tracking=Tracking.TRACKED, archived_at=None)
        if self.conversation is not None:
            messages = messages.filter(conversation=self.conversation)
        if self.before is not None:
            messages = messages.filter(created_at__lt=self.before)
        return messages

    def _batches(self, after: int, up_to: int) -> Iterator[list[Waiting]]:
        stretch = {"after": after, "up_to": up_to, "conversation": self.conversation}
        found = fetch_rows(WAITING, {**stretch, "before": self.before})
        sizes = _sizes({conversation for _, conversation in found})
        waiting = ((pk, conversation, sizes[conversation]) for pk, conversation in found)
        return batches(waiting, lambda each: each[2], self.batch_size)

    @transaction.atomic
    def _write(self, batch: list[Waiting]) -> None:
        _hold({conversation for _, conversation, _ in batch})
        ids, crowded = self._parted(batch, lock=" FOR NO KEY UPDATE")
        Message.objects.filter(pk__in=crowded).update(
            tracking=Tracking.TOO_MANY_RECIPIENTS, **dict.fromkeys(COUNTS, 0)
        )
        note_messages([*ids, *crowded])
        *earlier, last = write_statements(self._those, self.assume, vendor=connection.vendor)
        for statement in earlier:
            execute(statement, self._params(ids))
        self._add(ids, crowded, fetch_rows(last, self._params(ids)))

    def _count(self, batch: list[Waiting]) -> None:
        ids, crowded = self._parted(batch)
        states = count_by_state(self._those, self.assume)
        self._add(ids, crowded, fetch_rows(states, self._params(ids)))

    def _add(self, ids: list[int], crowded: list[int], states: Iterable[tuple[str, int]]) -> None:
        self.messages += len(ids)
        self.crowded += len(crowded)
        self.rows.update(dict(states))

    def _parted(self, batch: list[Waiting], *, lock: str = "") -> tuple[list[int], list[int]]:
        """The messages that get rows, and those with too many recipients for any.

        Neither includes messages that another backfill has completed meanwhile.
        """
        those = self._those
        waiting = STILL_WAITING.format(those=those, rows=among_ids("status.message_id"))
        if connection.vendor == "postgresql":
            waiting += lock
        ids = [pk for (pk,) in fetch_rows(waiting, self._params([pk for pk, _, _ in batch]))]
        most = settings.RECEIPTS_MAX_RECIPIENTS
        if max(size for _, _, size in batch) <= most:
            return ids, []
        found = fetch_rows(CROWDED.format(those=those), {**self._params(ids), "most": most})
        crowded = [pk for (pk,) in found]
        return sorted({*ids} - {*crowded}), crowded

    def _params(self, ids: list[int]) -> dict[str, Any]:
        return {
            "ids": id_list(ids),
            "now": timezone.now(),
            "mandatory": settings.RECEIPTS_MANDATORY,
            **({"conversation": self.conversation} if is_distributed() else {}),
        }


def _sizes(conversation_ids: set[int]) -> dict[int, int]:
    """How many users have ever taken part in each conversation: the most rows a message can get."""
    participants = ConversationParticipant.objects.filter(conversation__in=conversation_ids)
    counted = participants.values_list("conversation").annotate(size=Count("pk")).order_by()
    return dict(counted)


def _hold(conversation_ids: set[int]) -> None:
    """Lock the conversations, then their participants, in the order of their ids (rule 22)."""
    conversations = Conversation.objects.filter(pk__in=conversation_ids)
    participants = ConversationParticipant.objects.filter(conversation__in=conversation_ids)
    lock_in_order(conversations)
    lock_in_order(participants)
