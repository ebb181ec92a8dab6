"""Many marks at once, across conversations, in a constant number of statements.

A batch comes from a device that was offline, or from a backend for many users. Each mark has its
own result, so an invalid one does not lose the others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from chat.models import ConversationParticipant
from receipts.ledger.concealing import taken_back
from receipts.ledger.marks import Mark
from receipts.ledger.stamp import Change, stamp_rows
from receipts.ledger.watermarks import hold_back_private, lock_participants
from receipts.rules.privacy import delivers_privately, opens_on_request, reads_privately
from receipts.sql.run import adapt, fetch_rows

APPLIED = "applied"
UNCHANGED = "unchanged"
NOT_RECIPIENT = "not_recipient"
NOT_FOUND = "not_found"

#: The items as a relation, one row each: from arrays, or from a JSON text.
_RELATION = {
    "postgresql": "unnest(CAST(%(messages)s AS bigint[]), CAST(%(usernames)s AS text[]))"
    " WITH ORDINALITY AS asked (message_id, username, place)",
    "sqlite": "(SELECT value ->> 0 AS message_id, value ->> 1 AS username, key + 1 AS place"
    " FROM json_each(%(asked)s)) AS asked",
}

#: For each item whose user takes part in its message's conversation: their row, if it exists, and
#: its state. An archived message has no rows any more, so every participant but its sender counts
#: as a recipient who has read it.
_RESOLVE = """
    SELECT asked.place, recipient.id, participant.id, recipient.read_receipts_enabled,
           recipient.delivery_receipts_enabled, status.id, status.withdrawn_at IS NOT NULL,
           message.deleted_at IS NOT NULL,
           message.archived_at IS NOT NULL AND message.sender_id <> recipient.id
      FROM {relation}
      JOIN chat_message AS message ON message.id = asked.message_id
      JOIN chat_user AS recipient ON recipient.username = asked.username AND recipient.is_active
      JOIN chat_conversationparticipant AS participant
        ON participant.conversation_id = message.conversation_id
       AND participant.user_id = recipient.id AND participant.is_active
      LEFT JOIN receipts_messagestatus AS status ON status.message_id = message.id
       AND status.recipient_id = recipient.id
       AND status.conversation_id = message.conversation_id
     ORDER BY asked.place"""

#: A JOIN of each row with its mark.
_SOURCE = {
    "postgresql": """JOIN unnest(CAST(%(rows)s AS bigint[]), CAST(%(times)s AS timestamptz[]),
                 CAST(%(contents)s AS text[]), CAST(%(given)s AS boolean[]))
              AS mark (row_id, at, content, given)
            ON mark.row_id = status.id""",
    "sqlite": """JOIN (SELECT value ->> 0 AS row_id, value ->> 1 AS at, value ->> 2 AS content,
                            value ->> 3 AS given
                     FROM json_each(%(marks)s)) AS mark ON mark.row_id = status.id""",
}


@dataclass(frozen=True, kw_only=True)
class BatchMark:
    """One mark of a batch, by its message and the recipient's username."""

    message_id: int
    username: str
    read: bool
    at: datetime | None = None
    #: By the recipient's setting if None; False also discloses an earlier private read (rule 13).
    private: bool | None = None
    content: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Found:
    """An item and the row that it marks. ``place`` is the item's index in the batch."""

    place: int
    item: BatchMark
    row_id: int
    message_id: int
    recipient_id: int
    participant_id: int
    at: datetime
    private: bool
    hides_delivery: bool

    @property
    def explicit(self) -> bool:
        """Whether it is open on request, and so discloses an earlier private read."""
        return opens_on_request(self.item.private, self.private)

    @property
    def kind(self) -> tuple[bool, bool, bool, bool]:
        """What marks of one statement have in common."""
        return self.item.read, self.private, self.explicit, self.hides_delivery


def mark_batch(items: list[BatchMark]) -> list[str]:
    """Make the marks; return a result for each, in their order.

    ``applied`` if the mark changed its row, ``unchanged`` if not. ``not_found`` unless the
    user takes part in the message's conversation, ``not_recipient`` if they are no recipient of it.
    """
    now = timezone.now()
    results = [NOT_FOUND] * len(items)
    found = _resolve(items, now, results)
    # Each kind has its own transaction: a second stamp in the same one could lock messages that
    # precede those already locked (rule 22).
    for kind in sorted({each.kind for each in found}):
        for place in _stamp([each for each in found if each.kind == kind], now):
            results[place] = APPLIED
    return results


