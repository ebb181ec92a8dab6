"""Conversations: creating one, creating it once for a name or for two people, and changing it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction

from chat.errors import Conflict, Invalid
from chat.models import Conversation, ConversationKind, ConversationParticipant, Role, User
from receipts.services.direct import make_conversation, pair_of
from receipts.services.locking import lock_conversation, lock_users
from receipts.services.permissions import require_manager
from receipts.sql.conversation_names import claim_name


@transaction.atomic
def create_conversation(
    *,
    owner: User | None,
    participants: Iterable[User],
    admins: Iterable[User] = (),
    **fields: Any,
) -> Conversation:
    """Create a conversation with an optional owner, admins and other participants.

    Raises ``Invalid`` unless a direct conversation has exactly two participants, and
    ``IntegrityError`` if these have one already, or if the ``external_id`` is taken.
    """
    admins = list(admins)
    members = [user for user in (owner, *participants, *admins) if user is not None]
    roles = dict.fromkeys((user.pk for user in members), Role.MEMBER.value)
    roles |= dict.fromkeys((user.pk for user in admins), Role.ADMIN.value)
    if owner is not None:
        roles[owner.pk] = Role.OWNER.value
    lock_users(roles)
    if fields["kind"] == ConversationKind.DIRECT:
        if len(roles) != 2:
            raise Invalid("participants", "A direct conversation has two participants.")
        fields["pair"] = pair_of(*roles)
    return make_conversation(roles, fields)


def create_once(
    *,
    owner: User | None,
    participants: list[User],
    owner_is_named: bool = True,
    **fields: Any,
) -> tuple[Conversation, bool]:
    """Create a conversation, or return the one that it would repeat; and whether it is new.

    That is the one with its ``external_id``, or else the direct conversation of its two people.
    Identical concurrent calls return the same conversation. Raises ``Conflict`` if the existing one
    differs from the call, and ``Invalid`` like ``create_conversation``. The owner of a direct
    conversation counts only if ``owner_is_named``.
    """
    people = [user for user in (owner, *participants) if user is not None]
    found = _existing(fields, people)
    if found is None:
        try:
            created = create_conversation(owner=owner, participants=participants, **fields)
            return created, True
        except IntegrityError:
            if (found := _existing(fields, people)) is None:
                raise
    _check_same(found, owner, people, fields, owner_is_named=owner_is_named)
    return found, False


def _existing(fields: dict[str, Any], people: list[User]) -> Conversation | None:
    """The conversation that has this name, or is the direct one of these two people."""
    external_id, ids = fields.get("external_id"), {user.pk for user in people}
    if external_id is not None:
        named = Conversation.objects.filter(external_id=external_id).first()
        if named is not None:
            return named
    if fields["kind"] != ConversationKind.DIRECT or len(ids) != 2:
        return None
    return Conversation.objects.filter(pair=pair_of(*ids)).first()


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
    people: list[User],
    fields: dict[str, Any],
    *,
    owner_is_named: bool,
) -> None:
    """Raise ``Conflict`` if an existing conversation differs from the requested one.

    One that was found by its people gets the requested ``external_id`` if it has none.
    """
    if conversation.deleted_at is not None:
        raise Conflict(
            f"Conversation {conversation.pk}, which has this external_id, is being deleted."
            " The external_id is free when that is finished."
        )
    asked = fields.get("external_id")
    by_name = asked is not None and conversation.external_id == asked
    unnamed = conversation.external_id is None and not by_name
    differs = [
        name
        for name, value in fields.items()
        if getattr(conversation, name) != value
        and not (name == "external_id" and (unnamed or asked is None))
    ]
    rows = ConversationParticipant.objects.active().filter(conversation=conversation)
    roles = dict(rows.values_list("user_id", "role"))
    owners = {pk for pk, role in roles.items() if role == Role.OWNER}
    if (by_name or owner_is_named) and owners != ({owner.pk} if owner else set()):
        differs.append("owner")
    if roles.keys() != {user.pk for user in people}:
        differs.append("participants")
    if not differs and unnamed and asked is not None and not _name(conversation, asked):
        differs.append("external_id")
    if differs:
        why = "has this external_id" if by_name else "is the direct conversation of these two"
        if "external_id" in differs and conversation.external_id is not None:
            why += f", with the external_id {conversation.external_id!r}"
        raise Conflict(
            f"Conversation {conversation.pk} {why}, but differs from the request"
            f" in: {', '.join(differs)}."
        )


def _name(conversation: Conversation, external_id: str) -> bool:
    """Give a conversation its name, unless it or another one got one meanwhile."""
    unnamed = Conversation.objects.present().filter(pk=conversation.pk, external_id=None)
    try:
        with transaction.atomic():
            named = bool(unnamed.update(external_id=external_id))
            if named:
                claim_name(conversation.pk, external_id)
            return named
    except IntegrityError:
        return False
