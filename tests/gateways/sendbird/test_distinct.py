"""Distinct channels of two users: Sendbird's way to the one direct conversation."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, ConversationParticipant, User
from receipts import services
from tests.support.sendbird import Sendbird, url_of


@pytest.fixture(autouse=True)
def people(alice: User, bob: User, carol: User) -> None:
    """All of them are there."""


def created(sendbird: Sendbird, *members: str, **fields: Any) -> Any:
    body = {"user_ids": list(members), "is_distinct": True, **fields}
    return sendbird.post("/group_channels", body)


def test_a_distinct_channel_of_two_is_their_direct_conversation(
    sendbird: Sendbird, api: Any, alice: User
) -> None:
    """Made once, and the same one in the native API."""
    channel = created(sendbird, "alice", "bob", name="Tea", channel_url="dm-1")
    assert (channel["channel_url"], channel["name"], channel["is_distinct"]) == (
        "dm-1", "Tea", True,
    )  # fmt: skip
    assert created(sendbird, "bob", "alice", name="Another", channel_url="dm-2") == channel
    native = api(alice)("PUT", "/conversations/by-members/", {"members": ["bob"]})
    assert (native["kind"], native["external_id"]) == ("direct", "dm-1")
    assert Conversation.objects.count() == 1


def test_it_is_the_one_that_exists(sendbird: Sendbird, direct: Conversation, bob: User) -> None:
    """Who has left is a member again."""
    services.remove_participant(conversation_id=direct.pk, user=bob)
    channel = created(sendbird, "alice", "bob")
    assert (channel["channel_url"], channel["member_count"]) == (url_of(direct), 2)


def test_other_channels_may_have_the_same_members(sendbird: Sendbird) -> None:
    """Without the flag, and of more than two."""
    for members in ["alice", "bob"], ["alice", "bob", "carol"]:
        for distinct in (False, len(members) > 2):
            assert created(sendbird, *members, is_distinct=distinct)["is_distinct"] is False
    assert set(Conversation.objects.values_list("kind", flat=True)) == {"group"}
    assert Conversation.objects.count() == 4


def test_an_operator_counts_among_the_two(sendbird: Sendbird) -> None:
    channel = created(sendbird, "alice", operator_ids=["bob"])
    assert channel["is_distinct"]
    assert created(sendbird, "alice", "bob") == channel


def test_a_url_that_is_taken_makes_nothing(sendbird: Sendbird) -> None:
    created(sendbird, "alice", "carol", channel_url="dm-1")
    body = {"user_ids": ["alice", "bob"], "is_distinct": True, "channel_url": "dm-1"}
    assert sendbird.refused("POST", "/group_channels", body) == 400202
    assert ConversationParticipant.objects.count() == 2


def test_channels_are_listed_by_whether_they_are_distinct(sendbird: Sendbird) -> None:
    urls = {}
    for distinct in (True, False):
        urls[distinct] = created(sendbird, "alice", "bob", is_distinct=distinct)["channel_url"]

    def listed(mode: str) -> set[str]:
        channels = sendbird.get("/group_channels", distinct_mode=mode)["channels"]
        return {each["channel_url"] for each in channels}

    assert listed("all") == set(urls.values())
    assert listed("distinct") == {urls[True]}
    assert listed("nondistinct") == {urls[False]}
    assert sendbird.refused("GET", "/group_channels?distinct_mode=some") == 400111
