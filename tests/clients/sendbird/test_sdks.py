"""Both SDKs through a conversation's life; after each step the native API tells the same facts."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from tests.clients.sendbird.conftest import Sdk
from tests.clients.server import Seenby

_NUMBERS = count(1)


class Channel:
    """A channel of three people of its own, made by either SDK."""

    def __init__(self, seenby: Seenby, new: Sdk) -> None:
        number = next(_NUMBERS)
        self.seenby, self.new, self.url = seenby, new, f"test/{number} ü"
        self.alice, self.bob, self.carol = (f"{who}{number}" for who in ("alice", "bob", "carol"))
        for name in (self.alice, self.bob, self.carol):
            new("create_a_user", ["CreateAUserRequest", {"user_id": name, "nickname": name}])
        fields = {
            "users": [["SendbirdUser", {"user_id": self.alice}]],
            "user_ids": [self.bob, self.carol],
            "channel_url": self.url,
            "operator_ids": [self.alice],
        }
        made = new("create_a_group_channel", ["CreateAGroupChannelRequest", fields])
        assert (made["channel_url"], made["member_count"]) == (self.url, 3)

    def say(self, text: str = "hello", **fields: Any) -> Any:
        body = {"message_type": "MESG", "user_id": self.alice, "message": text, **fields}
        return self.new(
            "send_a_message", ["SendAMessageRequest", body],
            channel_type="group_channels", channel_url=self.url,
        )  # fmt: skip

    def status(self, message: Any) -> Any:
        """The message's receipts, by the native API."""
        return self.seenby.native("GET", f"/messages/{message['message_id']}/status/")

    def maps(self) -> tuple[dict[str, int], dict[str, int]]:
        """Who has received, and who has read, as the client sees it."""
        shown = {"show_read_receipt": True, "show_delivery_receipt": True, "show_member": True}
        found = self.new("get_a_group_channel", channel_url=self.url, **shown)
        return found["delivery_receipt"], found["read_receipt"]


@pytest.fixture
def channel(seenby: Seenby, new: Sdk) -> Channel:
    return Channel(seenby, new)


def test_delivered_then_read(channel: Channel, new: Sdk, old: Sdk) -> None:
    """Send, deliver, read: the times pass the client's own test, the counts are the native ones."""
    first, second = channel.say("first"), channel.say("second")
    assert first["created_at"] < second["created_at"]
    body = {"application_id": "APP", "channel_url": channel.url, "user_id": channel.bob}
    marked = ["GcMarkAllMessagesAsDeliveredData", body]
    told = old("gc_mark_all_messages_as_delivered", marked, channel_url=channel.url)
    delivered, read = channel.maps()
    assert told["ts"] == delivered[channel.bob] >= second["created_at"]
    assert channel.bob not in read
    assert channel.status(second)["summary_text"] == "Delivered to 1 of 2"
    repeat = old("gc_mark_all_messages_as_delivered", marked, channel_url=channel.url)
    assert "ts" not in repeat

    mark = ["MarkChannelMessagesAsReadRequest", {"user_id": channel.bob}]
    for _ in range(2):
        assert new("mark_channel_messages_as_read", mark, channel_url=channel.url) == {}
    assert channel.maps()[1][channel.bob] >= second["created_at"]
    assert channel.carol not in channel.maps()[1]
    assert channel.status(first)["summary_text"] == "Read by 1 of 2"

    third = channel.say("third")
    assert channel.maps()[1][channel.bob] < third["created_at"]
    fields = {"user_id": channel.bob, "channel_url": channel.url, "timestamp": third["created_at"]}
    mark = ["GcMarkAllMessagesAsReadData", fields]
    old("gc_mark_all_messages_as_read", mark, channel_url=channel.url)
    assert channel.maps()[1][channel.bob] >= third["created_at"]
    assert channel.status(third)["read_count"] == 1


def test_a_native_mark_up_to_an_older_message(channel: Channel, seenby: Seenby) -> None:
    """What was marked here is what the client sees there."""
    messages = [channel.say() for _ in range(3)]
    pk = channel.status(messages[0])["conversation"]
    body = {"user": channel.bob, "up_to_message": messages[1]["message_id"]}
    seenby.native("POST", f"/conversations/{pk}/mark-read/", body)
    read = channel.maps()[1][channel.bob]
    assert [read >= each["created_at"] for each in messages] == [True, True, False]


