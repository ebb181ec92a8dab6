"""The marks of a batch on messages that are tracked by position: all of them in one statement."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import cast

from django.db.models import Q

from receipts.ledger.marks import Mark
from receipts.ledger.member_positions import PositionMark, mark_positions
from receipts.metrics import count_marks
from receipts.models import Ended, MemberPosition
from receipts.services.batch_items import (
    APPLIED,
    DELIVERED,
    NOT_RECIPIENT,
    READ,
    UNCHANGED,
    FoundMark,
)


def mark_placed(found: list[FoundMark], results: list[str]) -> list[FoundMark]:
    """Make those marks, and set their results; return the others.

    In the order in which marks of rows are made, kind by kind, those of a kind by message. A
    failure is not kept.
    """
    placed = [each for each in found if each.placed_at is not None]
    if not placed:
        return found
    recipients = _recipients(placed)
    for each in placed:
        results[each.place] = UNCHANGED if each.place in recipients else NOT_RECIPIENT
    marked = [
        each
        for each in placed
        if each.place in recipients and not each.is_deleted and each.item.state in (DELIVERED, READ)
    ]
    marked.sort(key=lambda each: (each.kind, each.message_id, each.place))
    marks = [_mark_of(each) for each in marked]
    for each, mark, is_new in zip(marked, marks, mark_positions(marks), strict=True):
        count_marks(is_new, mark.mark)
        if is_new:
            results[each.place] = APPLIED
    return [each for each in found if each.placed_at is None]


def _mark_of(each: FoundMark) -> PositionMark:
    return PositionMark(
        conversation_id=each.conversation_id,
        recipient_id=each.recipient_id,
        message_id=each.message_id,
        sent_at=cast(datetime, each.placed_at),
        mark=Mark(
            at=each.at,
            read=each.item.state == READ,
            private=each.private,
            explicit=each.explicit,
            hides_delivery=each.hides_delivery,
            backdated=each.item.at is not None,
        ),
    )


def _recipients(placed: list[FoundMark]) -> set[int]:
    """The places of those whose message arrived in a stay of theirs that goes on (rule 4)."""
    people: dict[int, set[int]] = defaultdict(set)
    for each in placed:
        people[each.conversation_id].add(each.recipient_id)
    those = Q()
    for conversation, users in people.items():
        those |= Q(conversation=conversation, recipient__in=users)
    stays = defaultdict(list)
    columns = ("conversation_id", "recipient_id", "since", "until")
    for conversation, recipient, since, until in MemberPosition.objects.filter(
        those, ended=Ended.HERE
    ).values_list(*columns):
        stays[conversation, recipient].append((since, until))
    return {
        each.place
        for each in placed
        for since, until in stays[each.conversation_id, each.recipient_id]
        if since < each.message_id <= (until or each.message_id)
    }