def _resolve(items: list[BatchMark], now: datetime, results: list[str]) -> list[_Found]:
    """Return the rows to mark; set the other results in ``results``."""
    found = []
    for place, recipient, participant, *enabled, row, withdrawn, deleted, archived in _resolved(
        items
    ):
        item = items[place - 1]
        recipient_now = row is not None and not withdrawn
        results[place - 1] = UNCHANGED if recipient_now or archived else NOT_RECIPIENT
        if recipient_now and not deleted:
            found.append(
                _Found(
                    place=place - 1,
                    item=item,
                    row_id=row,
                    message_id=item.message_id,
                    recipient_id=recipient,
                    participant_id=participant,
                    at=min(item.at or now, now),
                    private=item.read and reads_privately(bool(enabled[0]), item.private),
                    hides_delivery=delivers_privately(bool(enabled[1])),
                )
            )
    return found


def _resolved(items: list[BatchMark]) -> list[tuple[Any, ...]]:
    messages = [item.message_id for item in items]
    usernames = [item.username for item in items]
    params: dict[str, Any] = {"messages": messages, "usernames": usernames}
    if connection.vendor == "sqlite":
        params = {"asked": json.dumps(list(zip(messages, usernames, strict=True)))}
    return fetch_rows(_RESOLVE.format(relation=_RELATION[connection.vendor]), params)


def _stamp(found: list[_Found], now: datetime) -> list[int]:
    """Make marks of one kind; return the places of those that changed their rows.

    Of several marks for one row the earliest wins, with the first acknowledgement in the batch.
    """
    if not found:
        return []
    spoken: dict[int, _Found] = {}
    contents: dict[int, str] = {}
    for each in sorted(found, key=lambda each: (each.at, each.place)):
        spoken.setdefault(each.row_id, each)
    for each in found:
        if each.item.content is not None:
            contents.setdefault(each.row_id, each.item.content)
    mark = Mark(
        at=now,
        read=found[0].item.read,
        private=found[0].private,
        explicit=found[0].explicit,
        hides_delivery=found[0].hides_delivery,
        backdated=True,
        carries_content=bool(contents),
        at_sql="mark.at",
        content_sql="mark.content",
        backdated_row_sql="mark.given",
    )
    # Only a time that the marker gave may replace an existing one: of concurrent identical marks
    # without a time only the first changes the row (rule 5).
    rows = [
        (each.row_id, each.at, contents.get(each.row_id), each.item.at is not None)
        for each in spoken.values()
    ]
    change = mark.change("TRUE", _marks(rows), source=_SOURCE[connection.vendor])
    dated = any(each.item.at is not None for each in spoken.values())
    changed = _stamped(
        mark,
        replace(change, may_retract=change.may_retract and dated),
        {each.participant_id for each in spoken.values()},
    )
    return [
        each.place for each in spoken.values() if (each.message_id, each.recipient_id) in changed
    ]


def _stamped(mark: Mark, change: Change, participants: set[int]) -> set[tuple[int, int]]:
    """``stamp_rows``, for these participants, whose watermarks it may have to hold back."""
    if not (mark.private or mark.hides_delivery):
        return stamp_rows(change)
    with transaction.atomic():
        locked = lock_participants(ConversationParticipant.objects.filter(pk__in=participants))
        was_open = taken_back(change)
        changed = stamp_rows(change)
        hold_back_private(mark, locked)
        was_open.conceal(locked)
    return changed


def _marks(rows: Iterable[tuple[int, datetime, str | None, bool]]) -> dict[str, Any]:
    """The parameters of ``_SOURCE``."""
    ids, times, contents, given = zip(*rows, strict=True)
    if connection.vendor == "sqlite":
        marks = zip(ids, map(adapt, times), contents, given, strict=True)
        return {"marks": json.dumps(list(marks))}
    return {
        "rows": list(ids),
        "times": list(times),
        "contents": list(contents),
        "given": list(given),
    }