def test_counts(channel: Channel, new: Sdk, old: Sdk) -> None:
    """Unread of a user, of members, in items, and in all of it after reading everything."""
    for _ in range(3):
        channel.say()
    mine = {"user_id": channel.bob}
    assert new("view_number_of_unread_messages", **mine) == {"unread_count": 3}
    assert new("view_number_of_channels_with_unread_messages", **mine) == {"unread_count": 1}
    assert old("view_number_of_unread_items", **mine)["group_channel_unread_message_count"] == 3
    call = "gc_view_number_of_each_members_unread_messages"
    named = {"channel_url": channel.url, "user_ids": f"{channel.alice},{channel.bob}"}
    unread = old(call, **named)["unread"]
    assert unread == {channel.alice: 0, channel.bob: 3}
    new("mark_all_messages_as_read", ["MarkAllMessagesAsReadRequest", {}], **mine)
    assert new("view_number_of_unread_messages", **mine) == {"unread_count": 0}
    body = {"channel_urls": [channel.url]}
    old("mark_all_messages_as_read", ["MarkAllMessagesAsReadData", body], user_id=channel.carol)
    user = new("view_a_user", user_id=channel.carol, include_unread_count=True)
    assert user["unread_message_count"] == 0
    counted = new(
        "get_total_number_of_messages_in_a_channel",
        channel_type="group_channels",
        channel_url=channel.url,
    )
    assert counted == {"total": 3}


def test_who_leaves_counts_no_more(channel: Channel, new: Sdk, seenby: Seenby) -> None:
    """Rule 2, seen from both sides."""
    message = channel.say()
    body = ["LeaveAChannelRequest", {"user_ids": [channel.carol]}]
    assert new("leave_a_channel", body, channel_url=channel.url) == {}
    named = {"channel_url": channel.url, "user_id": channel.carol}
    assert new("check_if_member", **named) == {"is_member": False, "state": "none"}
    assert channel.status(message)["total_recipients"] == 1
    body = ["InviteAsMembersRequest", {"user_ids": [channel.carol]}]
    assert new("invite_as_members", body, channel_url=channel.url)["member_count"] == 3
    body = ["JoinAChannelRequest", {"user_id": channel.carol}]
    assert new("join_a_channel", body, channel_url=channel.url)["member_count"] == 3
    members = new("list_members", channel_url=channel.url, limit=2, show_read_receipt=True)
    rest = new("list_members", channel_url=channel.url, limit=2, token=members["next"])
    assert len(members["members"] + rest["members"]) == 3
    assert channel.status(message)["total_recipients"] == 1


def test_lists(channel: Channel, new: Sdk, old: Sdk) -> None:
    """Channels by page, messages around a point."""
    messages = [channel.say(f"{number}") for number in range(4)]
    shown = {"show_read_receipt": True, "show_delivery_receipt": True, "show_member": True}
    page = new("list_channels", limit=1, **shown)
    assert [each["channel_url"] for each in page["channels"]] == [channel.url]
    assert old("gc_list_channels", limit=1, **shown)["channels"][0]["channel_url"] == channel.url
    mine = new("list_my_group_channels", user_id=channel.bob, **shown)
    assert [each["unread_message_count"] for each in mine["channels"]] == [4]
    around = {"channel_type": "group_channels", "channel_url": channel.url}
    ts = messages[2]["created_at"]
    found = new("list_messages", message_ts=ts, message_id=0, prev_limit=1, next_limit=1, **around)
    assert [each["message"] for each in found["messages"]] == ["1", "2", "3"]
    found = old("list_messages", message_ts=str(ts), prev_limit=1, include=False, **around)
    assert [each["message"] for each in found["messages"]] == ["1", "3"]
    one = {**around, "message_id": messages[0]["message_id"]}
    assert new("delete_a_message", **one) == {}
    assert new("get_a_message", **one)["is_removed"] is True


