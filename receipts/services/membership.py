"""Who takes part: starting a conversation, joining, leaving, and accounts switched off and on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, QuerySet
from django.utils import timezone

from chat.errors import Invalid
from chat.models import (
    Conversation,
    ConversationKind,
    ConversationParticipant,
    Departure,
    Message,
    Role,
    User,
)
from receipts.ledger.stamp import stamp
from receipts.ledger.undoing import withdrawal


@transaction.atomic
def create_conversation(
    *, owner: User | None, participants: Iterable[User], **fields: Any
) -> Conversation:
    """Start a conversation of an owner, if it has one, and the other participants.

    Raises ``Invalid`` where a direct conversation is not of two people.
    """
    members = {user.pk: user for user in [owner, *participants] if user is not None}
    _lock_users(members)
    if fields["kind"] == ConversationKind.DIRECT and len(members) != 2:
        raise Invalid("participants", "A direct conversation is of two people.")
    conversation = Conversation.objects.create(**fields)
    ConversationParticipant.objects.bulk_create(
        ConversationParticipant(
            conversation=conversation,
            user=user,
            role=Role.OWNER if user == owner else Role.MEMBER,
        )
        for user in members.values()
    )
    return conversation


@transaction.atomic
def add_participant(
    *, conversation_id: int, user: User, role: str | None = None
) -> tuple[ConversationParticipant, bool]:
    """Let a user take part from now on, again or for the first time; whether that is news.

    They are a recipient of later messages only (rules 1 and 2). Raises ``Invalid`` where the
    conversation is direct, or the user was banned from it.
    """
    _lock_users([user.pk])
    conversation = hold(conversation_id)
    participant, created = ConversationParticipant.objects.get_or_create(
        conversation=conversation, user=user, defaults={"role": role or Role.MEMBER}
    )
    if created or not participant.is_active:
        if conversation.kind == ConversationKind.DIRECT and created:
            raise Invalid("user", "A direct conversation takes nobody else.")
        if participant.is_banned:
            raise Invalid("user", "This user is banned from the conversation.")
    if not created and not participant.is_active:
        participant.is_active, participant.left_at = True, None
        participant.joined_at = timezone.now()
        participant.role = role or Role.MEMBER
        participant.save(update_fields=["is_active", "left_at", "joined_at", "role"])
        return participant, True
    return participant, created


@transaction.atomic
def remove_participant(*, conversation_id: int, user: User, banned: bool = False) -> bool:
    """Take a user out: their rows without a disclosed read are withdrawn (rule 2).

    A ban also keeps them from coming back, and can follow a leave. Says whether anything changed.
    """
    conversation = hold(conversation_id)
    participants = ConversationParticipant.objects.filter(conversation=conversation)
    leaver = participants.filter(user=user).first()
    if leaver is None:
        return False
    own = participants.filter(pk=leaver.pk)
    if not leaver.is_active:
        return bool(banned and own.filter(is_banned=False).update(is_banned=True))
    now = timezone.now()
    if (heir := _heir(leaver, conversation)) is not None:
        # Participants before messages, and in the order of their ids (rule 22).
        both = participants.filter(pk__in=[leaver.pk, heir.pk]).order_by("pk")
        list(both.select_for_update(no_key=True).values_list("pk"))
        participants.filter(pk=heir.pk).update(role=Role.OWNER)
    own.update(is_active=False, left_at=now, is_banned=banned)
    _write_departures(own, now)
    stamp(
        withdrawal(
            "status.recipient_id = %(recipient)s AND status.conversation_id = %(conversation)s",
            {"recipient": user.pk, "conversation": conversation_id, "at": now},
        )
    )
    return True


def change_participant(
    participant: ConversationParticipant,
    *,
    role: str | None = None,
    muted: bool | None = None,
    banned: bool | None = None,
) -> None:
    """Give a role, mute, ban, or take a mute or ban back; what is None stays as it is.

    Must run while the conversation is held. Raises ``Invalid`` where the conversation is direct,
    for the role of somebody who takes no part, and where it would be left without an owner.
    """
    conversation = participant.conversation
    given = {"role": role, "muted": muted, "banned": banned}
    if conversation.kind == ConversationKind.DIRECT:
        for field in (name for name, value in given.items() if value is not None):
            raise Invalid(field, "A direct conversation has no roles, mutes or bans.")
    if role is not None and not participant.is_active:
        raise Invalid("role", "This user takes no part in the conversation now.")
    steps_down = participant.role == Role.OWNER and role not in (None, Role.OWNER)
    if steps_down and not _owners(conversation).exclude(pk=participant.pk).exists():
        raise Invalid("role", "Give the group another owner first.")
    if banned:
        remove_participant(conversation_id=conversation.pk, user=participant.user, banned=True)
    columns = {"role": role, "is_muted": muted, "is_banned": False if banned is False else None}
    changed = {name: value for name, value in columns.items() if value is not None}
    if changed:
        ConversationParticipant.objects.filter(pk=participant.pk).update(**changed)


def _owners(conversation: Conversation) -> QuerySet[ConversationParticipant]:
    return ConversationParticipant.objects.active().filter(
        conversation=conversation, role=Role.OWNER
    )


def _heir(
    leaver: ConversationParticipant, conversation: Conversation
) -> ConversationParticipant | None:
    """Whose a group is when its last owner leaves: the longest-standing admin's, else member's."""
    if conversation.kind == ConversationKind.DIRECT or leaver.role != Role.OWNER:
        return None
    others = ConversationParticipant.objects.active().filter(conversation=conversation)
    others = others.exclude(pk=leaver.pk)
    if others.filter(role=Role.OWNER).exists():
        return None
    # By name "admin" comes before "member".
    return others.order_by("role", "joined_at", "pk").first()


@transaction.atomic
def deactivate_user(*, user: User) -> bool:
    """Switch an account off: it receives nothing more, and is withdrawn everywhere (rule 2)."""
    now = timezone.now()
    changed = _switch(user, on=False)
    if changed:
        # Locked, so that whoever makes reads private meanwhile sees that the account is off.
        own = ConversationParticipant.objects.filter(user=user)
        list(own.order_by("pk").select_for_update(no_key=True).values_list("pk"))
        _write_departures(own.filter(is_active=True), now)
        stamp(withdrawal("status.recipient_id = %(recipient)s", {"recipient": user.pk, "at": now}))
    return changed


@transaction.atomic
def reactivate_user(*, user: User) -> bool:
    """Switch an account on again: a recipient of later messages only (rule 2)."""
    return _switch(user, on=True)


def _write_departures(participants: QuerySet[ConversationParticipant], at: datetime) -> None:
    """What had been sent when they stopped taking part; their conversations are held."""
    newest = Message.objects.filter(conversation=OuterRef("conversation")).order_by("-pk")
    found = participants.annotate(newest=newest.values("pk")[:1])
    Departure.objects.bulk_create(
        (
            Departure(conversation_id=conversation, user_id=user, up_to=up_to, at=at)
            for conversation, user, up_to in found.values_list(
                "conversation_id", "user_id", "newest"
            )
            if up_to is not None
        ),
        ignore_conflicts=True,
    )


def _switch(user: User, *, on: bool) -> bool:
    """No send is under way meanwhile: it counts its recipients, and then writes them."""
    _lock_users([user.pk])
    joined = Conversation.objects.filter(participants__user=user).order_by("pk")
    list(joined.select_for_update(no_key=True, of=("self",)).values_list("pk"))
    user.is_active = on
    return bool(User.objects.filter(pk=user.pk, is_active=not on).update(is_active=on))


def _lock_users(ids: Iterable[int]) -> None:
    """Nobody joins anything, and no account is switched off, while its row is held."""
    users = User.objects.filter(pk__in=list(ids)).order_by("pk")
    list(users.select_for_update(no_key=True).values_list("pk"))


def hold(conversation_id: int) -> Conversation:
    """Hold a conversation to the transaction's end: nobody sends, joins or leaves; marks go on."""
    return Conversation.objects.select_for_update(no_key=True).get(pk=conversation_id)
