"""Many marks at once, across conversations, in a constant number of statements.

A batch comes from a device that was offline, or from a backend for many users. Each mark has its
own result, so an invalid one does not lose the others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from chat.models import ConversationParticipant
from receipts.ledger.change import Change
from receipts.ledger.concealing import taken_back
from receipts.ledger.failing import failure
from receipts.ledger.marks import Mark
from receipts.ledger.stamp import stamp_rows
from receipts.ledger.watermarks import hold_back_private, lock_participants
from receipts.metrics import count_failures, count_marks
from receipts.rules.failures import kept_reason
from receipts.rules.privacy import delivers_privately, reads_privately
from receipts.services.batch_by_position import mark_placed
from receipts.services.batch_items import (
    APPLIED,
    FAILED,
    NOT_FOUND,
    NOT_RECIPIENT,
    OTHER_NAME,
    READ,
    SENT,
    UNCHANGED,
    BatchMark,
    FoundMark,
)
from receipts.services.rows_of_batch import RELATION, RESOLVE, SOURCE, USER, mark_params
from receipts.sql.distributed import is_distributed
from receipts.sql.run import as_time, fetch_rows


def mark_batch(items: list[BatchMark]) -> list[str]:
    """Make the marks; return a result for each, in their order.

    ``applied`` if the mark changed its row, ``unchanged`` if not. ``not_found`` unless the
    user takes part in the message's conversation, ``not_recipient`` if they are no recipient of it,
    ``other_name`` if the item's number and name disagree.
    """
    now = timezone.now()
    results = [NOT_FOUND] * len(items)
    found = mark_placed(_resolve(items, now, results), results)
    # Each kind has its own transaction: a second stamp in the same one could lock messages that
    # precede those already locked (rule 22).
    for kind in sorted({each.kind for each in found}):
        for part in _together([each for each in found if each.kind == kind]):
            for place in _stamp(part, now):
                results[place] = APPLIED
    return results


def _together(found: list[FoundMark]) -> list[list[FoundMark]]:
    """Which of these are marked in one transaction: all, or on several nodes a conversation's."""
    if not is_distributed():
        return [found]
    conversations = sorted({each.conversation_id for each in found})
    return [[each for each in found if each.conversation_id == pk] for pk in conversations]


def _conversation_of(found: list[FoundMark]) -> int | None:
    """The conversation of all of these, where they have to be marked one by one."""
    return found[0].conversation_id if is_distributed() else None


def _resolve(items: list[BatchMark], now: datetime, results: list[str]) -> list[FoundMark]:
    """Return the rows to mark; set the other results in ``results``."""
    found = []
    for (
        place, message, recipient, participant, *enabled, conversation, row, withdrawn, deleted,
        archived, misnamed, placed_at,
    ) in _resolved(items):  # fmt: skip
        item = items[place - 1]
        if misnamed:
            results[place - 1] = OTHER_NAME
            continue
        recipient_now = row is not None and not withdrawn
        results[place - 1] = UNCHANGED if recipient_now or archived else NOT_RECIPIENT
        if (recipient_now and not deleted and item.state != SENT) or placed_at is not None:
            found.append(
                FoundMark(
                    place=place - 1,
                    item=item,
                    row_id=row,
                    message_id=message,
                    recipient_id=recipient,
                    participant_id=participant,
                    conversation_id=conversation,
                    at=min(item.at or now, now),
                    private=item.state == READ and reads_privately(bool(enabled[0]), item.private),
                    hides_delivery=delivers_privately(bool(enabled[1])),
                    placed_at=as_time(placed_at),
                    is_deleted=bool(deleted),
                )
            )
    return found


def _resolved(items: list[BatchMark]) -> list[tuple[Any, ...]]:
    if not items:
        return []
    asked = [(item.message.number, item.message.name, item.username) for item in items]
    params: dict[str, Any] = {"asked": json.dumps(asked)}
    if connection.vendor == "postgresql":
        columns = map(list, zip(*asked, strict=True))
        params = dict(zip(("messages", "names", "usernames"), columns, strict=True))
    vendor = connection.vendor
    return fetch_rows(RESOLVE.format(relation=RELATION[vendor], user=USER[vendor]), params)


def _stamp(found: list[FoundMark], now: datetime) -> list[int]:
    """Make marks of one kind; return the places of those that changed their rows.

    Of several marks for one row the earliest wins, with the first acknowledgement in the batch.
    """
    if found[0].item.state == FAILED:
        return _stamp_failures(found)
    spoken: dict[int, FoundMark] = {}
    contents: dict[int, str] = {}
    for each in sorted(found, key=lambda each: (each.at, each.place)):
        spoken.setdefault(each.row_id, each)
    for each in found:
        if each.item.content is not None:
            contents.setdefault(each.row_id, each.item.content)
    mark = Mark(
        at=now,
        read=found[0].item.state == READ,
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
        (
            each.row_id,
            each.conversation_id,
            each.at,
            contents.get(each.row_id),
            each.item.at is not None,
        )
        for each in spoken.values()
    ]
    change = mark.change("TRUE", mark_params(rows), source=SOURCE[connection.vendor])
    dated = any(each.item.at is not None for each in spoken.values())
    changed = _stamped(
        mark,
        replace(change, may_retract=change.may_retract and dated),
        {each.participant_id for each in spoken.values()},
        _conversation_of(found),
    )
    count_marks(len(changed), mark)
    return _places(spoken, changed)


def _stamp_failures(found: list[FoundMark]) -> list[int]:
    """``_stamp`` for failures. Of several for one row the latest counts, as in the statement."""
    dated = [each for each in found if each.item.at is not None]
    dated.sort(key=lambda each: (each.item.reason is None, each.item.reason or ""), reverse=True)
    undated = [each for each in found if each.item.at is None]
    spoken = {each.row_id: each for each in sorted([*dated, *undated], key=lambda each: each.at)}
    rows = [
        (
            each.row_id,
            each.conversation_id,
            each.at,
            kept_reason(each.item.reason),
            each.item.at is not None,
        )
        for each in spoken.values()
    ]
    change = failure(
        "TRUE",
        mark_params(rows),
        at_sql="mark.at",
        reason_sql="mark.content",
        given_sql="mark.given",
        source=SOURCE[connection.vendor],
    )
    changed = stamp_rows(change, conversation=_conversation_of(found))
    count_failures(len(changed))
    return _places(spoken, changed)


def _places(spoken: Mapping[int, FoundMark], changed: set[tuple[int, int]]) -> list[int]:
    """The places of the items whose rows have changed."""
    return [
        each.place for each in spoken.values() if (each.message_id, each.recipient_id) in changed
    ]


def _stamped(
    mark: Mark, change: Change, participants: set[int], conversation: int | None
) -> set[tuple[int, int]]:
    """``stamp_rows``, for these participants, whose watermarks it may have to hold back."""
    if not (mark.private or mark.hides_delivery):
        return stamp_rows(change, conversation=conversation)
    own = ConversationParticipant.objects.filter(pk__in=participants)
    if conversation is not None:
        own = own.filter(conversation=conversation)
    with transaction.atomic():
        locked = lock_participants(own)
        was_open = taken_back(change)
        changed = stamp_rows(change, conversation=conversation)
        hold_back_private(mark, locked)
        was_open.conceal(locked)
    return changed