def test_refusals(channel: Channel, new: Sdk, old: Sdk) -> None:
    """Each SDK raises what it raises at the vendor's, with the vendor's code."""
    assert new.refused("view_a_user", user_id="nobody") == 400201
    assert old.refused("view_user_by_id", user_id="nobody") == 400201
    assert new.refused("get_a_group_channel", channel_url="missing") == 400201
    body = ["MarkChannelMessagesAsReadRequest", {}]
    assert new.refused("mark_channel_messages_as_read", body, channel_url=channel.url) == 400105
    body = ["CreateAUserRequest", {"user_id": channel.bob, "nickname": "B"}]
    assert new.refused("create_a_user", body) == 400202
    assert new.refused("view_a_user", user_id=channel.bob, api_token="sk_wrong") == 400108


def test_a_distinct_channel_of_two_is_one(channel: Channel, new: Sdk) -> None:
    """Whoever asks; the native direct conversation."""
    fields = {"is_distinct": True, "users": [], "channel_url": "", "operator_ids": []}
    made = [
        new("create_a_group_channel", ["CreateAGroupChannelRequest", {**fields, "user_ids": two}])
        for two in ([channel.alice, channel.bob], [channel.bob, channel.alice])
    ]
    assert made[0]["channel_url"] == made[1]["channel_url"]
    assert made[0]["is_distinct"] is True
    body = {"members": [channel.alice, channel.bob]}
    native = channel.seenby.native("PUT", "/conversations/by-members/", body)
    assert native["unread_count"] == 0
    assert made[0]["channel_url"] == f"seenby_{native['id']}"


def test_an_admin_message_is_unread_by_nobody(channel: Channel, new: Sdk, old: Sdk) -> None:
    """A system line of the native API."""
    sent = channel.say("Dave has left.", message_type="ADMM")
    assert sent["type"] == "ADMM"
    assert new("view_number_of_unread_messages", user_id=channel.bob) == {"unread_count": 0}
    assert channel.status(sent)["tracked"] is False
    found = old(
        "list_messages",
        channel_type="group_channels",
        channel_url=channel.url,
        message_ts=str(sent["created_at"]),
        prev_limit=1,
    )
    assert [each["message"] for each in found["messages"]] == ["Dave has left."]


def test_a_thread(channel: Channel, new: Sdk, old: Sdk) -> None:
    """A reply is in its thread, and its parent counts it; the native API says the same."""
    root = channel.say("who brings tea?")
    reply = channel.say("I do", user_id=channel.bob, parent_message_id=root["message_id"])
    assert (root["parent_message_id"], reply["parent_message_id"]) == (0, root["message_id"])
    around = {"channel_type": "group_channels", "channel_url": channel.url}
    shown = {"include_thread_info": True, "include_parent_message_info": True}
    point = {"message_ts": root["created_at"], "message_id": 0, "next_limit": 9}
    found = new("list_messages", include_reply_type="NONE", **point, **around, **shown)["messages"]
    assert [each["message"] for each in found] == ["who brings tea?"]
    info = found[0]["thread_info"]
    assert (info["reply_count"], info["last_replied_at"]) == (1, reply["created_at"])
    assert [each["user_id"] for each in info["most_replies"]] == [channel.bob]
    found = new("list_messages", include_reply_type="ALL", **point, **around, **shown)["messages"]
    assert [each["message"] for each in found] == ["who brings tea?", "I do"]
    parent = found[1]["parent_message_info"]
    assert (parent["message"], parent["user"]["user_id"]) == ("who brings tea?", channel.alice)
    seen = old("list_messages", message_ts=str(root["created_at"]), next_limit=9, **around)
    assert [each["parent_message_id"] for each in seen["messages"]] == [0]
    native = channel.seenby.native("GET", f"/messages/{root['message_id']}/")
    assert (native["reply_count"], native["last_reply"]) == (1, reply["message_id"])
    assert new("view_number_of_unread_messages", user_id=channel.alice) == {"unread_count": 1}
    body = {"message_type": "MESG", "user_id": channel.bob, "message": "x"}
    body["parent_message_id"] = reply["message_id"]
    assert new.refused("send_a_message", ["SendAMessageRequest", body], **around) == 400111
