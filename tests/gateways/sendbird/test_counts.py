"""Sendbird's lists and counts: who sees how much is unread, with how many statements."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, User
from receipts import services
from tests.support.cast import STAMP, say
from tests.support.sendbird import Sendbird, url_of


@pytest.fixture
def quiet_bob(bob: User) -> User:
    """Bob, who has read receipts switched off."""
    bob.read_receipts_enabled = False
    bob.save()
    return bob


def answers(sendbird: Sendbird, group: Conversation, message: int) -> list[Any]:
    """Everything that can be requested, except bob's own unread counts."""
    path = f"/group_channels/{url_of(group)}"
    shown = "show_read_receipt=True&show_delivery_receipt=True&show_member=True"
    paths = [
        "/users/bob",
        f"/group_channels?{shown}",
        f"/users/alice/my_group_channels?{shown}",
        f"{path}?{shown}",
        f"{path}?{shown}&user_id=alice",
        f"{path}/members?{shown}",
        f"{path}/members/bob",
        f"{path}/messages",
        f"{path}/messages/{message}",
        f"{path}/messages/total_count",
        f"{path}/messages/unread_count",
        f"{path}/messages/unread_count?user_ids=bob",
        "/users/alice?include_unread_count=true",
    ]
    found = [sendbird.get(each) for each in paths]
    for each in found:
        each.pop("ts", None)
    return found


def test_a_private_read_is_a_delivery_in_every_answer(
    sendbird: Sendbird, group: Conversation, alice: User, quiet_bob: User
) -> None:
    """Rule 13: only bob's own counts differ from a delivery; the response to the mark does not."""
    message = say(alice, group).pk
    path = f"/group_channels/{url_of(group)}/messages"
    sendbird.put(f"{path}/mark_as_delivered", {"user_id": "bob"})
    before = answers(sendbird, group, message)
    assert sendbird.put(f"{path}/mark_as_read", {"user_id": "bob"}) == {}
    assert answers(sendbird, group, message) == before
    assert sendbird.get("/users/bob/unread_message_count") == {"unread_count": 0}
    body = {"user_id": "bob", "message_id": message, "is_excluded": True}
    assert sendbird.put(f"{path}/mark_as_read", body)["unread_message_count"] == 1
    assert answers(sendbird, group, message) == before


def test_an_open_read_is_told_everywhere(
    sendbird: Sendbird, group: Conversation, alice: User, bob: User
) -> None:
    """The queries in the test of private reads would show a read."""
    message = say(alice, group).pk
    path = f"/group_channels/{url_of(group)}/messages"
    sendbird.put(f"{path}/mark_as_delivered", {"user_id": "bob"})
    before = answers(sendbird, group, message)
    sendbird.put(f"{path}/mark_as_read", {"user_id": "bob"})
    after = answers(sendbird, group, message)
    changed = [number for number in range(len(before)) if before[number] != after[number]]
    assert changed == [1, 2, 3, 4, 5, 7, 8, 10, 11]


