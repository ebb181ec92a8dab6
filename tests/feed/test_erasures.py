"""Streams of who is forgotten end; a deleted conversation is told on streams that are open."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, User
from receipts.feed import stream as feed
from receipts.feed.positions import newest_position
from tests.support.cast import say
from tests.support.listening import Listen

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("port")]


def ends(stream: Any) -> bool:
    """Whether the server ends the stream; it tells nothing but heartbeats before."""
    while line := stream.response.readline().decode():
        assert not line.startswith("event:"), line
    return True


def test_the_streams_of_a_forgotten_user_end(
    api: Any, listen: Listen, group: Conversation, alice: User, bob: User, service_key: str
) -> None:
    """All of them, at once; those of others go on."""
    mine, other = [listen(bob), listen(bob)], listen(alice)
    api(service_key)("DELETE", "/users/bob/", status=200)
    assert all(ends(stream) for stream in mine)
    last = say(alice, group)
    assert other.messages(last.pk) == [last.pk]


def test_a_stream_that_catches_up_over_the_end_of_its_account_ends(
    listen: Listen, api: Any, bob: User, service_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was granted before, and joins after the event was published to the others."""
    before = newest_position()
    grant = feed.grant

    def granted_before(*given: Any) -> str:
        api(service_key)("DELETE", "/users/bob/", status=200)
        listener, _, lasts = given
        return grant(listener, before, lasts)

    monkeypatch.setattr(feed, "grant", granted_before)
    assert ends(listen(bob))


def test_a_deleted_conversation_is_told_on_open_streams(
    api: Any, listen: Listen, group: Conversation, alice: User, bob: User, dave: User,
    service_key: str, direct: Conversation,
) -> None:  # fmt: skip
    streams, outsider = [listen(alice), listen(bob), listen(service_key)], listen(dave)
    api(service_key)("DELETE", f"/conversations/{group.pk}/", status=200)
    for each in streams:
        event = each.event()
        assert (event["kind"], event["conversation"]) == ("conversation.deleted", group.pk)
        assert event["conversation_external_id"] is None
    last = say(alice, direct)
    for each in streams:
        assert each.messages(last.pk) == [last.pk]
    outsider.close()
