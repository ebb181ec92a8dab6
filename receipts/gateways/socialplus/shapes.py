"""What its SDK cannot do without, from our rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chat.models import ConversationKind, User
from receipts.gateways.translating import name_of
from receipts.reads.answers import message_shape, summary_for
from receipts.rules.disclosure import discloses_receipts
from receipts.rules.rows import MessageRow, columns_of


class FeedMessageRow(MessageRow):
    """A message, with what its feed's name and its sender's record are made of."""

    conversation__external_id: str | None
    conversation__kind: str
    sender__avatar_url: str
    sender__is_active: bool


COLUMNS = columns_of(FeedMessageRow)

#: A mark's answer may name markers that the SDK then keeps; it asks for counts by itself.
NO_MARKERS: dict[str, list[Any]] = {
    "userMarkers": [],
    "userEntityMarkers": [],
    "userFeedMarkers": [],
}


def person(pk: int, username: str, name: str, avatar_url: str, is_active: bool) -> dict[str, Any]:
    """A user."""
    return {
        "_id": str(pk),
        "userId": username,
        "userInternalId": str(pk),
        "userPublicId": username,
        "displayName": name or username,
        "avatarCustomUrl": avatar_url,
        "isBrand": False,
        "isGlobalBan": False,
        "isDeleted": not is_active,
    }


def person_of(user: User) -> dict[str, Any]:
    """A user, from their record."""
    return person(user.pk, user.username, user.display_name, user.avatar_url, user.is_active)


def feed_of(row: FeedMessageRow) -> str:
    """The feed that a message of these ``COLUMNS`` is in."""
    return name_of(row["conversation__external_id"], row["conversation_id"])


def message(row: FeedMessageRow, user: User) -> dict[str, Any]:
    """A message from its ``COLUMNS``, as ``user`` may see it."""
    shown = message_shape(row, user)
    feed = feed_of(row)
    direct = row["conversation__kind"] == ConversationKind.DIRECT
    return {
        "messageId": str(shown["id"]),
        "messageFeedId": feed,
        "channelId": feed,
        "channelPublicId": feed,
        "channelType": "conversation" if direct else "community",
        "creatorId": str(row["sender_id"]),
        "creatorPublicId": shown["sender"],
        "dataType": "text",
        "data": {"text": shown["body"]},
        "segment": shown["id"],
        "referenceId": shown["client_id"],
        "createdAt": shown["created_at"],
        "updatedAt": shown["deleted_at"] or shown["created_at"],
        "isDeleted": shown["deleted_at"] is not None,
        "childCount": 0,
        "reactionCount": 0,
        "reactions": {},
        "myReactions": [],
        "mentionedUsers": [],
        "flagCount": 0,
        "tags": [],
        "metadata": {},
    }


def messages(rows: Iterable[FeedMessageRow], user: User) -> dict[str, Any]:
    """Messages, with those who wrote them."""
    rows = list(rows)
    creators = {
        row["sender_id"]: person(
            row["sender_id"],
            row["sender__username"],
            row["sender__display_name"],
            row["sender__avatar_url"],
            row["sender__is_active"],
        )
        for row in rows
    }
    return {
        "messages": [message(row, user) for row in rows],
        "users": list(creators.values()),
        "files": [],
        "reactions": [],
        "messageFeeds": [],
    }


def content_markers(rows: Iterable[FeedMessageRow], user: User) -> list[dict[str, Any]]:
    """The counts of those messages whose receipts ``user`` may see."""
    return [_content_marker(row, user) for row in rows if discloses_receipts(row, user)]


def _content_marker(row: FeedMessageRow, user: User) -> dict[str, Any]:
    summary = summary_for(row, user)
    return {
        "feedId": feed_of(row),
        "contentId": str(row["id"]),
        # The SDK looks counts up by this one, not by the username.
        "creatorId": str(row["sender_id"]),
        "readCount": summary["read_count"],
        "deliveredCount": summary["delivered_count"],
        "createdAt": row["created_at"],
        "updatedAt": row["created_at"],
    }
