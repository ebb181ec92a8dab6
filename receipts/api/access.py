"""Who may change a conversation and its participants."""

from __future__ import annotations

from collections.abc import Mapping

from chat.errors import Refused
from chat.models import Conversation, ConversationParticipant, Role, User

_MANAGERS = (Role.OWNER, Role.ADMIN)


def role_of(user: User, conversation: Conversation) -> str | None:
    """The user's current role, or None if they do not take part."""
    mine = ConversationParticipant.objects.filter(
        conversation=conversation, user=user, is_active=True
    )
    return mine.values_list("role", flat=True).first()


def may_manage(user: User, conversation: Conversation) -> None:
    """Raise ``Refused`` unless the user is its owner, an admin or a service account."""
    if not user.is_service and role_of(user, conversation) not in _MANAGERS:
        raise Refused("Only its owner and admins may change a conversation.")


def may_manage_participant(
    user: User, conversation: Conversation, target: ConversationParticipant
) -> None:
    """Raise ``Refused`` unless: admins manage members; owner and service accounts everybody."""
    if user.is_service:
        return
    role = role_of(user, conversation)
    if role == Role.OWNER or (role == Role.ADMIN and target.role == Role.MEMBER):
        return
    raise Refused("Admins manage members; only the owner manages admins.")


def may_give_role(user: User, conversation: Conversation, role: str | None) -> None:
    """Raise ``Refused`` for a role above member, except from the owner or a service account."""
    if role in (None, Role.MEMBER) or user.is_service:
        return
    if role_of(user, conversation) != Role.OWNER:
        raise Refused("Only the owner may assign roles.")


def steps_down(user: User, target: ConversationParticipant, fields: Mapping[str, object]) -> bool:
    """Whether a user only gives up their own role, which needs no permission."""
    return target.user_id == user.pk and dict(fields) == {"role": Role.MEMBER.value}
