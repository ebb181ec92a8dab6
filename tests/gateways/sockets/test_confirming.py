"""How far a device has got where its client confirms what it has received."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, User
from receipts.feed.devices import Device
from receipts.models import DevicePosition
from tests.support.cast import say

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("port")]


def test_a_device_that_is_told_nothing_moves_on(
    visit: Any, plain: Any, direct: Conversation, alice: User, carol: User, monkeypatch: Any
) -> None:
    """Otherwise its place would expire although it was there all the time."""
    monkeypatch.setattr(plain, "confirms", True)
    quiet, witness = visit(carol), visit(alice)
    device = Device.of(carol, "plain", "phone")
    stored = DevicePosition.objects.filter(user=carol, device=device.name)
    before = stored.get().cursor
    message = say(alice, direct)
    assert witness.pushed() == [{"message.created": message.pk}]
    quiet.socket.close()
    while stored.get().cursor == before:  # written a moment later
        pass


def test_what_is_not_confirmed_is_pushed_again(
    visit: Any, plain: Any, group: Conversation, alice: User, bob: User, monkeypatch: Any
) -> None:
    monkeypatch.setattr(plain, "confirms", True)
    first = visit(bob)
    message = say(alice, group)
    assert first.pushed() == [{"message.created": message.pk}]
    first.socket.close()
    assert visit(bob).pushed() == [{"message.created": message.pk}]
