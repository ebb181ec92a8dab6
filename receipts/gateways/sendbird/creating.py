"""A new channel, from what either SDK says of it."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError

from chat.models import Conversation, ConversationKind, User
from receipts import services
from receipts.api.bodies import NewConversation
from receipts.api.fields import checked
from receipts.gateways.sendbird.base import own_number, people
from receipts.gateways.sendbird.errors import Code, SendbirdError
from receipts.gateways.sendbird.reading import MOST_WORDS, Given


def create_channel(body: Given) -> Conversation:
    """Create a channel of these members, some of them operators; its url is given once."""
    members, operators = people(_members(body)), people(body.words("operator_ids"))
    fields = _fields(body)
    try:
        return _create(fields, members, operators)
    except IntegrityError as error:
        raise SendbirdError(Code.EXISTS, '"channel_url" already exists.') from error


def _members(body: Given) -> list[str]:
    """``user_ids``, and ``users`` beside it: names, or objects as the newer SDK sends them."""
    users = body.values.get("users") or []
    if not isinstance(users, list):
        raise SendbirdError(Code.NOT_LIST, '"users" must be a list.')
    if len(users) > MOST_WORDS:
        raise SendbirdError(Code.TOO_LONG, f'"users" may hold {MOST_WORDS} at most.')
    names = [Given(each).text("user_id") if isinstance(each, dict) else each for each in users]
    named = body.words("user_ids") + Given({"users": names}).words("users")
    return list(dict.fromkeys(named))


def _fields(body: Given) -> dict[str, Any]:
    """Under our names, checked as the native API checks them."""
    url = body.text("channel_url", "") or None
    if url is not None and own_number(url) is not None:
        raise SendbirdError(Code.INVALID, '"channel_url" may not look like one that is made here.')
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
