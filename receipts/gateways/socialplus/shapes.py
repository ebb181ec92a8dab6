"""social.plus' shapes: the fields that its SDK requires, from our rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chat.models import Conversation, ConversationKind, Message, User
from receipts.gateways.frame import conversation_name
from receipts.gateways.socialplus.segments import segment_of
from receipts.gateways.socialplus.topics import path_of_feed, path_of_user
from receipts.reads.answers import message_shape, shows_receipts, summary_for
from receipts.rules.rows import MessageRow


class FeedMessageRow(MessageRow):
    """A message, with the columns of its feed's name and of its sender."""

    conversation__external_id: str | None
    conversation__kind: str
    sender__avatar_url: str
    sender__is_active: bool


#: A mark's answer may have markers for the SDK to store; it requests counts by itself.
NO_MARKERS: dict[str, list[Any]] = {
    "userMarkers": [],
    "userEntityMarkers": [],
    "userFeedMarkers": [],
}

#: Its word for a conversation of each kind.
CHANNEL_TYPES: dict[str, str] = {
    ConversationKind.DIRECT: "conversation",
    ConversationKind.GROUP: "community",
}


def socialplus_user_row(
    pk: int, username: str, name: str, avatar_url: str, is_active: bool
) -> dict[str, Any]:
    """A user, from columns."""
    return {
        "_id": str(pk),
        "path": path_of_user(pk),
        "userId": username,
        "userInternalId": str(pk),
        "userPublicId": username,
        "displayName": name or username,
        "avatarCustomUrl": avatar_url,
        "isBrand": False,
        "isGlobalBan": False,
        "isDeleted": not is_active,
    }


def socialplus_user(user: User) -> dict[str, Any]:
    """A user, from a model instance."""
    return socialplus_user_row(
        user.pk, user.username, user.display_name, user.avatar_url, user.is_active
    )


def feed_name(row: FeedMessageRow) -> str:
    """The name of the feed that a message is in."""
    return conversation_name(row["conversation__external_id"], row["conversation_id"])


def socialplus_message(row: FeedMessageRow, user: User) -> dict[str, Any]:
    """A message from its columns, as ``user`` may see it.

    Its field ``seenby`` is our own: its receipts in one object. The SDK passes it through, and
    shows a message that is watched alone anew when it changes; it does not when only counts do.
    """
    shown = message_shape(row, user)
    feed = feed_name(row)
    return {
        "messageId": str(shown["id"]),
        "messageFeedId": feed,
        "channelId": feed,
        "channelPublicId": feed,
        "channelType": CHANNEL_TYPES[row["conversation__kind"]],
        "path": f"{path_of_feed(feed)}/message/{shown['id']}",
        "creatorId": str(row["sender_id"]),
        "creatorPublicId": shown["sender"],
        "dataType": "text",
        "data": {"text": shown["body"]},
        "segment": segment_of(shown["created_at"]),
        "referenceId": shown["client_id"],
        "createdAt": shown["created_at"],
        "updatedAt": shown["deleted_at"] or shown["edited_at"] or shown["created_at"],
        **({"editedAt": shown["edited_at"]} if shown["edited_at"] else {}),
        "isDeleted": shown["deleted_at"] is not None,
        "childCount": 0,
        "reactionCount": 0,
        "reactions": {},
        "myReactions": [],
        "mentionedUsers": [],
        "flagCount": 0,
        "tags": [],
        "metadata": {},
        "seenby": shown["receipts"],
    }


def feed_shape(conversation: Conversation, newest: Message | None, *, count: int) -> dict[str, Any]:
    """A feed, with its newest message and the number of its messages that are not deleted."""
    name = conversation_name(conversation.external_id, conversation.pk)
    return {
        "messageFeedId": name,
        "channelId": name,
        "channelPublicId": name,
        "channelType": CHANNEL_TYPES[conversation.kind],
        "name": conversation.title,
        "path": path_of_feed(name),
        "childCount": count,
        "lastMessageId": None if newest is None else str(newest.pk),
        "lastMessageTimestamp": None if newest is None else newest.created_at,
        "isDeleted": False,
        "createdAt": conversation.created_at,
        "updatedAt": conversation.created_at,
    }


def message_listing(rows: Iterable[FeedMessageRow], user: User) -> dict[str, Any]:
    """Messages, with their senders and their counts, which the SDK stores with them."""
    rows = list(rows)
    creators = {
        row["sender_id"]: socialplus_user_row(
            row["sender_id"],
            row["sender__username"],
            row["sender__display_name"],
            row["sender__avatar_url"],
            row["sender__is_active"],
        )
        for row in rows
    }
    return {
        "messages": [socialplus_message(row, user) for row in rows],
        "users": list(creators.values()),
        "files": [],
        "reactions": [],
        "messageFeeds": [],
        "contentMarkers": content_markers(rows, user),
    }


def content_markers(rows: Iterable[FeedMessageRow], user: User) -> list[dict[str, Any]]:
    """The counts of the messages whose receipts ``user`` may see; others are omitted."""
    return [_content_marker(row, user) for row in rows if shows_receipts(row, user)]


def _content_marker(row: FeedMessageRow, user: User) -> dict[str, Any]:
    summary = summary_for(row, user)
    return {
        "feedId": feed_name(row),
        "contentId": str(row["id"]),
        # The SDK finds a message's counts by this id, not by the username.
        "creatorId": str(row["sender_id"]),
        "readCount": summary["read_count"],
        "deliveredCount": summary["delivered_count"],
        "createdAt": row["created_at"],
        "updatedAt": row["created_at"],
    }
