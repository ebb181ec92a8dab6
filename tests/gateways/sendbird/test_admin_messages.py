"""Admin messages, which are system lines."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, User
from tests.support.cast import say
from tests.support.sendbird import Sendbird, url_of

ADMIN = {"message_type": "ADMM", "message": "Dave has left."}


def test_an_admin_message_is_a_system_line(
    sendbird: Sendbird, api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Nobody sends it, and it is unread by nobody."""
    path = f"/group_channels/{url_of(group)}/messages"
    sent = sendbird.post(path, ADMIN)
    assert (sent["type"], sent["message"]) == ("ADMM", "Dave has left.")
    (listed,) = api(bob).get(f"/conversations/{group.pk}/messages/")["results"]
    assert (listed["kind"], listed["sender"]) == ("system", "backend")
    assert sendbird.get("/users/bob/unread_message_count")["unread_count"] == 0
    assert sendbird.get(f"{path}/{sent['message_id']}") == sent
    assert sendbird.post(path, {**ADMIN, "user_id": "alice", "message_type": "MESG"})["type"] == (
        "MESG"
    )


@pytest.mark.parametrize(("silent", "last"), [(False, "Dave has left."), (True, "hello")])
def test_a_silent_one_is_no_activity(
    sendbird: Sendbird, group: Conversation, alice: User, silent: bool, last: str
) -> None:
    say(alice, group)
    sendbird.post(f"/group_channels/{url_of(group)}/messages", {**ADMIN, "is_silent": silent})
    assert sendbird.channel(group)["last_message"]["message"] == last


def test_it_is_sent_once_changed_and_deleted(sendbird: Sendbird, group: Conversation) -> None:
    path = f"/group_channels/{url_of(group)}/messages"
    sent = sendbird.post(path, {**ADMIN, "dedup_id": "d-1"})
    assert sendbird.post(path, {**ADMIN, "dedup_id": "d-1"}) == sent
    one = f"{path}/{sent['message_id']}"
    assert sendbird.put(one, {**ADMIN, "message": "Erin has."})["message"] == "Erin has."
    assert sendbird("DELETE", one) == {}
    assert sendbird.refused("POST", path, {**ADMIN, "message_type": "FILE"}) == 400111
