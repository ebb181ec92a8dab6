"""Sendbird's shapes: every field has the type that the models of its SDKs require."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chat.models import Conversation, ConversationParticipant, Role, Tracking, User
from receipts.gateways.sendbird.finding import SenderMessageRow, url_of_channel
from receipts.gateways.sendbird.times import NEVER, Times
from receipts.gateways.unixtime import milliseconds, unix_seconds
from receipts.reads.answers import shows_receipts, summary_for

#: The types of messages: of a member, and of the application.
TEXT_MESSAGE, ADMIN_MESSAGE = "MESG", "ADMM"
_OPERATORS = (Role.OWNER, Role.ADMIN)


def sendbird_user(user: User) -> dict[str, Any]:
    """A user. Fields that Seenby does not store are present and empty."""
    return {
        "user_id": user.username,
        "nickname": user.display_name,
        "profile_url": user.avatar_url,
        "require_auth_for_profile_image": False,
        "metadata": {},
        "access_token": "",
        "has_ever_logged_in": False,
        "is_active": user.is_active,
        "is_online": False,
        "last_seen_at": -1,
        "created_at": unix_seconds(user.created_at),
        "discovery_keys": [],
        "preferred_languages": [],
    }


def sendbird_member(participant: ConversationParticipant, times: Times | None) -> dict[str, Any]:
    """A member, with their times if these are given; 0 means never."""
    user = participant.user
    shape = {
        "user_id": user.username,
        "nickname": user.display_name,
        "profile_url": user.avatar_url,
        "require_auth_for_profile_image": False,
        "metadata": {},
        "is_active": user.is_active,
        "is_online": False,
        "last_seen_at": -1,
        "state": "joined",
        "role": "operator" if participant.role in _OPERATORS else "",
        "is_muted": participant.is_muted,
        "is_blocked_by_me": False,
        "is_blocking_me": False,
        "friend_name": "",
    }
    if times is None:
        return shape
    return shape | {"delivered_ts": times.delivered or 0, "read_ts": times.read or 0}


def sendbird_sender(row: Mapping[str, Any]) -> dict[str, Any]:
    """A sender, from the columns of a message."""
    return {
        "user_id": row["sender__username"],
        "nickname": row["sender__display_name"],
        "profile_url": row["sender__avatar_url"],
        "metadata": {},
    }


def message_type(row: SenderMessageRow) -> str:
    """Whether a message is a member's, or the application's."""
    return ADMIN_MESSAGE if row["tracking"] == Tracking.SYSTEM else TEXT_MESSAGE


def shown_text(row: SenderMessageRow) -> str:
    """The text of a message; that of a removed one is empty."""
    return "" if row["deleted_at"] is not None else row["body"]


def sendbird_message(
    row: SenderMessageRow, conversation: Conversation, caller: User
) -> dict[str, Any]:
    """A message. Its field ``seenby`` is our own: its receipts in one object."""
    shape: dict[str, Any] = {
        "type": message_type(row),
        "message_id": row["id"],
        "message": shown_text(row),
        "data": "",
        "custom_type": "",
        "file": {},
        "created_at": milliseconds(row["created_at"]),
        "updated_at": milliseconds(row["edited_at"]) if row["edited_at"] else 0,
        "channel_type": "group_channels",
        "channel_url": url_of_channel(conversation),
        "user": sendbird_sender(row),
        "mention_type": "users",
        "mentioned_users": [],
        "is_removed": row["deleted_at"] is not None,
        "is_op_msg": False,
        "silent": False,
        "message_survival_seconds": -1,
        "translations": {},
        "sorted_metaarray": [],
        "parent_message_id": row["thread_id"] or 0,
        "is_reply_to_channel": False,
        "seenby": summary_for(row, caller) if shows_receipts(row, caller) else None,
    }
    if shape["type"] == ADMIN_MESSAGE:  # an admin message has no sender
        del shape["user"]
    return shape


def sendbird_channel(conversation: Any, unread_count: int) -> dict[str, Any]:
    """A channel, from a conversation that is annotated with its number of members."""
    return {
        "channel_url": url_of_channel(conversation),
        "name": conversation.title,
        "cover_url": "",
        "data": "",
        "custom_type": "",
        "created_at": unix_seconds(conversation.created_at),
        "created_by": None,
        "inviter": None,
        "member_count": conversation.members,
        "joined_member_count": conversation.members,
        "max_length_message": -1,
        "unread_message_count": unread_count,
        "unread_mention_count": 0,
        "is_distinct": conversation.pair is not None,
        "is_public": False,
        "is_super": False,
        "is_broadcast": False,
        "is_exclusive": False,
        "is_ephemeral": False,
        "is_access_code_required": False,
        "is_discoverable": False,
        "freeze": False,
        "ignore_profanity_filter": False,
        "message_survival_seconds": -1,
        "metadata": {},
        "last_message": None,
    }


def receipt_maps(
    times: Mapping[str, Times], *, delivered: bool, read: bool
) -> dict[str, dict[str, int]]:
    """The requested maps. Users who never received or read anything are omitted."""
    maps = {}
    if delivered:
        maps["delivery_receipt"] = {
            name: each.delivered for name, each in times.items() if each.delivered is not None
        }
    if read:
        maps["read_receipt"] = {
            name: each.read for name, each in times.items() if each.read is not None
        }
    return maps


def sendbird_members(
    participants: list[ConversationParticipant], times: Mapping[str, Times] | None
) -> list[dict[str, Any]]:
    """Members in the given order, with their times if these are given."""
    return [
        sendbird_member(each, None if times is None else times.get(each.user.username, NEVER))
        for each in participants
    ]
