"""Marks through Sendbird's API, and the maps from which its clients see who has read what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, ConversationParticipant, Message, User
from receipts.gateways.unixtime import milliseconds
from tests.support.cast import say
from tests.support.sendbird import Sendbird, has_read, url_of

SPELLINGS = ["mark_as_read", "mark_as_read_all"]


def marked(sendbird: Sendbird, group: Conversation, how: str, **body: Any) -> Any:
    return sendbird.put(f"/group_channels/{url_of(group)}/messages/{how}", body)


def covered(sendbird: Sendbird, group: Conversation, username: str) -> list[bool]:
    """By the client's own test, whether a user has read each message."""
    receipts = sendbird.channel(group)["read_receipt"]
    messages = sendbird.get(f"/group_channels/{url_of(group)}/messages")["messages"]
    return [has_read(receipts, username, message) for message in messages]


@pytest.mark.parametrize("how", SPELLINGS)
def test_a_read_is_the_same_fact_in_both_apis(
    sendbird: Sendbird, api: Any, group: Conversation, alice: User, bob: User, how: str
) -> None:
    """Both forms are the bulk mark of rule 7; repeats change nothing (rule 5)."""
    message = say(alice, group)
    for _ in range(4):
        assert marked(sendbird, group, how, user_id="bob", channel_url="x", extra=[1]) == {}
    summary = api(alice).get(f"/messages/{message.pk}/status/")
    assert summary["summary_text"] == "Read by 1 of 2"
    assert covered(sendbird, group, "bob") == [True]
    assert covered(sendbird, group, "carol") == [False]


@pytest.mark.parametrize("state", ["delivered", "read"])
def test_a_private_delivery_is_in_no_map(
    sendbird: Sendbird, group: Conversation, alice: User, bob: User, state: str
) -> None:
    """Rule 13: until an open read, which is the delivery, too."""
    switches = {"delivery_receipts_enabled": False, "read_receipts_enabled": state != "read"}
    User.objects.filter(pk=bob.pk).update(**switches)
    say(alice, group)
    before = sendbird.channel(group)
    assert marked(sendbird, group, f"mark_as_{state}", user_id="bob") == {}
    assert sendbird.channel(group) == before
    User.objects.filter(pk=bob.pk).update(read_receipts_enabled=True)
    say(alice, group)
    marked(sendbird, group, "mark_as_read", user_id="bob")
    channel = sendbird.channel(group)
    assert ("bob" in channel["delivery_receipt"]) is (state == "delivered")


def test_a_delivery_tells_its_time_where_that_moved(
    sendbird: Sendbird, api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """``ts`` only if the value changed; it is equal to the map's."""
    message = say(alice, group)
    told = marked(sendbird, group, "mark_as_delivered", user_id="bob", application_id="APP")
    channel = sendbird.channel(group)
    assert told == {"ts": channel["delivery_receipt"]["bob"]}
    assert told["ts"] >= milliseconds(message.created_at)
    assert "bob" not in channel["read_receipt"]
    for _ in range(3):
        assert marked(sendbird, group, "mark_as_delivered", user_id="bob") == {}
    assert api(alice).get(f"/messages/{message.pk}/status/")["delivered_count"] == 1
    say(alice, group)
    assert marked(sendbird, group, "mark_as_delivered", user_id="bob")["ts"] >= told["ts"]


def test_who_never_received_anything_is_left_out(
    sendbird: Sendbird, group: Conversation, alice: User
) -> None:
    """Not null, not 0; and sending is an event of the sender's (rule 9)."""
    assert sendbird.channel(group)["delivery_receipt"] == {}
    say(alice, group)
    channel = sendbird.channel(group)
    assert channel["delivery_receipt"].keys() == channel["read_receipt"].keys() == {"alice"}
    assert "read_receipt" not in sendbird.get(f"/group_channels/{url_of(group)}")
    path = f"/group_channels/{url_of(group)}/members"
    members = {
        each["user_id"]: (each["read_ts"] > 0, each["delivered_ts"] > 0)
        for each in sendbird.get(path, show_read_receipt=True)["members"]
    }
    assert members == {"alice": (True, True), "bob": (False, False), "carol": (False, False)}


def test_a_native_mark_up_to_an_older_message_covers_no_newer_one(
    sendbird: Sendbird, api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """The client's test is true exactly for the messages that the watermark covers."""
    messages = [say(alice, group) for _ in range(5)]
    for number, message in enumerate(messages):
        body = {"up_to_message": message.pk}
        api(bob).post(f"/conversations/{group.pk}/mark-read/", body)
        assert covered(sendbird, group, "bob") == [n <= number for n in range(5)]


def test_a_message_within_the_same_moment_as_the_mark_is_not_read(
    sendbird: Sendbird, group: Conversation, alice: User, bob: User
) -> None:
    """The next message may have the same millisecond as the mark."""
    say(alice, group, sent_at=timezone.now() - timedelta(seconds=1))
    marked(sendbird, group, "mark_as_read", user_id="bob")
    at = ConversationParticipant.objects.get(user=bob).last_read_at
    assert at
    message = say(alice, group)
    Message.objects.filter(pk=message.pk).update(created_at=at)
    assert covered(sendbird, group, "bob") == [True, False]


def test_a_timestamp_reads_no_further(
    sendbird: Sendbird, group: Conversation, alice: User, bob: User
) -> None:
    """The older SDK's ``timestamp``: messages before it; it sends 0 for no time."""
    now = timezone.now()
    for minutes in (9, 6, 3):
        say(alice, group, sent_at=now - timedelta(minutes=minutes))
    for timestamp, expected in (
        (1542756099266, [False, False, False]),
        (milliseconds(now - timedelta(minutes=6)), [True, True, False]),
        (0, [True, True, True]),
    ):
        marked(sendbird, group, "mark_as_read", user_id="bob", timestamp=timestamp)
        assert covered(sendbird, group, "bob") == expected


def test_unread_again_is_the_readers_own_view(
    sendbird: Sendbird, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 10, as the end-user SDK requests it: nobody else sees a change."""
    messages = [say(alice, group) for _ in range(3)]
    marked(sendbird, group, "mark_as_read", user_id="bob")
    before = sendbird.channel(group)["read_receipt"]
    body = {"user_id": "bob", "message_id": messages[1].pk, "is_excluded": True, "unique_id": "r"}
    answer = marked(sendbird, group, "mark_as_read", **body)
    assert answer["unread_message_count"] == answer["total_unread_count"]["all"] == 2
    assert sendbird.get("/users/bob/unread_message_count") == {"unread_count": 2}
    assert sendbird.channel(group)["read_receipt"] == before


def test_all_channels_or_some_are_read(
    sendbird: Sendbird, group: Conversation, direct: Conversation, alice: User, bob: User
) -> None:
    """Rule 8: with channels named, with ``{}``, and with no body at all."""
    for number, body in enumerate(({"channel_urls": [url_of(group), url_of(direct)]}, {}, None)):
        say(alice, group)
        say(alice, direct)
        assert sendbird.get("/users/bob/unread_message_count") == {"unread_count": 2}, number
        assert sendbird.put("/users/bob/mark_as_read_all", body) == {}
        assert sendbird.get("/users/bob/unread_message_count") == {"unread_count": 0}
    say(alice, group)
    say(alice, direct)
    sendbird.put("/users/bob/mark_as_read_all", {"channel_urls": [url_of(group)]})
    assert covered(sendbird, group, "bob")[-1]
    assert not covered(sendbird, direct, "bob")[-1]
