"""Faults of one vendor, or of one connection, which nobody else notices."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, User
from receipts import services
from tests.support.cast import say
from tests.support.plain_vendor import PlainSession

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("port", "plain")]


def test_a_vendor_whose_events_cannot_be_written_disturbs_nobody_else(
    visit: Any, plain: Any, listen: Any, group: Conversation, alice: User, bob: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    stream, client = listen(bob), visit(bob)
    first = say(alice, group)  # after it the device has caught up
    assert client.pushed()
    assert stream.messages(first.pk) == [first.pk]
    monkeypatch.setattr(type(plain), "encode", lambda *_: 1 / 0)
    message = say(alice, group)
    assert stream.messages(message.pk) == [message.pk]
    assert client.next() == {"bye": True}
    monkeypatch.undo()


@pytest.mark.parametrize("fault", ["push", "ending"])
def test_a_session_that_fails_ends_alone(
    visit: Any, listen: Any, group: Conversation, alice: User, bob: User, fault: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """In the middle of a poll: the events of everybody behind it are published all the same."""
    client = visit(bob)
    stream = listen(alice)
    monkeypatch.setattr(PlainSession, fault, lambda *_: 1 / 0)
    if fault == "ending":
        services.deactivate_user(user=bob)
    message = say(alice, group)
    assert stream.messages(message.pk) == [message.pk]
    assert client.socket.closed() == 1011
