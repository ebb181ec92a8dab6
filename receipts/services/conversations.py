"""Conversations: creating one, creating it once for an ``external_id``, and changing it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction

from chat.errors import Conflict, Invalid
from chat.models import Conversation, ConversationKind, ConversationParticipant, Role, User
from receipts.services.locking import lock_conversation, lock_users
from receipts.services.permissions import require_manager


@transaction.atomic
def create_conversation(
    *,
    owner: User | None,
    participants: Iterable[User],
    admins: Iterable[User] = (),
    **fields: Any,
) -> Conversation:
    """Create a conversation with an optional owner, admins and other participants.

    Raises ``Invalid`` unless a direct conversation has exactly two participants.
    """
    admins = list(admins)
    members = [user for user in (owner, *participants, *admins) if user is not None]
    roles = dict.fromkeys((user.pk for user in members), Role.MEMBER)
    roles |= dict.fromkeys((user.pk for user in admins), Role.ADMIN)
    if owner is not None:
        roles[owner.pk] = Role.OWNER
    lock_users(roles)
    if fields["kind"] == ConversationKind.DIRECT and len(roles) != 2:
        raise Invalid("participants", "A direct conversation has two participants.")
    conversation = Conversation.objects.create(**fields)
    ConversationParticipant.objects.bulk_create(
        ConversationParticipant(conversation=conversation, user_id=user, role=role)
        for user, role in roles.items()
    )
    return conversation


def create_once(
    *, owner: User | None, participants: list[User], **fields: Any
) -> tuple[Conversation, bool]:
    """Create a conversation, or return the one with its ``external_id``; and whether it is new.

    Identical concurrent calls return the same conversation. Raises ``Conflict`` if the existing one
    differs from the call, and ``Invalid`` like ``create_conversation``.
    """
    external_id = fields.get("external_id")
    same = Conversation.objects.filter(external_id=external_id)
    found = None if external_id is None else same.first()
    if found is None:
        try:
            created = create_conversation(owner=owner, participants=participants, **fields)
            return created, True
        except IntegrityError:
            if external_id is None or (found := same.first()) is None:
                raise
    _check_same(found, owner, participants, fields)
    return found, False


@transaction.atomic
def change_conversation(*, by: User | None, conversation_id: int, **fields: Any) -> None:
    """Change the given fields. Raises ``Refused`` unless ``by`` may manage the conversation.

    Locked first, so that a manager who is demoted meanwhile has no say any more.
    """
    lock_conversation(conversation_id)
    require_manager(by, conversation_id)
    if fields:
        Conversation.objects.filter(pk=conversation_id).update(**fields)


def _check_same(
    conversation: Conversation,
    owner: User | None,
    participants: list[User],
    fields: dict[str, Any],
) -> None:
    """Raise ``Conflict`` if an existing conversation differs from the requested one."""
    if conversation.deleted_at is not None:
        raise Conflict(
            f"Conversation {conversation.pk}, which has this external_id, is being deleted."
            " The external_id is free when that is finished."
        )
    differs = [name for name, value in fields.items() if getattr(conversation, name) != value]
    rows = ConversationParticipant.objects.active().filter(conversation=conversation)
    roles = dict(rows.values_list("user_id", "role"))
    if {pk for pk, role in roles.items() if role == Role.OWNER} != ({owner.pk} if owner else set()):
        differs.append("owner")
    if roles.keys() != {user.pk for user in [owner, *participants] if user is not None}:
        differs.append("participants")
    if differs:
        raise Conflict(
            f"Conversation {conversation.pk} has this external_id, but differs from the request"
            f" in: {', '.join(differs)}."
        )
