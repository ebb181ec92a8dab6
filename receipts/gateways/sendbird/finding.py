"""The channels, users and messages that a request names; 400201 if there is no such object."""

from __future__ import annotations

from chat.callers import users_by_name
from chat.ids import MAX_ID, whole_number
from chat.models import Conversation, Message, User
from chat.sql.compiled import CompiledQuery, instance_of, stored_columns
from receipts.gateways.sendbird.errors import SendbirdCode, SendbirdError, missing_object
from receipts.reads.messages import rows_of
from receipts.rules.rows import MessageRow

#: The ``channel_url`` of a conversation without an ``external_id`` is this and its id.
OWN_URL = "seenby_"

_COLUMNS = stored_columns(Conversation)
_NAMED = CompiledQuery(
    lambda url: Conversation.objects.present().filter(external_id=url).values(*_COLUMNS), url=str
)
_NUMBERED = CompiledQuery(
    lambda number: (
        Conversation.objects.present().filter(pk=number, external_id=None).values(*_COLUMNS)
    ),
    number=int,
)


def url_of_channel(conversation: Conversation) -> str:
    """A conversation's ``channel_url``: its ``external_id``, if it has one."""
    return conversation.external_id or f"{OWN_URL}{conversation.pk}"


def own_number(url: str) -> int | None:
    """The conversation's id in a ``channel_url`` that we made; None for any other."""
    return whole_number(url.removeprefix(OWN_URL), MAX_ID) if url.startswith(OWN_URL) else None


def channel_named(url: str) -> Conversation:
    """The conversation with this ``channel_url``."""
    row = _NAMED.first(url=url)
    if row is None and (number := own_number(url)) is not None:
        row = _NUMBERED.first(number=number)
    if row is None:
        raise missing_object("Channel")
    return instance_of(Conversation, row)


def user_named(username: str) -> User:
    """The user with this name, deactivated or not."""
    found = users_by_name([username]).get(username)
    if found is None:
        raise missing_object("User")
    return found


def users_named(usernames: list[str]) -> list[User]:
    """The users with these names, in one query; each must exist and be active."""
    users = users_by_name(usernames)
    if any(name not in users for name in usernames):
        raise missing_object("User")
    if not all(user.is_active for user in users.values()):
        raise SendbirdError(SendbirdCode.DEACTIVATED, "The user is deactivated.")
    return [users[name] for name in usernames]


class SenderMessageRow(MessageRow):
    """A message, with its sender's picture."""

    sender__avatar_url: str


_MESSAGE = CompiledQuery(
    lambda conversation, message: rows_of(
        Message.objects.filter(conversation=conversation, pk=message), SenderMessageRow
    ),
    conversation=int,
    message=int,
)


def message_in(conversation: Conversation, message_id: int) -> SenderMessageRow:
    """One message of a channel."""
    found = _MESSAGE.first(conversation=conversation.pk, message=message_id)
    if found is None:
        raise missing_object("Message")
    return found
