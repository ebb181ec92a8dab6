"""A history that is imported after going live stands before what was said here, in every view."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from chat.authentication import issue_token
from chat.models import Conversation, Message, User
from receipts.sql.conversation_names import claim_name
from tests.support.admin import Browser, appointed, listed
from tests.support.cast import Api, say
from tests.support.sendbird import Sendbird

#: The conversations, where the view lists them by activity, and the messages of the live one.
Seen = tuple[list[str] | None, list[str]]
THEN = datetime(2023, 5, 1, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def world(group: Conversation, alice: User, bob: User, tmp_path: Path) -> Conversation:
    """A live message in a group; then two of 2023 into the same group, and another talk of 2023."""
    Conversation.objects.filter(pk=group.pk).update(external_id="live", title="Live")
    claim_name(group.pk, "live")
    say(alice, group, "now")
    people = [{"type": "user", "id": name} for name in ("alice", "bob")]
    talks: list[dict[str, Any]] = [{"type": "conversation", "id": name} for name in ("live", "old")]
    members = [
        {"type": "participant", "conversation": talk, "user": name}
        for talk in ("live", "old")
        for name in ("alice", "bob")
    ]
    messages = [
        {"type": "message", "id": f"{talk}{day}", "conversation": talk, "sender": "alice",
         "sent_at": THEN + 86_400 * day, "body": f"day {day}"}
        for talk in ("live", "old")
        for day in (1, 2)
    ]  # fmt: skip
    history = tmp_path / "history.ndjson"
    lines = [*people, *talks, *members, *messages]
    history.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    call_command("import_history", str(history))
    assert Message.objects.count() == 5
    return group


IN_ORDER = ["now", "day 2", "day 1"]


def native(key: str, bob: User, mia: Browser, group: Conversation) -> Seen:
    api = Api(issue_token(bob)[0])
    page = api.get("/conversations/")["results"]
    assert [each["last_message"]["body"] for each in page] == ["now", "day 2"]
    first = Message.objects.get(conversation=group, body="day 1").pk
    assert page[0]["first_unread_message"] == first
    found = api.get(f"/conversations/{group.pk}/messages/")["results"]
    return [each["external_id"] for each in page], [each["body"] for each in found]


def sendbird(key: str, bob: User, mia: Browser, group: Conversation) -> Seen:
    call = Sendbird(key)
    page = call.get("/users/bob/my_group_channels", order="latest_last_message")["channels"]
    assert [each["last_message"]["message"] for each in page] == ["now", "day 2"]
    found = call.get("/group_channels/live/messages", reverse=True)["messages"]
    return [each["channel_url"] for each in page], [each["message"] for each in found]


def socialplus(key: str, bob: User, mia: Browser, group: Conversation) -> Seen:
    """It has no list of conversations here."""
    client = Client(headers={"Authorization": f"Bearer {issue_token(bob)[0]}"})
    found = client.get("/api/v5/messages?messageFeedId=live").json()["messages"]
    segments = [each["segment"] for each in found]
    assert segments == sorted(set(segments), reverse=True)
    return None, [each["data"]["text"] for each in found]


def admin(key: str, bob: User, mia: Browser, group: Conversation) -> Seen:
    """Its list of conversations is in the order in which they were made."""
    return None, listed(mia.get(f"chat/message/?conversation={group.pk}"))


@pytest.mark.parametrize("view", [native, sendbird, socialplus, admin])
def test_what_was_said_in_2023_is_listed_before_what_is_said_now(
    world: Conversation, service_key: str, bob: User, moderator: User, view: Callable[..., Any]
) -> None:
    conversations, messages = view(service_key, bob, Browser(appointed(moderator)), world)
    assert conversations in (["live", "old"], None)
    assert messages == IN_ORDER
