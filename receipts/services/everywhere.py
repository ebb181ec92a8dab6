"""Marks over all of a user's conversations: bounded batches, under a time budget (rule 8).

Each batch has its own transaction, so a repeated call continues where the last one stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from chat.models import ConversationParticipant, Message
from receipts.ledger.concealing import conceal_reads
from receipts.ledger.marks import MARKABLE_SQL, TRACKED_SQL, Mark, discloses
from receipts.ledger.stamp import stamp
from receipts.ledger.undoing import retraction
from receipts.ledger.watermarks import advance_watermarks, lock_participants, lower_watermarks
from receipts.sql.run import fetch_rows

#: A stretch of a user's unread rows, in the order of the index on them.
_STRETCH = (
    "status.recipient_id = %(recipient)s"
    " AND (status.conversation_id, status.message_id) > (%(conversation)s, %(message)s)"
    " AND (status.conversation_id, status.message_id) <= (%(last_conversation)s, %(last_message)s)"
    " AND status.seen_at IS NULL AND status.withdrawn_at IS NULL"
)

#: The last row of the next stretch, which has at most ``rows`` rows that lack the mark.
_END = """
    SELECT conversation_id, message_id FROM (
        SELECT status.conversation_id, status.message_id
          FROM receipts_messagestatus AS status
          JOIN chat_message AS message ON message.id = status.message_id
           AND message.conversation_id = status.conversation_id
         WHERE status.recipient_id = %(recipient)s
           AND (status.conversation_id, status.message_id) > (%(conversation)s, %(message)s)
           AND status.seen_at IS NULL AND status.withdrawn_at IS NULL
           AND message.deleted_at IS NULL AND {fresh}
         ORDER BY status.conversation_id, status.message_id LIMIT %(rows)s
    ) AS stretch ORDER BY conversation_id DESC, message_id DESC LIMIT 1"""

#: For each conversation with tracked messages to mark in a stretch: the last of them.
_POSITIONS = """
    SELECT status.conversation_id, MAX(status.message_id) AS up_to
      FROM receipts_messagestatus AS status
      JOIN chat_message AS message ON message.id = status.message_id
       AND message.conversation_id = status.conversation_id
     WHERE {stretch} AND {markable} AND {tracked} AND {fresh}
     GROUP BY status.conversation_id"""


@dataclass(frozen=True)
class BatchOutcome:
    """How many rows were marked, and whether nothing is left to mark."""

    marked: int
    complete: bool


def mark_all_delivered(*, user_id: int) -> BatchOutcome:
    """Mark everything in all of a user's conversations delivered."""
    return _mark_all(user_id, Mark(at=timezone.now()))


def mark_all_read(*, user_id: int, private: bool = False) -> BatchOutcome:
    """Mark everything in all of a user's conversations read."""
    return _mark_all(user_id, Mark(at=timezone.now(), read=True, private=private))


def retract_receipts(*, user_id: int) -> BatchOutcome:
    """Make a user's earlier reads private, and clear their read watermarks (rule 13).

    No index finds a user's read rows, so this walks the messages of their conversations. Each
    participation stores its progress until all are done.
    """
    participations = ConversationParticipant.objects.filter(user_id=user_id).order_by("pk")
    within_budget = _budget()
    marked = 0
    for participation in participations:
        while (step := _retract_some(participation)) is not None:
            marked += step
            if not within_budget():
                return BatchOutcome(marked, complete=False)
    participations.update(retracted_up_to=None)
    return BatchOutcome(marked, complete=True)


def _mark_all(user_id: int, mark: Mark) -> BatchOutcome:
    within_budget = _budget()
    marked, past = 0, (0, 0)
    # A private read moves only the delivered watermark, like a delivery (rule 13).
    told = mark if discloses(mark) else Mark(at=mark.at)
    while True:
        with transaction.atomic():
            stretch = _next_stretch(user_id, mark, past)
            if stretch is None:
                return BatchOutcome(marked, complete=True)
            locked = _lock_participations(stretch)
            positions = _POSITIONS.format(
                stretch=_STRETCH,
                markable=MARKABLE_SQL,
                tracked=TRACKED_SQL,
                fresh=told.unmarked_sql,
            )
            advance_watermarks(mark, positions, stretch)
            marked += stamp(mark.change(_STRETCH, stretch, condition_sql=mark.unmarked_sql))
            if mark.private:
                lower_watermarks(locked)
        past = (stretch["last_conversation"], stretch["last_message"])
        if not within_budget():
            return BatchOutcome(marked, complete=_end(user_id, mark, past) is None)


def _lock_participations(stretch: dict[str, Any]) -> dict[int, int | None]:
    """Lock a stretch's participations; return their read watermarks by id."""
    participations = ConversationParticipant.objects.filter(
        user_id=stretch["recipient"],
        conversation__gte=stretch["conversation"],
        conversation__lte=stretch["last_conversation"],
    )
    return lock_participants(participations)


def _next_stretch(user_id: int, mark: Mark, past: tuple[int, int]) -> dict[str, Any] | None:
    end = _end(user_id, mark, past)
    if end is None:
        return None
    return {
        "recipient": user_id,
        "conversation": past[0],
        "message": past[1],
        "last_conversation": end[0],
        "last_message": end[1],
    }


def _end(user_id: int, mark: Mark, past: tuple[int, int]) -> tuple[Any, ...] | None:
    """Conversation and message where the next stretch ends; None if no row is left to mark."""
    found = fetch_rows(
        _END.format(fresh=mark.unmarked_sql),
        {
            "recipient": user_id,
            "conversation": past[0],
            "message": past[1],
            "rows": settings.BATCH_ROWS,
        },
    )
    return found[0] if found else None


def _retract_some(participation: ConversationParticipant) -> int | None:
    """Retract reads of a conversation's next messages; return how many, None if none are left."""
    past = participation.retracted_up_to or 0
    ids = Message.objects.filter(conversation=participation.conversation_id, pk__gt=past)
    ahead = list(ids.order_by("pk").values_list("pk", flat=True)[: settings.BATCH_ROWS])
    if not ahead:
        return None
    participation.retracted_up_to = ahead[-1]
    with transaction.atomic():
        ConversationParticipant.objects.filter(pk=participation.pk).update(
            retracted_up_to=ahead[-1], last_read_message=None, last_read_at=None
        )
        marked = stamp(
            retraction(
                "status.recipient_id = %(recipient)s AND status.conversation_id = %(conversation)s"
                " AND message.conversation_id = %(conversation)s"
                " AND message.id > %(past)s AND message.id <= %(up_to)s",
                {
                    "recipient": participation.user_id,
                    "conversation": participation.conversation_id,
                    "past": past,
                    "up_to": ahead[-1],
                    "now": timezone.now(),
                },
            )
        )
        if marked:
            conceal_reads([participation.pk])
    return marked


def _budget() -> Callable[[], bool]:
    """A function: whether there is time for a batch that takes as long as the longest so far."""
    last = monotonic()
    end, longest = last + settings.BATCH_BUDGET_MS / 1000, 0.0

    def is_time_left() -> bool:
        nonlocal last, longest
        longest, last = max(longest, monotonic() - last), monotonic()
        return last + longest < end

    return is_time_left
