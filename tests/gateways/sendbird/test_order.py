"""Sendbird's lists, pages and times follow the order of time, whatever arrives when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts import services
from receipts.gateways.unixtime import milliseconds
from tests.support.cast import say
from tests.support.sendbird import Sendbird, has_read, url_of


def ago(hours: float) -> datetime:
    return timezone.now() - timedelta(hours=hours)


@pytest.fixture
def messages(group: Conversation, alice: User) -> list[Message]:
    """In the order of time; the first two arrived last."""
    live = [say(alice, group) for _ in range(3)]
    return [*(say(alice, group, sent_at=ago(hours)) for hours in (48, 24)), *live]


@pytest.fixture
def listed(sendbird: Sendbird, group: Conversation) -> Callable[..., list[int]]:
    """The ids of the messages around a point."""

    def listed(**query: Any) -> list[int]:
        found = sendbird.get(f"/group_channels/{url_of(group)}/messages", **query)["messages"]
        return [each["message_id"] for each in found]

    return listed


def test_messages_are_listed_by_their_times(listed: Any, messages: list[Message]) -> None:
    ids = [each.pk for each in messages]
    assert listed() == ids
    assert listed(reverse=True) == ids[::-1]
    assert listed(prev_limit=2) == ids[-2:]


@pytest.mark.parametrize("place", range(5))
def test_what_is_around_a_message_is_what_stands_beside_it(
    listed: Any, messages: list[Message], place: int
) -> None:
    ids = [each.pk for each in messages]
    around = {"message_id": ids[place], "prev_limit": 1, "next_limit": 1}
    assert listed(**around) == ids[max(0, place - 1) : place + 2]
    without = [pk for pk in ids[max(0, place - 1) : place + 2] if pk != ids[place]]
    assert listed(**around, include=False) == without


def test_what_is_around_a_time_is_what_was_sent_then(
    listed: Any, group: Conversation, alice: User
) -> None:
    """Messages of one millisecond are at one point, in the order of their microseconds."""
    at = ago(1).replace(microsecond=5_000)
    second = say(alice, group, sent_at=at + timedelta(microseconds=900))
    first = say(alice, group, sent_at=at)
    after = say(alice, group, sent_at=at + timedelta(milliseconds=1))
    before = say(alice, group, sent_at=at - timedelta(microseconds=1))
    around = {"message_ts": milliseconds(at), "prev_limit": 9, "next_limit": 9}
    assert listed(**around) == [before.pk, first.pk, second.pk, after.pk]
    assert listed(**around, include=False) == [before.pk, after.pk]


def test_a_messages_time_is_its_own(sendbird: Sendbird, group: Conversation, alice: User) -> None:
    """Unlike its place in the list, it never depends on other messages."""
    at = ago(1)
    sent = [say(alice, group, sent_at=at) for _ in range(3)]
    found = sendbird.get(f"/group_channels/{url_of(group)}/messages")["messages"]
    assert [each["created_at"] for each in found] == [milliseconds(at)] * 3
    assert [each["message_id"] for each in found] == [each.pk for each in sent]


def test_the_last_message_of_a_channel_is_the_newest_in_time(
    sendbird: Sendbird, group: Conversation, messages: list[Message]
) -> None:
    channel = sendbird.channel(group)
    assert channel["last_message"]["message_id"] == messages[-1].pk


def test_a_channel_of_years_ago_is_listed_after_todays(
    sendbird: Sendbird, group: Conversation, direct: Conversation, alice: User, bob: User
) -> None:
    empty = services.create_conversation(owner=alice, participants=[bob], kind="group")
    say(alice, group)
    say(bob, direct, sent_at=ago(24 * 1000))
    query = {"order": "latest_last_message"}
    for path in ("/group_channels", "/users/bob/my_group_channels"):
        found = sendbird.get(path, **query)["channels"]
        assert [each["channel_url"] for each in found] == [
            url_of(c) for c in (group, direct, empty)
        ]
        found = sendbird.get(path, **query, show_empty=False)["channels"]
        assert [each["channel_url"] for each in found] == [url_of(c) for c in (group, direct)]


def test_pages_of_channels_are_exact_while_old_messages_arrive(
    sendbird: Sendbird, alice: User, bob: User
) -> None:
    made = [
        services.create_conversation(owner=alice, participants=[bob], kind="group")
        for _ in range(5)
    ]
    for hours, conversation in enumerate(made, start=1):
        say(alice, conversation, sent_at=ago(hours))
    seen, token = [], ""
    while not seen or token:
        query = {"order": "latest_last_message", "limit": 2, "token": token}
        page = sendbird.get("/group_channels", **query)
        seen += [each["channel_url"] for each in page["channels"]]
        token = page["next"]
        for conversation in made:
            say(alice, conversation, sent_at=ago(24 * 1000))
    assert seen == [url_of(each) for each in made]


def test_two_messages_of_one_millisecond_err_towards_not_yet(
    sendbird: Sendbird, api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """No time is after the first and before the second."""
    at = ago(1)
    first, second = (say(alice, group, sent_at=at) for _ in range(2))
    path = f"/group_channels/{url_of(group)}"
    for message, expected in ((first, [False, False]), (second, [True, True])):
        body = {"up_to_message": message.pk}
        api(bob).post(f"/conversations/{group.pk}/mark-read/", body)
        times = sendbird.channel(group)["read_receipt"]
        shown = sendbird.get(f"{path}/messages")["messages"]
        assert [has_read(times, "bob", each) for each in shown] == expected


@pytest.mark.parametrize("channels", [1, 30])
def test_the_maps_take_a_constant_number_of_statements(
    sendbird: Sendbird, alice: User, bob: User, statements: Any, channels: int
) -> None:
    """The key, the channels, the newest messages, the members, and the bounds of watermarks."""
    for _ in range(channels):
        group = services.create_conversation(owner=alice, participants=[bob], kind="group")
        say(alice, group)
    with statements() as counted:
        found = sendbird.get("/group_channels", show_read_receipt=True, limit=100)["channels"]
    assert [set(each["read_receipt"]) for each in found] == [{"alice"}] * channels
    assert len(counted) == 5


def test_an_old_message_that_arrives_holds_the_maps_back(
    sendbird: Sendbird, group: Conversation, alice: User, bob: User
) -> None:
    """Until it is read, or delivered: then that mark tells the time to which the map returns."""
    for hours in (3, 1):
        say(alice, group, sent_at=ago(hours))
    marks = f"/group_channels/{url_of(group)}/messages"
    sendbird.put(f"{marks}/mark_as_read", {"user_id": "bob"})
    say(alice, group, sent_at=ago(2))

    def shown() -> list[bool]:
        times = sendbird.channel(group)
        found = sendbird.get(marks)["messages"]
        read = [has_read(times["read_receipt"], "bob", each) for each in found]
        assert read == [has_read(times["delivery_receipt"], "bob", each) for each in found]
        return read

    assert shown() == [True, False, False]
    told = sendbird.put(f"{marks}/mark_as_delivered", {"user_id": "bob"})
    assert told == {"ts": sendbird.channel(group)["delivery_receipt"]["bob"]}
    sendbird.put(f"{marks}/mark_as_read", {"user_id": "bob"})
    assert shown() == [True, True, True]
