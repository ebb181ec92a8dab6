"""The one direct conversation of two people: found, or made (``Conversation.pair``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.http import Http404

from chat.errors import Conflict, Invalid
from chat.models import Conversation, ConversationParticipant, Role, User
from receipts.services.locking import lock_users
from receipts.services.membership import add_participant
from receipts.sql.conversation_names import claim_names


def pair_of(one: int, other: int) -> str:
    """``Conversation.pair`` of two users, by their ids."""
    return f"{min(one, other)}-{max(one, other)}"


def make_conversation(roles: dict[int, str], fields: dict[str, Any]) -> Conversation:
    """Insert a conversation with these participants, whose users are locked."""
    conversation = Conversation.objects.create(**fields)
    ConversationParticipant.objects.bulk_create(
        ConversationParticipant(conversation=conversation, user_id=user, role=role)
        for user, role in roles.items()
    )
    claim_names([conversation])
    return conversation


def direct_conversation(
    *, members: tuple[User, User], joining: Iterable[User], **fields: Any
) -> tuple[Conversation, bool]:
    """The direct conversation of two people, made if there is none; and whether it is new.

    The same for all concurrent calls. Those of ``joining`` who have left take part again, as
    recipients of later messages only. ``fields`` are those of a conversation that is made: both are
    plain members of it. Raises ``Conflict`` if its ``external_id`` is taken, and ``Invalid`` for
    somebody who is banned.
    """
    one, other = members
    same = Conversation.objects.filter(pair=pair_of(one.pk, other.pk))
    found, created = same.first(), False
    if found is None:
        try:
            found, created = _find_or_make(members, fields)
        except IntegrityError as error:
            taken = Conversation.objects.filter(external_id=fields.get("external_id")).first()
            if taken is None:
                raise
            raise Conflict(
                f"Conversation {taken.pk} has this external_id, but other participants."
            ) from error
    if not created:
        joining = list(joining)
        try:
            _bring_back(found, joining)
        except Http404:  # deleted meanwhile, so that these two have none
            return direct_conversation(members=members, joining=joining, **fields)
    return found, created


@transaction.atomic
def _find_or_make(members: tuple[User, User], fields: dict[str, Any]) -> tuple[Conversation, bool]:
    """Under a lock on both, since every other call for the same two takes it as well."""
    ids = sorted(user.pk for user in members)
    lock_users(ids)
    pair = pair_of(*ids)
    if (found := Conversation.objects.filter(pair=pair).first()) is not None:
        return found, False
    roles = dict.fromkeys(ids, Role.MEMBER.value)
    return make_conversation(roles, {**fields, "kind": "direct", "pair": pair}), True


def _bring_back(conversation: Conversation, users: Iterable[User]) -> None:
    """Let those of ``users`` who have left take part again, each in a transaction of its own."""
    by_id = {user.pk: user for user in users}
    gone = ConversationParticipant.objects.filter(
        conversation=conversation, user__in=by_id, is_active=False
    )
    for pk in gone.order_by("user_id").values_list("user_id", flat=True):
        try:
            add_participant(conversation_id=conversation.pk, user=by_id[pk])
        except Invalid as error:
            raise Invalid("members", str(error)) from error
