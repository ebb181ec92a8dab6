"""Marks over all of a user's conversations: bounded batches, under a time budget (rule 8).

Each batch has its own transaction, so a repeated call continues where the last one stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

from django.conf import settings
from django.db import transaction

from chat.ids import MAX_ID
from chat.models import ConversationParticipant
from receipts.ledger.conditions import MARKABLE_SQL, PRIVATELY_READ_SQL
from receipts.ledger.marks import Mark, discloses
from receipts.ledger.stamp import stamp
from receipts.ledger.watermarks import (
    advance_watermarks,
    hold_back_private,
    lock_participants,
)
from receipts.metrics import count_marks
from receipts.rules.deleted import present_sql
from receipts.rules.watermarks import last_tracked_sql
from receipts.services.bounded import BatchOutcome, time_budget
from receipts.services.large_groups import mark_all_positions
from receipts.sql.distributed import is_distributed
from receipts.sql.run import adapt_all, as_time, fetch_rows

#: The order of the indexes on a user's rows, and the ends of a stretch in it.
_PLACE = "(status.conversation_id, status.sent_at, status.message_id)"
_AFTER = f"{_PLACE} > (%(conversation)s, %(sent_at)s, %(message)s)"
_END_PLACE = "(%(last_conversation)s, %(last_sent_at)s, %(last_message)s)"
#: A stretch of a user's rows, less those of messages that were sent after the mark's time.
_STRETCH = (
    f"status.recipient_id = %(recipient)s AND {_AFTER} AND {_PLACE} <= {_END_PLACE}"
    " AND status.sent_at <= %(until)s AND {open}"
)

#: A user's rows that a mark may change, with their messages.
_ROWS = """
              FROM receipts_messagestatus AS status
              JOIN chat_message AS message ON message.id = status.message_id
               AND message.conversation_id = status.conversation_id"""

#: The last row of the next stretch, which has at most ``rows`` rows that lack the mark.
_END = f"""
    SELECT conversation_id, sent_at, message_id FROM (
            SELECT status.conversation_id, status.sent_at, status.message_id {_ROWS}
             WHERE status.recipient_id = %(recipient)s AND {_AFTER}
               AND status.sent_at <= %(until)s AND {{open}} AND {MARKABLE_SQL} AND {{fresh}}
             ORDER BY status.conversation_id, status.sent_at, status.message_id
             LIMIT %(rows)s) AS stretch
     ORDER BY conversation_id DESC, sent_at DESC, message_id DESC LIMIT 1"""

#: SQL condition: of the one conversation in which all the rows lie, said of both tables.
_IN_ONE = "status.conversation_id = %(only)s AND message.conversation_id = %(only)s"
_ONE = ("%(only)s", " AND participant.conversation_id = %(only)s")
_CONVERSATIONS = f"""
    SELECT DISTINCT status.conversation_id {_ROWS}
     WHERE status.recipient_id = %(recipient)s AND status.sent_at <= %(until)s AND {{open}}
       AND {MARKABLE_SQL} AND {{fresh}} ORDER BY status.conversation_id"""

_REACHED = last_tracked_sql(
    "touched.conversation_id",
    "message.created_at <= %(until)s AND (message.created_at, message.id)"
    f" < (COALESCE(ahead.sent_at, %(never)s), COALESCE(ahead.message_id, {MAX_ID}))",
)

#: For each conversation with rows to mark in a stretch: the last tracked message before the first
#: row that is left to mark after the stretch.
_POSITIONS = f"""
    SELECT touched.conversation_id, reached.id AS up_to, reached.created_at AS sent_at
      FROM (SELECT DISTINCT status.conversation_id {_ROWS}
             WHERE {{stretch}} AND {MARKABLE_SQL} AND {{fresh}}) AS touched
      LEFT JOIN receipts_messagestatus AS ahead ON ahead.id = (
            SELECT status.id {_ROWS}
             WHERE status.recipient_id = %(recipient)s
               AND status.conversation_id = touched.conversation_id AND {_PLACE} > {_END_PLACE}
               AND status.sent_at <= %(until)s AND {{open}} AND {MARKABLE_SQL} AND {{fresh}}
             ORDER BY status.sent_at, status.message_id LIMIT 1)
      JOIN chat_message AS reached ON reached.id = ({_REACHED})
       AND reached.conversation_id = touched.conversation_id"""

#: Which rows a mark may change: each has the condition of a partial index, and omits conversations
#: that are being deleted.
_PRESENT_SQL = present_sql("status.conversation_id")
_UNREAD_SQL = f"status.seen_at IS NULL AND {_PRESENT_SQL}"
_PRIVATELY_READ_SQL = [f"{private} AND {_PRESENT_SQL}" for private in PRIVATELY_READ_SQL]

#: Later than any message.
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)
_BEGIN = (0, datetime(1970, 1, 1, tzinfo=UTC), 0)

#: A row's place in the order of a user's rows: conversation, time and message.
RowPlace = tuple[int, datetime, int]


def mark_all_delivered(
    *, user_id: int, hides_delivery: bool = False, at: datetime | None = None
) -> BatchOutcome:
    """Mark everything in all of a user's conversations delivered, or what was there at a time."""
    return _mark_all(user_id, at, hides_delivery=hides_delivery)


