"""The addresses that Sendbird's SDKs call, without trailing slashes.

A ``channel_url`` may contain slashes. Encoded ones are told from separators (``chat.addresses``);
where they are not encoded, longer addresses are matched first.
"""

from __future__ import annotations

from typing import Any

from django.urls import re_path

from receipts.gateways.frame import unknown_address
from receipts.gateways.sendbird.base import SendbirdView
from receipts.gateways.sendbird.channels import Channels, OneChannel, UserChannels
from receipts.gateways.sendbird.counts import (
    UnreadChannels,
    UnreadItems,
    UnreadMessages,
    UnreadOfMembers,
)
from receipts.gateways.sendbird.marks import MarkAllRead, MarkDelivered, MarkRead
from receipts.gateways.sendbird.members import Invite, Join, Leave, Members, OneMember
from receipts.gateways.sendbird.messages import Messages, OneMessage, TotalCount
from receipts.gateways.sendbird.users import OneUser, Users

_USER = r"users/(?P<user_id>[^/\x00-\x1e\x7f]+)"
_CHANNEL = r"group_channels/(?P<channel_url>[^\x00-\x1e\x7f]+?)"


_METHODS = ("get", "post", "put", "delete")


def _at(address: str, view: type[SendbirdView]) -> Any:
    methods: dict[str, Any] = {name: name for name in _METHODS if hasattr(view, name)}
    return re_path(rf"^v3/{address}\Z", view.as_view(methods))


_unknown = unknown_address(SendbirdView, "There is nothing at this address.", is_open=False)


urlpatterns = [
    _at("users", Users),
    _at(_USER, OneUser),
    _at(f"{_USER}/my_group_channels", UserChannels),
    _at(f"{_USER}/mark_as_read_all", MarkAllRead),
    _at(f"{_USER}/unread_message_count", UnreadMessages),
    _at(f"{_USER}/unread_channel_count", UnreadChannels),
    _at(f"{_USER}/unread_item_count", UnreadItems),
    _at("group_channels", Channels),
    _at(rf"{_CHANNEL}/messages/mark_as_(?:read|read_all)", MarkRead),
    _at(f"{_CHANNEL}/messages/mark_as_delivered", MarkDelivered),
    _at(f"{_CHANNEL}/messages/unread_count", UnreadOfMembers),
    _at(f"{_CHANNEL}/messages/total_count", TotalCount),
    _at(rf"{_CHANNEL}/messages/(?P<message_id>[0-9]+|ext:[^/\x00-\x1e\x7f]+)", OneMessage),
    _at(f"{_CHANNEL}/messages", Messages),
    _at(rf"{_CHANNEL}/members/(?P<user_id>[^/\x00-\x1e\x7f]+)", OneMember),
    _at(f"{_CHANNEL}/members", Members),
    _at(f"{_CHANNEL}/invite", Invite),
    _at(f"{_CHANNEL}/join", Join),
    _at(f"{_CHANNEL}/leave", Leave),
    _at(_CHANNEL, OneChannel),
    re_path(r"^v3(?:/|\Z)", _unknown),
]
