"""Who takes part in a conversation: joining, leaving, being removed, roles, mutes and bans.

Each function locks the conversation and checks the permission of ``by`` under that lock, so that a
concurrent loss of a role takes effect. ``by`` is None for the application itself (``permissions``).
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models import QuerySet

from chat.errors import Invalid
from chat.models import Conversation, ConversationKind, ConversationParticipant, Role, User
from receipts.ledger.stamp import stamp
from receipts.ledger.undoing import withdrawal
from receipts.services.departures import deactivation_is_final, record_departures
from receipts.services.large_groups import has_joined, has_left
from receipts.services.locking import lock_conversation, lock_users
from receipts.services.permissions import (
    require_manager,
    require_manager_of,
    require_may_give_role,
    require_self,
)
from receipts.services.storing import time_in
from receipts.sql.run import lock_in_order


@transaction.atomic
def add_participant(
    *, conversation_id: int, user: User, role: str | None = None, by: User | None = None
) -> tuple[ConversationParticipant, bool]:
    """Add a user, or let them rejoin; return the participant, and whether they did not take part.

    They are a recipient of later messages only (rules 1 and 2). Raises ``Refused`` unless ``by``
    may manage the conversation and give the role; ``Invalid`` if it is direct and the user new to
    it, or if the user is banned from it.
    """
    lock_users([user.pk])
    conversation = lock_conversation(conversation_id)
    require_manager(by, conversation_id)
    require_may_give_role(by, conversation_id, role)
    members = ConversationParticipant.objects.filter(conversation=conversation, user=user)
    participant = members.first()
    if participant is None:
        if conversation.kind == ConversationKind.DIRECT:
            raise Invalid("user", "A direct conversation cannot get more participants.")
        participant = ConversationParticipant(conversation=conversation, user=user)
    elif participant.is_active:
        return participant, False
    elif participant.is_banned:
        raise Invalid("user", "This user is banned from the conversation.")
    participant.is_active, participant.left_at = True, None
    participant.joined_at = time_in(conversation_id)
    participant.role = role or Role.MEMBER
    if participant.pk is None:
        participant.save(force_insert=True)
    else:
        fields = ("is_active", "left_at", "joined_at", "role")
        members.update(**{field: getattr(participant, field) for field in fields})
    has_joined(conversation, user.pk)
    return participant, True


@transaction.atomic
def remove_participant(
    *, conversation_id: int, user: User, banned: bool = False, by: User | None = None
) -> bool:
    """End a user's participation: their rows without a disclosed read are withdrawn (rule 2).

    A ban also keeps them from rejoining, and can follow a leave. Returns whether anything changed.
    Raises ``Refused`` unless ``by`` is this user or may manage this participant.
    """
    conversation = lock_conversation(conversation_id)
    participants = ConversationParticipant.objects.filter(conversation=conversation)
    # With the account as it is under the lock, which switching it off takes, too.
    leaver = participants.filter(user=user).select_related("user").first()
    if leaver is None:
        return False
    if by is None or by.pk != user.pk:
        require_manager_of(by, leaver)
    own = participants.filter(pk=leaver.pk)
    if not leaver.is_active:
        return bool(banned and own.filter(is_banned=False).update(is_banned=True))
    now = time_in(conversation_id)
    if (heir := heir_of(leaver, conversation)) is not None:
        # Participants are locked before messages (rule 22).
        lock_in_order(participants.filter(pk__in=[leaver.pk, heir.pk]))
        participants.filter(pk=heir.pk).update(role=Role.OWNER)
    own.update(is_active=False, left_at=now, is_banned=banned)
    if not leaver.user.is_active:
        deactivation_is_final(user.pk, conversation_id)
    record_departures(own, now)
    has_left(conversation, user.pk, was_active=leaver.user.is_active)
    stamp(
        withdrawal(
            "status.recipient_id = %(recipient)s AND status.conversation_id = %(conversation)s",
            {"recipient": user.pk, "conversation": conversation_id, "at": now},
        ),
        conversation=conversation_id,
    )
    return True


@transaction.atomic
def change_participant(
    *,
    by: User | None,
    conversation_id: int,
    user: User,
    role: str | None = None,
    muted: bool | None = None,
    banned: bool | None = None,
    notifications: str | None = None,
) -> None:
    """Change a role, mute or ban, or the user's notifications; None leaves it unchanged.

    Raises ``Refused`` unless ``by`` may do so: managers may, and anyone may become a plain member.
    Notifications are changed by the user alone, or by the application for them.
    Raises ``Invalid`` if the conversation is direct, for the role of a former participant, and if
    a group would lose its only owner.
    """
    conversation = lock_conversation(conversation_id)
    participant = ConversationParticipant.objects.get(conversation=conversation, user=user)
    given = {"role": role, "muted": muted, "banned": banned}
    fields = {name: value for name, value in given.items() if value is not None}
    if notifications is not None:
        require_self(by, user.pk, "Only the user may change their notifications.")
    steps_down = by is not None and by.pk == user.pk and fields == {"role": Role.MEMBER.value}
    if (fields or notifications is None) and not steps_down:
        require_manager_of(by, participant)
        require_may_give_role(by, conversation_id, role)
    _check_change(conversation, participant, fields)
    if banned:
        remove_participant(conversation_id=conversation_id, user=user, banned=True)
    columns = {
        "role": role,
        "is_muted": muted,
        "is_banned": False if banned is False else None,
        "notifications_enabled": None if notifications is None else notifications == "on",
    }
    changed = {name: value for name, value in columns.items() if value is not None}
    if changed:
        members = ConversationParticipant.objects.filter(conversation=conversation)
        members.filter(pk=participant.pk).update(**changed)


def _check_change(
    conversation: Conversation, participant: ConversationParticipant, fields: Mapping[str, object]
) -> None:
    """Raise ``Invalid`` for a change that nobody may make."""
    if conversation.kind == ConversationKind.DIRECT:
        for field in fields:
            raise Invalid(field, "A direct conversation has no roles, mutes or bans.")
    if "role" not in fields:
        return
    if not participant.is_active:
        raise Invalid("role", "This user is not a participant of the conversation now.")
    is_owner_no_more = participant.role == Role.OWNER and fields["role"] != Role.OWNER
    if is_owner_no_more and not _owners(conversation).exclude(pk=participant.pk).exists():
        raise Invalid("role", "Give the group another owner first.")


def _owners(conversation: Conversation) -> QuerySet[ConversationParticipant]:
    return ConversationParticipant.objects.active().filter(
        conversation=conversation, role=Role.OWNER
    )


def heir_of(
    leaver: ConversationParticipant, conversation: Conversation
) -> ConversationParticipant | None:
    """The successor of a group's last owner: the longest-standing admin, or else member."""
    if conversation.kind == ConversationKind.DIRECT or leaver.role != Role.OWNER:
        return None
    others = ConversationParticipant.objects.active().filter(conversation=conversation)
    others = others.exclude(pk=leaver.pk)
    if others.filter(role=Role.OWNER).exists():
        return None
    # "admin" sorts before "member".
    return others.order_by("role", "joined_at", "pk").first()
