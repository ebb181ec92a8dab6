"""Who may change a conversation, its participants and messages; services check this themselves.

``by`` is the user for whom a service runs. None is the application itself: commands, the admin,
which has its own permissions, and gateways, which act with a service account's key. For None and
for service accounts nothing is refused, and no query runs.
"""

from __future__ import annotations

from django.db.models import QuerySet

from chat.errors import Refused
from chat.models import (
    Conversation,
    ConversationKind,
    ConversationParticipant,
    Message,
    Role,
    Tracking,
    User,
)

_MANAGERS = (Role.OWNER, Role.ADMIN)


def require_manager(by: User | None, conversation_id: int) -> None:
    """Raise ``Refused`` unless ``by`` is the conversation's owner or one of its admins."""
    if not is_application(by) and _role_of(by, conversation_id) not in _MANAGERS:
        raise Refused("Only its owner and admins may change a conversation.")


def require_may_delete_conversation(by: User | None, conversation: Conversation) -> None:
    """Raise ``Refused`` unless ``by`` is the owner of the group."""
    if is_application(by):
        return
    if conversation.kind == ConversationKind.DIRECT:
        raise Refused("Only a service account may delete a direct conversation.")
    if _role_of(by, conversation.pk) != Role.OWNER:
        raise Refused("Only its owner may delete a conversation.")


def require_manager_of(by: User | None, participant: ConversationParticipant) -> None:
    """Raise ``Refused`` unless ``by`` manages this participant: admins members, owners anyone."""
    if is_application(by):
        return
    role = _role_of(by, participant.conversation_id)
    if role == Role.OWNER or (role == Role.ADMIN and participant.role == Role.MEMBER):
        return
    raise Refused("Admins manage members; only the owner manages admins.")


def require_may_give_role(by: User | None, conversation_id: int, role: str | None) -> None:
    """Raise ``Refused`` if anyone but the owner gives a role other than member."""
    if role in (None, Role.MEMBER) or is_application(by):
        return
    if _role_of(by, conversation_id) != Role.OWNER:
        raise Refused("Only the owner gives roles.")


def require_self(by: User | None, user_id: int, why: str) -> None:
    """Raise ``Refused``, saying ``why``, unless ``by`` is this user."""
    if by is not None and not is_application(by) and by.pk != user_id:
        raise Refused(why)


def deletable_by(by: User | None) -> QuerySet[Message]:
    """The messages that ``by`` may delete: their own; moderators may delete any.

    A system line is nobody's own: a service account wrote it, whomever it names as its sender.
    """
    if by is None or by.sees_everything:
        return Message.objects.all()
    return Message.objects.filter(sender=by).exclude(tracking=Tracking.SYSTEM)


def require_may_edit(by: User | None, sender_id: int, tracking: str) -> None:
    """Raise ``Refused`` unless ``by`` sent the message; moderators edit nobody's text."""
    if is_application(by):
        return
    if tracking == Tracking.SYSTEM:
        raise Refused("Only a service account may edit a system line.")
    if by is None or by.pk != sender_id:
        raise Refused("Only its sender may edit a message.")


def require_may_restore(by: User | None) -> None:
    """Raise ``Refused`` unless ``by`` is a moderator."""
    if by is not None and not by.sees_everything:
        raise Refused("Only a moderator may restore a message.")


def is_application(by: User | None) -> bool:
    """Whether a service runs for the application itself, for which nothing is refused."""
    return by is None or by.is_service


def _role_of(user: User | None, conversation_id: int) -> str | None:
    """The role of a current participant; None for other users."""
    mine = ConversationParticipant.objects.filter(
        conversation=conversation_id, user=user, is_active=True
    )
    return mine.values_list("role", flat=True).first()
