"""Positions in large conversations: the only writer of them, and of who is counted there (rule 16).

Positions are locked after participants and before messages (rule 22), those of one conversation by
recipient and stay. All but marks are called with the conversation locked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import F, Q, QuerySet

from chat.models import Conversation, Message, Tracking
from receipts.ledger.advancing import Stay, Stretch, Stretches, conceal
from receipts.ledger.marks import Mark
from receipts.ledger.moving import moved_at_once
from receipts.models import Ended, MemberPosition, PrivateStretch, StretchKind
from receipts.sql.distributed import is_distributed
from receipts.sql.keyset import NEWEST_FIRST
from receipts.sql.run import execute

_BEGIN = """
    INSERT INTO receipts_memberposition (conversation_id, recipient_id, since)
    SELECT participant.conversation_id, participant.user_id, 0
      FROM chat_conversationparticipant AS participant
      JOIN chat_user AS recipient ON recipient.id = participant.user_id AND recipient.is_active
     WHERE participant.conversation_id = %(conversation)s AND participant.is_active
     ORDER BY participant.user_id"""
#: Who left and comes back before any message goes on with their empty stay.
_JOIN = """
    INSERT INTO receipts_memberposition (conversation_id, recipient_id, since)
    VALUES (%(conversation)s, %(user)s, %(last)s)
    ON CONFLICT (conversation_id, recipient_id, since) DO UPDATE SET until = NULL, ended = 0"""
_END = """
    UPDATE receipts_memberposition
       SET until = COALESCE(until, %(last)s), ended = %(ended)s
     WHERE conversation_id = %(conversation)s AND recipient_id = %(user)s AND ended < %(ended)s"""

_COLUMNS = [
    field.attname for field in MemberPosition._meta.concrete_fields if not field.primary_key
][3:]


@dataclass(frozen=True, kw_only=True)
class PositionMark:
    """A mark of one participant on everything up to a message that is tracked by position."""

    conversation_id: int
    recipient_id: int
    message_id: int
    sent_at: datetime
    mark: Mark


def begin_positions(conversation_id: int) -> None:
    """Write the position of everybody who takes part, and count them, once and for all."""
    count = execute(_BEGIN, {"conversation": conversation_id})
    Conversation.objects.filter(pk=conversation_id).update(member_count=count)


def begin_stay(conversation_id: int, user_id: int) -> None:
    """Somebody takes part from now on, with an active account."""
    open_stay(conversation_id, user_id)
    _count(conversation_id, 1)


def open_stay(conversation_id: int, user_id: int) -> None:
    """The stay of somebody who is counted already."""
    last = _last(conversation_id)
    execute(_JOIN, {"conversation": conversation_id, "user": user_id, "last": last})


def end_stays(
    conversation_id: int, user_id: int, *, was_counted: bool, ended: Ended = Ended.LEFT
) -> None:
    """Somebody takes part no longer. ``was_counted``: their account was active until now."""
    params = {"conversation": conversation_id, "user": user_id, "ended": int(ended)}
    execute(_END, {**params, "last": _last(conversation_id)})
    if was_counted:
        _count(conversation_id, -1)


def give_back_stays(conversation_id: int, user_id: int) -> None:
    """An account is active again: what its deactivation took counts, and a new stay begins."""
    _of_user(conversation_id, user_id).filter(ended=Ended.AWAY).update(ended=Ended.HERE)
    begin_stay(conversation_id, user_id)


def _last(conversation_id: int) -> int:
    """The last message that is tracked by position, 0 for none."""
    found = Message.objects.filter(conversation=conversation_id, tracking=Tracking.BY_POSITION)
    return NEWEST_FIRST.sorted(found).values_list("pk", flat=True).first() or 0


def _count(conversation_id: int, by: int) -> None:
    Conversation.objects.filter(pk=conversation_id).update(member_count=F("member_count") + by)


def _of_user(conversation_id: int, user_id: int) -> QuerySet[MemberPosition]:
    return MemberPosition.objects.filter(conversation=conversation_id, recipient=user_id)


def mark_positions(marks: Sequence[PositionMark]) -> list[bool]:
    """Make marks in their order; return for each whether it was new for its own message.

    Stays that are over are not marked (rule 2). One row is written for each participant whose
    position moves, in one statement for all; a single mark is mostly one statement.
    """
    if len(marks) == 1 and moved_at_once(**vars(marks[0])):
        return [True]
    if is_distributed() and len({each.conversation_id for each in marks}) > 1:
        return _one_by_one(marks)
    with transaction.atomic():
        stays = _lock(marks)
        results = [_made(each, stays[each.conversation_id, each.recipient_id]) for each in marks]
        _save([stay for those in stays.values() for stay in those])
    return results


def _one_by_one(marks: Sequence[PositionMark]) -> list[bool]:
    """Conversation by conversation: each lies on one node."""
    results = [False] * len(marks)
    for conversation in sorted({each.conversation_id for each in marks}):
        places = [n for n, each in enumerate(marks) if each.conversation_id == conversation]
        for place, result in zip(
            places, mark_positions([marks[place] for place in places]), strict=True
        ):
            results[place] = result
    return results


def _lock(marks: Sequence[PositionMark]) -> dict[tuple[int, int], list[Stay]]:
    """The stays of those who mark, which go on; locked."""
    people: dict[int, set[int]] = defaultdict(set)
    for each in marks:
        people[each.conversation_id].add(each.recipient_id)
    those = Q()
    for conversation, users in people.items():
        those |= Q(conversation=conversation, recipient__in=users)
    return _stays(MemberPosition.objects.filter(those, ended=Ended.HERE))


def _stays(positions: QuerySet[MemberPosition]) -> dict[tuple[int, int], list[Stay]]:
    locked = positions.order_by("conversation_id", "recipient_id", "since")
    stays: dict[tuple[int, int], list[Stay]] = defaultdict(list)
    for position in locked.select_for_update(no_key=True):
        stretches = Stretches(partial(_stretches_of, position))
        key = position.conversation_id, position.recipient_id
        stays[key].append(Stay(position, stretches))
    return stays


def _made(given: PositionMark, stays: list[Stay]) -> bool:
    own = next((stay for stay in stays if stay.contains(given.message_id)), None)
    had = own is None or own.has(given.mark, given.message_id)
    for stay in stays:
        stay.advance(given.mark, given.message_id, max(given.mark.at, given.sent_at))
    return not had


def _stretches_of(position: MemberPosition) -> dict[StretchKind, list[Stretch]]:
    found: dict[StretchKind, list[Stretch]] = {kind: [] for kind in StretchKind}
    for kind, after, up_to in (
        _private(position).order_by("up_to").values_list("kind", "after", "up_to")
    ):
        found[StretchKind(kind)].append((after, up_to))
    return found


def _private(position: MemberPosition) -> QuerySet[PrivateStretch]:
    return PrivateStretch.objects.filter(
        conversation=position.conversation_id,
        recipient=position.recipient_id,
        since=position.since,
    )


def _save(stays: Sequence[Stay]) -> None:
    """Write what has changed: all positions in one statement."""
    changed = [stay.position for stay in stays if stay.is_changed]
    if changed:
        MemberPosition.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["conversation", "recipient", "since"],
            update_fields=_COLUMNS,
        )
    for stay in stays:
        if stay.stretches.is_changed:
            _private(stay.position).delete()
            PrivateStretch.objects.bulk_create(
                PrivateStretch(
                    conversation_id=stay.position.conversation_id,
                    recipient_id=stay.position.recipient_id,
                    since=stay.position.since,
                    kind=kind,
                    after=after,
                    up_to=up_to,
                )
                for kind, stretches in stay.stretches.of.items()
                for after, up_to in stretches
            )


@transaction.atomic
def conceal_positions(conversation_id: int, user_id: int) -> int:
    """Make a user's reads in a conversation private, of all stays (rule 13); return of how many."""
    stays = _stays(_of_user(conversation_id, user_id))
    concealed = [stay for those in stays.values() for stay in those if conceal(stay)]
    _save(concealed)
    return len(concealed)
