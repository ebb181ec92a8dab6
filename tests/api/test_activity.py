"""The last activity of a conversation, in all lists: system lines only where they ask for it."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, User
from receipts import services
from tests.support.cast import say
from tests.support.sendbird import Sendbird, url_of

LINE = {"kind": "system", "body": "Dave has left."}


@pytest.fixture
def quiet(group: Conversation, direct: Conversation, alice: User) -> Conversation:
    """The group, in which nothing was said since somebody wrote elsewhere."""
    say(alice, group, "first")
    say(alice, direct, "second")
    return group


def listed(api: Any, who: User) -> list[tuple[int, str | None]]:
    """By latest activity: each conversation, and the text of its last message."""
    return [
        (each["id"], each["last_message"]["body"] if each["last_message"] else None)
        for each in api(who).get("/conversations/")["results"]
    ]


def test_a_system_line_moves_nothing(
    api: Any, quiet: Conversation, direct: Conversation, bob: User, service_key: str
) -> None:
    before = listed(api, bob)
    assert before == [(direct.pk, "second"), (quiet.pk, "first")]
    api(service_key).post(f"/conversations/{quiet.pk}/messages/", LINE, 201)
    assert listed(api, bob) == before
    assert api(bob).get(f"/conversations/{quiet.pk}/")["last_message"]["body"] == "first"


def test_one_that_is_an_activity_does(
    api: Any, quiet: Conversation, direct: Conversation, bob: User, service_key: str
) -> None:
    body = {**LINE, "activity": True}
    api(service_key).post(f"/conversations/{quiet.pk}/messages/", body, 201)
    assert listed(api, bob) == [(quiet.pk, "Dave has left."), (direct.pk, "second")]
    assert api(bob).get(f"/conversations/{quiet.pk}/")["last_message"]["kind"] == "system"


def test_nothing_but_system_lines_is_no_activity(
    api: Any, direct: Conversation, alice: User, bob: User, service_key: str
) -> None:
    say(alice, direct, "hello")
    empty = services.create_conversation(owner=alice, participants=[bob], kind="group")
    api(service_key).post(f"/conversations/{empty.pk}/messages/", LINE, 201)
    assert listed(api, bob) == [(direct.pk, "hello"), (empty.pk, None)]


def test_a_gateways_list_agrees(
    sendbird: Sendbird, api: Any, quiet: Conversation, direct: Conversation, service_key: str
) -> None:
    def channels(**query: Any) -> list[str]:
        found = sendbird.get("/group_channels", order="latest_last_message", **query)["channels"]
        return [each["channel_url"] for each in found]

    path = f"/conversations/{quiet.pk}/messages/"
    api(service_key).post(path, LINE, 201)
    assert channels() == [url_of(direct), url_of(quiet)]
    shown = sendbird.channel(quiet)
    assert shown["last_message"]["message"] == "first"
    api(service_key).post(path, {**LINE, "activity": True}, 201)
    assert channels() == [url_of(quiet), url_of(direct)]


def test_a_channel_of_system_lines_is_empty(
    sendbird: Sendbird, api: Any, group: Conversation, service_key: str
) -> None:
    api(service_key).post(f"/conversations/{group.pk}/messages/", LINE, 201)
    assert not sendbird.get("/group_channels", show_empty="false")["channels"]
