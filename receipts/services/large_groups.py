"""Large conversations: what sending, joining, leaving and accounts do to positions (rule 16).

All are called with the conversation, and the user where there is one, locked; each does nothing
where no positions are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from chat.models import Conversation, ConversationParticipant, Message, Tracking, User
from receipts.ledger.marks import Mark
from receipts.ledger.member_positions import (
    PositionMark,
    begin_positions,
    begin_stay,
    conceal_positions,
    end_stays,
    give_back_stays,
    mark_positions,
)
from receipts.models import Ended
from receipts.reads.by_position import last_by_position
from receipts.rules.tracking import is_large_group


def keep_positions(conversation_id: int, recipients: int, member_count: int | None) -> bool:
    """Whether positions are kept here; from the first message on that has too many recipients."""
    if member_count is None and is_large_group(recipients):
        begin_positions(conversation_id)
        return True
    return member_count is not None


def is_counted_large(member_count: int | None) -> bool:
    """Whether members are counted here, and are too many for a message to have rows."""
    return member_count is not None and is_large_group(member_count - 1)


def sender_has_reached(message: Message, mark: Mark) -> None:
    """Rule 9: what is before a new message is marked; so is itself, which is nobody's receipt."""
    reached: tuple[int, datetime] | None = message.pk, message.created_at
    if message.tracking != Tracking.BY_POSITION:
        reached = last_by_position(message.conversation_id, up_to=message.pk)
    if reached is not None:
        mark_up_to_position(message.conversation_id, message.sender_id, *reached, mark)


def mark_up_to_position(
    conversation_id: int, user_id: int, message_id: int, sent_at: datetime, mark: Mark
) -> bool:
    """Mark everything up to a message tracked by position; whether that was new for this one."""
    given = PositionMark(
        conversation_id=conversation_id,
        recipient_id=user_id,
        message_id=message_id,
        sent_at=sent_at,
        mark=mark,
    )
    [is_new] = mark_positions([given])
    return is_new


def has_joined(conversation: Conversation, user_id: int) -> None:
    """Somebody takes part again, or for the first time."""
    if conversation.member_count is None:
        return
    if User.objects.filter(pk=user_id, is_active=True).exists():
        begin_stay(conversation.pk, user_id)


def has_left(conversation: Conversation, user_id: int, *, was_active: bool) -> None:
    """Somebody takes part no more. ``was_active`` is their account."""
    if conversation.member_count is not None:
        end_stays(conversation.pk, user_id, was_counted=was_active)


def account_was_switched(user_id: int, *, on: bool) -> None:
    """An account was deactivated, or is active again (rule 2)."""
    for conversation, takes_part in _large_ones_of(user_id):
        if takes_part and on:
            give_back_stays(conversation, user_id)
        elif takes_part:
            end_stays(conversation, user_id, was_counted=True, ended=Ended.AWAY)


def account_was_closed(user_id: int, *, was_active: bool) -> None:
    """A user is forgotten: all their stays are over for good."""
    for conversation, takes_part in _large_ones_of(user_id):
        end_stays(conversation, user_id, was_counted=takes_part and was_active)


def mark_all_positions(user_id: int, mark: Mark, until: datetime) -> None:
    """Mark everything in all large conversations in which a user takes part (rule 8)."""
    for conversation, takes_part in _large_ones_of(user_id):
        last = last_by_position(conversation, until=until) if takes_part else None
        if last is not None:
            mark_up_to_position(conversation, user_id, *last, mark)


def retract_positions(user_id: int) -> int:
    """Make a user's reads in large conversations private; return in how many stays (rule 13)."""
    return sum(conceal_positions(pk, user_id) for pk, _ in _large_ones_of(user_id))


def _large_ones_of(user_id: int) -> Iterator[tuple[int, bool]]:
    found = ConversationParticipant.objects.filter(
        user=user_id, conversation__member_count__isnull=False
    )
    yield from list(found.order_by("conversation_id").values_list("conversation_id", "is_active"))
