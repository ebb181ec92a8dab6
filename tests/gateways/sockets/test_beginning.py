"""Where a client begins that has logged in over HTTP before it connects."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, User
from receipts.feed.devices import Device, begin_anew
from receipts.feed.positions import position_of
from receipts.models import DevicePosition
from tests.support.cast import say

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("port", "plain")]


def test_it_begins_where_its_login_did(
    visit: Any, group: Conversation, alice: User, bob: User
) -> None:
    say(alice, group)
    begin_anew(Device.of(bob, "plain", "a login"))
    early = say(alice, group)
    client = visit(bob, begun_as="a login")
    client.socket.send(b'{"ready": true}')
    assert client.pushed() == [{"message.created": early.pk}]


def test_nothing_is_pushed_before_it_is_ready(
    visit: Any, group: Conversation, alice: User, bob: User
) -> None:
    begin_anew(Device.of(bob, "plain", "a login"))
    client, witness = visit(bob, begun_as="a login"), visit(bob, "tablet")
    message = say(alice, group)
    assert witness.pushed() == [{"message.created": message.pk}]
    assert client.ask(echo=1) == {"echo": 1}
    client.socket.send(b'{"ready": true}')
    assert client.pushed() == [{"message.created": message.pk}]


def test_without_a_login_it_begins_where_it_was(
    visit: Any, group: Conversation, alice: User, bob: User
) -> None:
    client = visit(bob, begun_as="no login")
    message = say(alice, group)
    client.socket.send(b'{"ready": true}')
    assert client.pushed() == [{"message.created": message.pk}]


def test_a_new_device_is_stored_where_its_login_began(visit: Any, bob: User) -> None:
    """So that it misses nothing if it is lost before anything else is stored."""
    begun = begin_anew(Device.of(bob, "plain", "a login"))
    visit(bob, begun_as="a login")
    stored = DevicePosition.objects.exclude(device=Device.of(bob, "plain", "a login").name)
    assert position_of(stored.get().cursor, "bob") == begun


def test_a_connection_may_end_before_its_token(
    plain: Any, visit: Any, alice: User, settings: Any
) -> None:
    """So that a client that has a next one by then connects with it. With little left it stays."""
    settings.TOKEN_LIFETIME_SECONDS = 60
    plain.ends_early = 58.9
    assert visit(alice).next() == {"bye": True}
    plain.ends_early = 61
    assert visit(alice, "tablet").ask(echo=1) == {"echo": 1}
