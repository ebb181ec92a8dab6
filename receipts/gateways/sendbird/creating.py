"""Creating a channel, from the fields that either SDK sends."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError

from chat.errors import Conflict
from chat.models import Conversation, ConversationKind, User
from receipts import services
from receipts.api.bodies import NewConversation
from receipts.api.fields import checked
from receipts.gateways.sendbird.errors import SendbirdCode, SendbirdError
from receipts.gateways.sendbird.finding import own_number, users_named
from receipts.gateways.sendbird.reading import MOST_WORDS, BodyFields


def create_channel(body: BodyFields) -> Conversation:
    """Create a channel with members and operators; 400202 if its url already exists.

    A distinct channel of two users is their direct conversation, which may exist already. Of others
    there can be several with the same members.
    """
    members, operators = users_named(_members(body)), users_named(body.words("operator_ids"))
    fields = _fields(body)
    everybody = list({user.pk: user for user in (*members, *operators)}.values())
    try:
        if body.flag("is_distinct") and len(everybody) == 2:
            one, other = everybody
            return services.direct_conversation(
                members=(one, other),
                joining=everybody,
                external_id=fields["external_id"],
                title=fields["title"],
            )[0]
        return _create(fields, members, operators)
    except (IntegrityError, Conflict) as error:
        raise SendbirdError(SendbirdCode.EXISTS, '"channel_url" already exists.') from error


def _members(body: BodyFields) -> list[str]:
    """``user_ids`` and ``users``: usernames, or objects as the newer SDK sends them."""
    users = body.values.get("users") or []
    if not isinstance(users, list):
        raise SendbirdError(SendbirdCode.NOT_LIST, '"users" must be a list.')
    if len(users) > MOST_WORDS:
        raise SendbirdError(SendbirdCode.TOO_LONG, f'"users" may hold {MOST_WORDS} at most.')
    names = [BodyFields(each).text("user_id") if isinstance(each, dict) else each for each in users]
    named = body.words("user_ids") + BodyFields({"users": names}).words("users")
    return list(dict.fromkeys(named))


def _fields(body: BodyFields) -> dict[str, Any]:
    """A new conversation in our field names, checked as the native API checks it."""
    url = body.text("channel_url", "") or None
    if url is not None and own_number(url) is not None:
        raise SendbirdError(
            SendbirdCode.INVALID, '"channel_url" may not look like one that is made here.'
        )
    fields: dict[str, Any] = {
        "external_id": url,
        "title": body.text("name", ""),
        "participants": [],
    }
    found = checked(NewConversation, {"kind": ConversationKind.GROUP.value, **fields})
    return {**found, "kind": ConversationKind.GROUP}


def _create(fields: dict[str, Any], members: list[User], operators: list[User]) -> Conversation:
    del fields["participants"]
    return services.create_conversation(
        owner=None, participants=members, admins=operators, **fields
    )
