"""Who may change a conversation and its participants."""

from __future__ import annotations

from collections.abc import Mapping

from chat.errors import Refused
from chat.models import Conversation, ConversationParticipant, Role, User

_MANAGERS = (Role.OWNER, Role.ADMIN)


def role_of(user: User, conversation: Conversation) -> str | None:
    """The part a user takes now, or None."""
    mine = ConversationParticipant.objects.filter(
        conversation=conversation, user=user, is_active=True
    )
    return mine.values_list("role", flat=True).first()


def may_manage(user: User, conversation: Conversation) -> None:
    """Its owner, its admins and service accounts manage a conversation; others are refused."""
    if not user.is_service and role_of(user, conversation) not in _MANAGERS:
        raise Refused("Only its owner and admins may change a conversation.")


def may_manage_participant(
    user: User, conversation: Conversation, target: ConversationParticipant
) -> None:
    """Admins manage members; the owner manages everybody, and so does a service account."""
    if user.is_service:
        return
    role = role_of(user, conversation)
    if role == Role.OWNER or (role == Role.ADMIN and target.role == Role.MEMBER):
        return
    raise Refused("Admins manage members; only the owner manages admins.")


def may_give_role(user: User, conversation: Conversation, role: str | None) -> None:
    """Roles beyond plain membership are the owner's, or a service account's, to give."""
    if role in (None, Role.MEMBER) or user.is_service:
        return
    if role_of(user, conversation) != Role.OWNER:
        raise Refused("Only the owner gives roles.")


def steps_down(user: User, target: ConversationParticipant, fields: Mapping[str, object]) -> bool:
    """Whether somebody only gives up a role of their own, which nobody has to allow."""
    return target.user_id == user.pk and dict(fields) == {"role": Role.MEMBER.value}
