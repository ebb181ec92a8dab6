"""Sendbird's Platform API over our own services: effects of its calls, shape of responses."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Message, User
from receipts.gateways.unixtime import milliseconds
from receipts.models import MessageStatus, ReceiptEvent
from tests.support.cast import say
from tests.support.sendbird import Sendbird, url_of


def test_a_user_is_created_once(sendbird: Sendbird) -> None:
    """With a nickname and a picture, also if the SDK sends an empty one."""
    profile = {"user_id": "erin", "nickname": "Erin", "profile_url": "", "metadata": {"k": "v"}}
    created = sendbird.post("/users", profile)
    assert (created["user_id"], created["nickname"], created["profile_url"]) == ("erin", "Erin", "")
    assert sendbird.get("/users/erin") == created
    assert sendbird.refused("POST", "/users", profile) == 400202


def test_a_user_gets_a_token_of_their_own_if_asked_for(sendbird: Sendbird, api: Any) -> None:
    """``issue_access_token``; the token is valid for the native API."""
    created = sendbird.post(
        "/users", {"user_id": "erin", "nickname": "E", "issue_access_token": True}
    )
    assert api(created["access_token"]).get("/me/")["username"] == "erin"


@pytest.mark.parametrize(
    "members",
    [
        {"user_ids": ["alice", "bob"]},
        {"users": [], "user_ids": ["alice", "bob"]},
        {"users": [{"user_id": "alice"}, {"user_id": "bob"}]},
        {"users": [{"user_id": "alice"}], "user_ids": ["bob", "alice"]},
    ],
)
def test_a_channel_is_created_as_either_sdk_says_it(
    sendbird: Sendbird, alice: User, bob: User, members: dict[str, Any]
) -> None:
    """Members as names, as objects, or both."""
    body = {**members, "channel_url": "ch1", "name": "c", "operator_ids": ["bob"]}
    created = sendbird.post("/group_channels", body)
    assert (created["channel_url"], created["name"], created["member_count"]) == ("ch1", "c", 2)
    assert {each["user_id"]: each["role"] for each in created["members"]} == {
        "alice": "",
        "bob": "operator",
    }
    assert Conversation.objects.get(external_id="ch1").kind == "group"
    assert sendbird.refused("POST", "/group_channels", body) == 400202


def test_a_channel_without_a_url_keeps_the_one_it_is_given(sendbird: Sendbird, bob: User) -> None:
    """The URL is derived from its number, and no other channel may take it."""
    url = sendbird.post("/group_channels", {"user_ids": ["bob"]})["channel_url"]
    assert sendbird.get(f"/group_channels/{url}")["channel_url"] == url
    taken = {"user_ids": ["bob"], "channel_url": "seenby_99"}
    assert sendbird.refused("POST", "/group_channels", taken) == 400111


def test_a_url_may_hold_slashes_and_anything(
    sendbird: Sendbird, group: Conversation, alice: User
) -> None:
    """Path values are percent-encoded, including ``/``."""
    Conversation.objects.filter(pk=group.pk).update(external_id="maths/hello wörld")
    say(alice, group)
    path = "/group_channels/maths%2Fhello%20w%C3%B6rld"
    assert sendbird.get(path)["channel_url"] == "maths/hello wörld"
    assert sendbird.get(f"{path}/messages/total_count") == {"total": 1}
    assert sendbird.put(f"{path}/messages/mark_as_read", {"user_id": "bob"}) == {}
    assert sendbird.get(f"{path}/members/bob") == {"is_member": True, "state": "joined"}


def test_members_come_and_go(sendbird: Sendbird, group: Conversation, dave: User) -> None:
    """Invite, join, leave, check membership; repeats change nothing."""
    path = f"/group_channels/{url_of(group)}"
    for _ in range(2):
        assert sendbird.post(f"{path}/invite", {"user_ids": ["dave"]})["member_count"] == 4
        assert sendbird.put(f"{path}/join", {"user_id": "dave"})["joined_member_count"] == 4
    page = sendbird.get(f"{path}/members", limit=3)
    assert [each["user_id"] for each in page["members"]] == ["alice", "bob", "carol"]
    last = sendbird.get(f"{path}/members", limit=3, token=page["next"])
    assert ([each["user_id"] for each in last["members"]], last["next"]) == (["dave"], "")
    for _ in range(4):
        assert sendbird.put(f"{path}/leave", {"user_ids": ["dave"]}) == {}
    assert sendbird.get(f"{path}/members/dave") == {"is_member": False, "state": "none"}
    assert sendbird.put(f"{path}/leave", {"user_ids": [], "should_leave_all": True}) == {}
    assert sendbird.get(path)["member_count"] == 0


def test_a_message_is_sent_once_per_dedup_id(
    sendbird: Sendbird, group: Conversation, alice: User
) -> None:
    """Its recipients' rows are written as for any other (rule 1)."""
    path = f"/group_channels/{url_of(group)}/messages"
    body = {"message_type": "MESG", "user_id": "alice", "message": "hi", "dedup_id": "d-1"}
    sent = sendbird.post(path, {**body, "created_at": 1542756099266, "is_silent": False})
    assert (sent["message"], sent["created_at"]) == ("hi", 1542756099266)
    assert (sent["user"]["user_id"], sent["channel_url"]) == ("alice", url_of(group))
    assert sent["seenby"]["summary_text"] == "Sent"
    assert sendbird.post(path, body)["message_id"] == sent["message_id"]
    assert MessageStatus.objects.filter(message=sent["message_id"]).count() == 2


