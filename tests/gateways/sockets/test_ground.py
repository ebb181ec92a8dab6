"""What all vendors' sockets share, by a vendor of our own: logins, limits, pushes and ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.authentication import issue_token
from chat.models import Conversation, User
from receipts import services
from receipts.feed.devices import MOST_DEVICES, Device, position_of_device
from receipts.feed.hub import hub
from receipts.feed.retention import prune_events
from receipts.gateways.sockets import door
from receipts.models import DevicePosition
from tests.support.cast import say
from tests.support.plain_vendor import PATH
from tests.support.websocket import Closed, Dial

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("port", "plain")]


# --- The door -------------------------------------------------------------------------------------


def test_an_address_that_no_enabled_gateway_has_is_not_found(dial: Dial, settings: Any) -> None:
    settings.GATEWAYS = []
    assert [dial(path).status for path in (PATH, "/mqtt", "/socket.io/?token=x")] == [404] * 3


def test_a_page_of_another_origin_is_refused_unless_it_is_allowed(
    dial: Dial, settings: Any
) -> None:
    """Browsers send ``Origin``, and CORS does not cover WebSockets."""
    settings.CORS_ALLOWED_ORIGINS = ["https://shop.example"]
    assert dial(PATH, Origin="https://evil.example").status == 403
    assert dial(PATH, Origin="null").status == 403
    assert dial(PATH, Origin="https://shop.example").status == 101
    assert dial(PATH).status == 101


def test_the_subprotocol_is_chosen_from_those_that_both_know(dial: Dial) -> None:
    assert dial(PATH, subprotocols=("other", "plain.1")).subprotocol == "plain.1"
    assert dial(PATH, subprotocols=("other",)).subprotocol is None


def test_a_login_needs_a_users_token(dial: Dial, plain: Any, alice: User, service_key: str) -> None:
    for token in ("", "nonsense", service_key, issue_token(alice)[0][:-3] + "abc"):
        client = dial(PATH)
        client.send(f'{{"login": "{token}", "device": "x"}}')
        assert b"refused" in client.receive()
        assert client.closed() == 1000


def test_who_does_not_log_in_is_disconnected(dial: Dial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "LOGIN_SECONDS", 0.1)
    assert dial(PATH).closed() == 1000


def test_only_so_many_may_be_logging_in(
    dial: Dial, visit: Any, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "MOST_STRANGERS", 2)
    first, second = dial(PATH), dial(PATH)
    assert dial(PATH).status == 503
    first.close()
    second.close()
    visit(alice)
    assert [dial(PATH).status for _ in range(3)] == [101, 101, 503]


def test_a_user_has_a_limited_number_of_connections(
    visit: Any, alice: User, bob: User, dial: Dial, settings: Any
) -> None:
    """Streams count, too: the limit is one."""
    settings.EVENTS_MAX_STREAMS_EACH = 2
    visit(alice)
    visit(alice, "tablet")
    third = dial(PATH)
    third.send(f'{{"login": "{issue_token(alice)[0]}", "device": "x"}}')
    assert [third.receive(), third.receive()] == [
        b'{"hello":"alice"}',
        b'{"refused":"too_many_streams"}',
    ]
    visit(bob)


def test_messages_are_limited_and_those_of_strangers_more(
    dial: Dial, visit: Any, alice: User
) -> None:
    stranger = dial(PATH)
    stranger.send(b"x" * (door.MOST_OF_A_STRANGER + 1))
    assert stranger.closed() == 1009
    client = visit(alice)
    text = "x" * (door.MOST_OF_A_STRANGER + 1)
    assert client.ask(echo=text) == {"echo": text}
    client.socket.send(b"x" * (door.MOST_RECEIVED + 1))
    assert client.socket.closed() == 1009


def test_garbage_closes_and_a_fault_of_ours_too(visit: Any, alice: User, caplog: Any) -> None:
    client = visit(alice)
    client.socket.send(b"\xff\x00garbage")
    assert client.socket.closed() == 1007
    assert not [each for each in caplog.records if each.exc_info]
    client = visit(alice)
    client.socket.send(b'{"fail": 1}')
    assert client.socket.closed() == 1011
    assert [each.name for each in caplog.records if each.exc_info] == ["seenby.socket"]


# --- Calls ----------------------------------------------------------------------------------------


def test_a_call_is_refused_as_the_native_api_refuses_it(
    visit: Any, alice: User, group: Conversation, dave: User, settings: Any
) -> None:
    assert visit(alice).ask(send="hello", to=group.pk).keys() == {"sent"}
    assert visit(dave).ask(send="hello", to=group.pk) == {"refused": "not_participant"}
    settings.THROTTLE_USER_WRITES = 1
    client = visit(alice, "tablet")
    client.ask(send="one", to=group.pk)
    while (answer := client.ask(send="two", to=group.pk)) and isinstance(answer, list):
        pass
    assert answer == {"refused": "throttled"}


# --- Pushes ---------------------------------------------------------------------------------------


def test_what_the_live_feed_tells_is_pushed(
    api: Any, visit: Any, group: Conversation, alice: User, bob: User
) -> None:
    sender, reader = visit(alice), visit(bob)
    message = say(alice, group)
    assert reader.pushed() == [{"message.created": message.pk}]
    api(bob).post(f"/messages/{message.pk}/read/")
    sender.pushed()  # her own message
    assert sender.pushed() == [{"receipts": [message.pk, 1, 1]}]


def test_a_private_read_is_pushed_as_its_delivery(
    api: Any, visit: Any, group: Conversation, alice: User, bob: User
) -> None:
    message = say(alice, group)
    sender = visit(alice)
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True})
    assert sender.pushed() == [{"receipts": [message.pk, 0, 1]}]


def test_a_device_gets_what_it_missed_after_a_reconnect(
    api: Any, visit: Any, group: Conversation, alice: User, bob: User
) -> None:
    message = say(alice, group)
    first = visit(alice)
    first.socket.abort()
    api(bob).post(f"/messages/{message.pk}/read/")
    assert visit(alice).pushed() == [{"receipts": [message.pk, 1, 1]}]


def test_a_new_device_begins_with_its_login(
    visit: Any, group: Conversation, alice: User, bob: User
) -> None:
    say(alice, group)
    visit(bob, "phone")
    later = say(alice, group)
    assert visit(bob, "tablet").ask(echo=1) == {"echo": 1}
    assert visit(bob, "phone").pushed() == [{"message.created": later.pk}]


def test_a_client_that_closes_has_received_what_was_sent(
    visit: Any, group: Conversation, alice: User, bob: User, dial: Dial
) -> None:
    first = visit(bob)
    message = say(alice, group)
    assert first.pushed() == [{"message.created": message.pk}]
    first.socket.close()
    _until_left(bob)
    later = say(alice, group)
    assert visit(bob).pushed()[-1:] == [{"message.created": later.pk}]


def test_what_was_sent_right_before_the_connection_broke_is_sent_again(
    visit: Any, group: Conversation, alice: User, bob: User
) -> None:
    first = visit(bob)
    message = say(alice, group)
    assert first.pushed() == [{"message.created": message.pk}]
    first.socket.abort()
    assert visit(bob).pushed() == [{"message.created": message.pk}]


def _until_left(user: User) -> None:
    while user.pk in hub().connections:
        pass


# --- Ends -----------------------------------------------------------------------------------------


def test_the_connection_ends_with_its_token(
    dial: Dial, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receipts.gateways.sockets.calls.token_holder", lambda token: (alice, 0.0))
    client = dial(PATH)
    client.send(b'{"login": "x", "device": "x"}')
    assert [client.receive(), client.receive()] == [b'{"hello":"alice"}', b'{"bye": true}']
    assert client.closed() == 1001


@pytest.mark.parametrize("how", ["deactivate", "forget"])
def test_the_connection_ends_with_the_account(visit: Any, bob: User, how: str) -> None:
    client = visit(bob)
    if how == "deactivate":
        services.deactivate_user(user=bob)
    else:
        services.forget_user(username="bob")
    assert client.next() == {"bye": True}
    assert client.socket.closed() == 1001
    assert DevicePosition.objects.exists() == (how == "deactivate")


def test_after_a_reactivation_the_device_continues(
    visit: Any, bob: User, alice: User, group: Conversation
) -> None:
    visit(bob).socket.close()
    services.deactivate_user(user=bob)
    services.reactivate_user(user=bob)
    message = say(alice, group)
    assert visit(bob).pushed() == [{"message.created": message.pk}]


def test_a_silent_client_is_dropped(visit: Any, plain: Any, alice: User) -> None:
    plain.idle_seconds = 0
    with pytest.raises(Closed):
        visit(alice).next()


def test_who_does_not_read_is_dropped(visit: Any, alice: User) -> None:
    """What waits for them is bounded: 40 MB are sent here, and a fraction of a megabyte is kept."""
    client, text = visit(alice), b'{"echo": "%b"}' % (b"x" * 200_000)
    with pytest.raises(ConnectionError):
        client.socket.send(*[text] * 200)


def test_a_hundred_logins_at_once_are_answered_and_keep_nothing(
    dial: Dial, visit: Any, alice: User, bob: User, group: Conversation
) -> None:
    strangers = [dial(PATH) for _ in range(100)]
    for each in strangers:
        each.send(b'{"login": "nonsense", "device": "x"}')
    assert [each.closed() for each in strangers] == [1000] * 100
    reader = visit(bob)
    message = say(alice, group)
    assert reader.pushed() == [{"message.created": message.pk}]
    assert hub().count == 1


def test_positions_of_devices_are_kept_for_as_long_as_events(settings: Any, bob: User) -> None:
    position_of_device(Device.of(bob, "plain", "phone"))
    old = timezone.now() - timedelta(days=settings.EVENTS_RETENTION_DAYS, seconds=1)
    assert prune_events() == 0
    assert DevicePosition.objects.count() == 1
    DevicePosition.objects.update(updated_at=old)
    prune_events()
    assert not DevicePosition.objects.exists()


def test_a_user_has_a_limited_number_of_devices(bob: User, alice: User) -> None:
    """Of more, the one that was away longest begins anew."""
    position_of_device(Device.of(alice, "plain", "phone"))
    for number in range(MOST_DEVICES + 5):
        position_of_device(Device.of(bob, "plain", f"phone {number}"))
    kept = set(DevicePosition.objects.filter(user=bob).values_list("device", flat=True))
    newest = range(5, MOST_DEVICES + 5)
    assert kept == {Device.of(bob, "plain", f"phone {number}").name for number in newest}
    assert DevicePosition.objects.filter(user=alice).count() == 1
