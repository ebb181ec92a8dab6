"""What Sendbird's clients are answered: every field of the type that their models demand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chat.models import Conversation, ConversationParticipant, Role, User
from receipts.gateways.sendbird.base import SenderMessageRow, url_of
from receipts.gateways.sendbird.clock import message_times, seconds
from receipts.gateways.sendbird.times import NEVER, Times
from receipts.reads.answers import summary_for
from receipts.rules.disclosure import discloses_receipts

_OPERATORS = (Role.OWNER, Role.ADMIN)


def user_shape(user: User) -> dict[str, Any]:
    """A user. What Seenby keeps nothing of is there, and empty."""
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
        "created_at": seconds(user.created_at),
        "discovery_keys": [],
        "preferred_languages": [],
    }


def member_shape(participant: ConversationParticipant, times: Times | None) -> dict[str, Any]:
    """A member; ``times`` where they were asked for, 0 for what never happened."""
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


def message_shapes(
    rows: list[SenderMessageRow], conversation: Conversation, caller: User
) -> list[dict[str, Any]]:
    """Messages of one channel, from their columns."""
    ids = [row["id"] for row in rows]
    times = message_times([(conversation.pk, min(ids), max(ids))]) if ids else {}
    return [message_shape(row, times[row["id"]], conversation, caller) for row in rows]


def message_shape(
    row: SenderMessageRow, created_at: int, conversation: Conversation, caller: User
) -> dict[str, Any]:
    """A message, with a field of ours: ``seenby``, its receipts in one object."""
    removed = row["deleted_at"] is not None
    return {
        "type": "MESG",
        "message_id": row["id"],
        "message": "" if removed else row["body"],
        "data": "",
        "custom_type": "",
        "file": {},
        "created_at": created_at,
        "updated_at": 0,
        "channel_type": "group_channels",
        "channel_url": url_of(conversation),
        "user": {
            "user_id": row["sender__username"],
            "nickname": row["sender__display_name"],
            "profile_url": row["sender__avatar_url"],
            "metadata": {},
        },
        "mention_type": "users",
        "mentioned_users": [],
        "is_removed": removed,
        "is_op_msg": False,
        "silent": False,
        "message_survival_seconds": -1,
        "translations": {},
        "sorted_metaarray": [],
        "seenby": summary_for(row, caller) if discloses_receipts(row, caller) else None,
    }


def channel_shape(conversation: Any, unread_count: int) -> dict[str, Any]:
    """A channel from a conversation that is annotated with its number of members."""
    return {
        "channel_url": url_of(conversation),
        "name": conversation.title,
        "cover_url": "",
        "data": "",
        "custom_type": "",
        "created_at": seconds(conversation.created_at),
        "created_by": None,
        "inviter": None,
        "member_count": conversation.members,
        "joined_member_count": conversation.members,
        "max_length_message": -1,
        "unread_message_count": unread_count,
        "unread_mention_count": 0,
        "is_distinct": False,
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
    """The maps that were asked for. Who never received or read anything is left out."""
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


def members_shape(
    participants: list[ConversationParticipant], times: Mapping[str, Times] | None
) -> list[dict[str, Any]]:
    """Members in the order in which they are; with their times where these were asked for."""
    return [
        member_shape(each, None if times is None else times.get(each.user.username, NEVER))
        for each in participants
    ]