def test_messages_around_a_point(sendbird: Sendbird, group: Conversation, alice: User) -> None:
    """Before and after a message or a time, inclusive or not, in either order."""
    path = f"/group_channels/{url_of(group)}/messages"
    sent = [
        sendbird.post(path, {"user_id": "alice", "message": f"{n}", "created_at": 1000 + n})
        for n in range(9)
    ]

    def texts(**query: Any) -> str:
        return "".join(each["message"] for each in sendbird.get(path, **query)["messages"])

    middle = sent[4]["message_id"]
    assert texts(message_ts=1004, message_id=0, prev_limit=2, next_limit=1) == "2345"
    assert texts(message_ts=1004, prev_limit=2, next_limit=1, include=False) == "235"
    assert texts(message_id=middle, message_ts=0, prev_limit=1, next_limit=3) == "34567"
    assert texts(message_id=middle, prev_limit=1, next_limit=0, reverse=True) == "43"
    assert texts(prev_limit=3) == "678"
    assert texts(message_ts=9999999999999999, prev_limit=2) == "78"
    assert texts() == "012345678"


def test_a_message_is_edited_and_deleted(
    sendbird: Sendbird, group: Conversation, alice: User
) -> None:
    """An edit changes its text and is published; a deletion leaves it empty (rule 21)."""
    message = say(alice, group)
    path = f"/group_channels/{url_of(group)}/messages"
    assert sendbird.get(f"{path}/{message.pk}")["updated_at"] == 0
    edited = sendbird.put(f"{path}/{message.pk}", {"message_type": "MESG", "message": "edited"})
    message.refresh_from_db()
    assert message.edited_at is not None
    at = milliseconds(message.edited_at)
    assert (edited["message"], edited["updated_at"]) == ("edited", at)
    assert sendbird.put(f"{path}/{message.pk}", {"message": "edited"}) == edited
    assert ReceiptEvent.objects.filter(kind="message.edited").count() == 1
    for _ in range(2):
        assert sendbird("DELETE", f"{path}/{message.pk}") == {}
    gone = sendbird.get(f"{path}/{message.pk}")
    assert (gone["message"], gone["is_removed"]) == ("", True)
    assert sendbird.get(path) == {"messages": []}
    assert len(sendbird.get(path, including_removed=True)["messages"]) == 1
    assert sendbird.get(f"{path}/total_count") == {"total": 0}
    assert Message.objects.get().body == "edited"
    assert sendbird.refused("PUT", f"{path}/{message.pk}", {"message": "again"}) == 400111
    assert Message.objects.get().body == "edited"