def mark_all_read(
    *,
    user_id: int,
    private: bool = False,
    explicit: bool = False,
    hides_delivery: bool = False,
    at: datetime | None = None,
) -> BatchOutcome:
    """Mark everything in all of a user's conversations read, or what was there at a time.

    An ``explicit`` open mark also discloses earlier private reads (rule 13). A time applies to rows
    that are not marked yet: it does not replace a later one, as a mark in one conversation does.
    """
    how = {"private": private, "explicit": explicit, "hides_delivery": hides_delivery}
    return _mark_all(user_id, at, read=True, **how)


def _mark_all(user_id: int, at: datetime | None, **how: bool) -> BatchOutcome:
    within_budget = time_budget()
    mark = replace(Mark.given(at, **how), backdated=False)
    stretches = [_Stretches(user_id, mark, mark.at if at else _NEVER, _UNREAD_SQL)]
    mark_all_positions(user_id, mark, stretches[0].until)
    if mark.explicit:
        stretches += [replace(stretches[0], open_sql=private) for private in _PRIVATELY_READ_SQL]
    if is_distributed():
        stretches = [part for each in stretches for part in each.by_conversation()]
    marked, past = 0, _BEGIN
    while stretches:
        with transaction.atomic():
            end = stretches[0].end(past)
            if end is not None:
                marked += stretches[0].mark_to(past, end)
        if end is None:
            del stretches[0]
        past = end or _BEGIN
        if not within_budget():
            complete = all(each.end(_BEGIN) is None for each in stretches)
            return BatchOutcome(marked, complete)
    return BatchOutcome(marked, complete=True)


@dataclass(frozen=True)
class _Stretches:
    """The rows of a user that a mark may change, in stretches of a limited number."""

    user_id: int
    mark: Mark
    #: The latest time of a message that is marked.
    until: datetime
    #: SQL condition: which rows, so that a partial index finds them.
    open_sql: str
    #: The only conversation; None for all.
    conversation: int | None = None

    def by_conversation(self) -> list[_Stretches]:
        """The same rows, conversation by conversation: each lies on one node."""
        found = fetch_rows(
            _CONVERSATIONS.format(open=self.open_sql, fresh=self.mark.unmarked_sql),
            self._after(_BEGIN),
        )
        return [
            replace(self, open_sql=f"{self.open_sql} AND {_IN_ONE}", conversation=conversation)
            for (conversation,) in found
        ]

    def end(self, past: RowPlace) -> RowPlace | None:
        """Where the next stretch ends; None if no row is left to mark."""
        found = fetch_rows(
            _END.format(open=self.open_sql, fresh=self.mark.unmarked_sql),
            {**self._after(past), "rows": settings.BATCH_ROWS},
        )
        if not found:
            return None
        conversation, sent_at, message = found[0]
        return conversation, cast(datetime, as_time(sent_at)), message

    def mark_to(self, past: RowPlace, end: RowPlace) -> int:
        """Mark one stretch; return how many rows were marked. Must be called in a transaction."""
        params = {
            **self._after(past),
            "last_conversation": end[0],
            "last_sent_at": end[1],
            "last_message": end[2],
        }
        mark, stretch = self.mark, _STRETCH.format(open=self.open_sql)
        # A private read moves only the delivered watermark, like a delivery (rule 13).
        told = mark if discloses(mark) else Mark(at=mark.at)
        locked = _lock_participations(params, self.conversation)
        positions = _POSITIONS.format(stretch=stretch, open=self.open_sql, fresh=told.unmarked_sql)
        if self.conversation is None:
            advance_watermarks(mark, positions, adapt_all(params))
        else:
            positions = positions.replace("= touched.conversation_id", "= %(only)s")
            advance_watermarks(mark, positions, adapt_all(params), of=_ONE)
        marked = stamp(
            mark.change(stretch, params, condition_sql=mark.unmarked_sql, of_one_recipient=True),
            conversation=self.conversation,
        )
        if mark.private or mark.hides_delivery:
            hold_back_private(mark, locked)
        count_marks(marked, mark)
        return marked

    def _after(self, past: RowPlace) -> dict[str, Any]:
        return {
            "recipient": self.user_id,
            "conversation": past[0],
            "sent_at": past[1],
            "message": past[2],
            "until": self.until,
            "never": _NEVER,
            "only": self.conversation,
        }


def _lock_participations(
    stretch: Mapping[str, Any], conversation: int | None
) -> dict[int, int | None]:
    """Lock a stretch's participations; return their read watermarks by id."""
    own = ConversationParticipant.objects.filter(user_id=stretch["recipient"])
    if conversation is not None:
        return lock_participants(own.filter(conversation=conversation))
    participations = own.filter(
        conversation__gte=stretch["conversation"],
        conversation__lte=stretch["last_conversation"],
    )
    return lock_participants(participations)