def test_members_counts_are_what_others_may_know(
    sendbird: Sendbird, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Rules 10, 13, 15: a private read is none, and unread again is not for others."""
    messages = [say(alice, group) for _ in range(3)]
    say(alice, group, request_receipts=False)
    path = f"/group_channels/{url_of(group)}/messages"
    carol.read_receipts_enabled = False
    carol.save()
    assert sendbird.get(f"{path}/unread_count", user_ids="bob,carol") == {
        "unread": {"bob": 3, "carol": 3}
    }
    for name in ("bob", "carol"):
        sendbird.put(f"{path}/mark_as_read", {"user_id": name})
    body = {"user_id": "bob", "message_id": messages[0].pk, "is_excluded": True}
    assert sendbird.put(f"{path}/mark_as_read", body)["unread_message_count"] == 4
    assert sendbird.get(f"{path}/unread_count") == {"unread": {"alice": 0, "bob": 0, "carol": 3}}


def test_a_users_own_counts(
    sendbird: Sendbird, group: Conversation, direct: Conversation, alice: User, bob: User
) -> None:
    """Messages, channels, items, and together with the user."""
    say(alice, group)
    say(alice, group)
    say(alice, direct)
    assert sendbird.get("/users/bob/unread_message_count", super_mode="all") == {"unread_count": 3}
    assert sendbird.get("/users/bob/unread_channel_count") == {"unread_count": 2}
    keys = "group_channel_unread_message_count,group_channel_invitation_count"
    items = sendbird.get("/users/bob/unread_item_count", item_keys=keys)
    assert list(items.values()) == [3, 0]
    assert len(sendbird.get("/users/bob/unread_item_count")) == 9
    for spelling in ("True", "true"):
        user = sendbird.get("/users/bob", include_unread_count=spelling)
        assert (user["unread_message_count"], user["unread_channel_count"]) == (3, 2)
    for spelling in ("False", "false"):
        assert "unread_message_count" not in sendbird.get(
            "/users/bob", include_unread_count=spelling
        )


def test_lists_of_channels(sendbird: Sendbird, alice: User, bob: User, carol: User) -> None:
    """Pages by token, filtered by user, unread, URLs and members."""
    made = [
        services.create_conversation(
            owner=alice, participants=[bob if n % 2 else carol], kind="group", external_id=f"c{n}"
        )
        for n in range(5)
    ]
    say(alice, made[1])

    def urls(path: str, **query: Any) -> list[str]:
        return [each["channel_url"] for each in sendbird.get(path, **query)["channels"]]

    page = sendbird.get("/group_channels", limit=3)
    assert [each["channel_url"] for each in page["channels"]] == ["c4", "c3", "c2"]
    last = sendbird.get("/group_channels", limit=3, token=page["next"])
    assert [each["channel_url"] for each in last["channels"]] == ["c1", "c0"]
    assert (last["next"], type(last["ts"])) == ("", int)
    assert urls("/group_channels", order="latest_last_message")[0] == "c1"
    assert urls("/group_channels", channel_urls="c0,c3") == ["c3", "c0"]
    assert urls("/group_channels", members_include_in="alice,bob") == ["c3", "c1"]
    assert urls("/group_channels", show_empty=False) == ["c1"]
    assert urls("/users/bob/my_group_channels") == ["c3", "c1"]
    assert urls("/users/bob/my_group_channels", unread_filter="unread_message") == ["c1"]
    assert urls("/users/bob/my_group_channels", member_state_filter="invited_only") == []
    mine = sendbird.get("/users/bob/my_group_channels")["channels"]
    assert [each["unread_message_count"] for each in mine] == [0, 1]


@pytest.mark.parametrize("channels", [1, 100])
def test_a_list_of_channels_with_everything(
    sendbird: Sendbird, alice: User, bob: User, statements: Any, channels: int
) -> None:
    """Goal: a constant number. The key, the user, the page, its messages and their times, what is
    unread, the receipts, the members.
    """
    for _ in range(channels):
        say(alice, services.create_conversation(owner=alice, participants=[bob], kind="group"))
    shown = {"show_read_receipt": True, "show_delivery_receipt": True, "show_member": True}
    with statements() as counted:
        page = sendbird.get("/users/bob/my_group_channels", limit=100, **shown)
    assert [each["read_receipt"].keys() for each in page["channels"]] == [{"alice"}] * channels
    assert len(counted) == 8


@pytest.mark.one_server
def test_a_mark(sendbird: Sendbird, group: Conversation, alice: User, statements: Any) -> None:
    """The key, the channel, the position, the lock, the watermark, the stamp."""
    say(alice, group)
    Conversation.objects.update(external_id="ch1")
    with statements() as counted:
        sendbird.put("/group_channels/ch1/messages/mark_as_read", {"user_id": "bob"})
    assert len(counted) == 5 + STAMP
