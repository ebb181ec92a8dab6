"""Users and channels that a backend deletes through Sendbird's API."""

from __future__ import annotations

from typing import Any

from chat.models import Conversation, Erasure, User
from tests.support.cast import say
from tests.support.sendbird import Sendbird, url_of


def test_a_user_is_deleted(
    sendbird: Sendbird, api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Their messages stay, under a name that says nothing; the name is unknown afterwards."""
    message = say(bob, group)
    assert sendbird("DELETE", "/users/bob") == {}
    assert sendbird.refused("DELETE", "/users/bob") == 400201
    assert sendbird.refused("GET", "/users/bob") == 400201
    shown = sendbird.get(f"/group_channels/{url_of(group)}/messages/{message.pk}")
    assert shown["user"]["user_id"].startswith("forgotten-")
    assert shown["message"] == "hello"
    profile = {"user_id": "bob", "nickname": "", "profile_url": ""}
    assert sendbird.refused("POST", "/users", profile) == 400202


def test_a_moderator_is_not_deleted(sendbird: Sendbird, moderator: User) -> None:
    assert sendbird.refused("DELETE", "/users/mia") == 400108
    assert User.objects.filter(username="mia", is_active=True).exists()


def test_a_channel_is_deleted(
    sendbird: Sendbird, group: Conversation, direct: Conversation, alice: User
) -> None:
    say(alice, group)
    assert sendbird("DELETE", f"/group_channels/{url_of(group)}") == {}
    for method in ("GET", "DELETE"):
        assert sendbird.refused(method, f"/group_channels/{url_of(group)}") == 400201
    channels = sendbird.get("/users/alice/my_group_channels", show_empty="true")["channels"]
    assert [channel["channel_url"] for channel in channels] == [url_of(direct)]


def test_a_channel_that_is_being_deleted_is_unknown(
    sendbird: Sendbird, group: Conversation, alice: User, settings: Any
) -> None:
    """Marks by its URL, too, which take a way of their own to it."""
    say(alice, group)
    settings.BATCH_ROWS, settings.BATCH_BUDGET_MS = 1, 0
    url = f"/group_channels/{url_of(group)}"
    assert sendbird("DELETE", url) == {}
    assert not Erasure.objects.exclude(finished_at=None).exists()
    assert sendbird.refused("GET", url) == 400201
    mark = {"user_id": "bob"}
    assert sendbird.refused("PUT", f"{url}/messages/mark_as_read", mark) == 400201
    assert sendbird.get("/users/bob/unread_message_count") == {"unread_count": 0}
