"""social.plus's live half over the wire: logins, topics, events, and where devices continue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from chat.authentication import issue_token
from chat.models import Conversation, User
from receipts import services
from receipts.feed.hub import hub
from tests.support.cast import say
from tests.support.mqtt import CONNACK, Join, Mqtt, connect
from tests.support.websocket import Dial

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("port")]
Open = Callable[[], Mqtt]


def log_in(who: User, **headers: str) -> str:
    """A session by the user's own token, as the SDK asks for it; its access token."""
    body = {"userId": who.username, "authToken": issue_token(who)[0], "deviceId": "x"}
    answer = Client().post(
        "/api/v5/sessions", body, content_type="application/json", headers=headers
    )
    token: str = answer.json()["accessToken"]
    return token


def renew(who: User, settings: Any) -> str:
    """The access token of a session that has been renewed; it differs from the one before."""
    before, settings.TOKEN_LIFETIME_SECONDS = issue_token(who)[0], 2 * 24 * 60 * 60
    return log_in(who, Authorization=f"Bearer {before}")


# --- Login ----------------------------------------------------------------------------------------


def test_the_private_id_and_the_access_token_log_in(opened: Open, alice: User) -> None:
    client = opened()
    assert client.socket.subprotocol == "mqtt"
    client.socket.send(connect(str(alice.pk), log_in(alice)))
    assert client.answer(CONNACK) == b"\x00\x00"


@pytest.mark.parametrize(
    ("code", "how"),
    [
        (4, {"password": "nonsense"}),
        (4, {"password": ""}),
        (4, {"user_name": "alice"}),
        (4, {"user_name": "99999"}),
        (1, {"level": 5}),
        (1, {"level": 3, "protocol": "MQIsdp"}),
        (2, {"client_id": ""}),
    ],
)
def test_who_is_not_who_they_say_is_refused(
    opened: Open, alice: User, code: int, how: dict[str, Any]
) -> None:
    """MQTT's codes: 4 for wrong credentials, 1 for another protocol, 2 for no client id."""
    client = opened()
    said = {"user_name": str(alice.pk), "password": issue_token(alice)[0], **how}
    client.socket.send(connect(**said))
    assert client.answer(CONNACK) == bytes([0, code])
    assert client.socket.closed() == 1000


def test_a_token_logs_in_its_own_user_only(
    opened: Open, alice: User, bob: User, service_key: str
) -> None:
    for token in issue_token(bob)[0], service_key:
        client = opened()
        client.socket.send(connect(str(alice.pk), token))
        assert client.answer(CONNACK) == b"\x00\x04"


def test_too_many_connections_are_unavailable(
    opened: Open, join: Join, alice: User, settings: Any
) -> None:
    settings.EVENTS_MAX_STREAMS_EACH = 1
    join(alice)
    client = opened()
    client.socket.send(connect(str(alice.pk), issue_token(alice)[0], "mqttjs_tablet_1_0"))
    assert client.answer(CONNACK) == b"\x00\x03"


def test_the_tokens_of_its_other_socket_are_in_no_log(dial: Dial, alice: User) -> None:
    """The SDK dials it every few seconds; every test fails whose log has a token."""
    token = issue_token(alice)[0]
    path = f"/socket.io/?token={token}&EIO=3&transport=websocket"
    assert dial(path).status == 404


# --- Topics ---------------------------------------------------------------------------------------


def test_own_topics_are_granted_and_others_own_are_not(join: Join, alice: User, bob: User) -> None:
    client = join(alice)
    for who, code in (alice, 0), (bob, 128):
        topics = [f"net-1/smartfeed/{who.pk}/{each}" for each in ("channels", "messagefeeds")]
        topics += [f"net-1/user/{who.pk}", f"net-1/marker/user/{who.pk}"]
        assert client.subscribes(*topics) == [code] * 4
    assert client.subscribes("net-1", "net-1/#", "#", "+/+", "") == [0, 128, 128, 128, 128]


@pytest.mark.parametrize("name", ["maths/hello world", "a/message/a", "#", "ä+"])
def test_topics_of_a_feed_are_granted_to_those_who_see_it(
    join: Join, group: Conversation, alice: User, dave: User, name: str
) -> None:
    Conversation.objects.filter(pk=group.pk).update(external_id=name)
    topics = [f"net-1/marker/channel/{name}/message/{name}", f"net-1/channel/{name}/#"]
    topics += [f"net-1/channel/{name}/messagefeed/{name}{end}" for end in ("", "/#", "/message/1")]
    assert join(alice).subscribes(*topics) == [0] * 5
    assert join(dave).subscribes(*topics) == [128] * 5
    mixed = f"net-1/marker/channel/{name}/message/other"
    assert join(alice, "tablet").subscribes(mixed) == [128]


# --- Events ---------------------------------------------------------------------------------------


def test_a_message_is_told_to_all_who_take_part(
    join: Join, group: Conversation, alice: User, bob: User, dave: User
) -> None:
    sender, reader, stranger = join(alice), join(bob), join(dave)
    message = say(alice, group, "hello")
    for client, who in (sender, alice), (reader, bob):
        topic, event, data = client.published()
        assert (topic, event) == (f"net-1/smartfeed/{who.pk}/messages", "message.created")
        [told] = data["messages"]
        assert (told["messageId"], told["data"]) == (str(message.pk), {"text": "hello"})
        assert (told["seenby"] is not None) == (who == alice)
        assert [each["userId"] for each in data["users"]] == ["alice"]
    services.delete_message(message_id=message.pk, by=alice)
    assert reader.event()[0] == "message.deleted"
    assert stranger.subscribes("net-1") == [0]
    assert not stranger.waiting


def test_edits_deletions_and_restorations_are_told(
    join: Join, group: Conversation, alice: User, bob: User, moderator: User
) -> None:
    message, reader = say(alice, group, "tea?"), join(bob)
    services.edit_message(message_id=message.pk, by=alice, body="cake?")
    event, data = reader.event()
    assert (event, data["messages"][0]["data"]) == ("message.updated", {"text": "cake?"})
    services.delete_message(message_id=message.pk, by=alice)
    event, data = reader.event()
    assert (event, data["messages"][0]["data"]) == ("message.deleted", {"text": ""})
    assert data["messages"][0]["isDeleted"] is True
    services.restore_message(message_id=message.pk, by=moderator)
    event, data = reader.event()
    assert (event, data["messages"][0]["isDeleted"]) == ("message.updated", False)


def test_a_receipt_is_told_to_the_sender_alone(
    api: Any, join: Join, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """With exact counts, without feed markers, and with the message."""
    message = say(alice, group)
    sender, other = join(alice), join(carol)
    api(bob).post(f"/messages/{message.pk}/read/")
    event, data = sender.event()
    assert (event, data["messages"][0]["seenby"]["read_count"]) == ("message.updated", 1)
    topic, event, data = sender.published()
    assert (topic, event) == (f"net-1/marker/user/{alice.pk}", "marker.marked-message")
    assert data["feedMarkers"] == data["userFeedMarkers"] == data["userMarkers"] == []
    [marker] = data["contentMarkers"]
    assert marker["feedId"] == str(group.pk)
    assert (marker["contentId"], marker["creatorId"]) == (str(message.pk), str(alice.pk))
    assert (marker["readCount"], marker["deliveredCount"]) == (1, 1)
    later = say(alice, group)
    assert other.event()[1]["messages"][0]["messageId"] == str(later.pk)


def test_a_private_read_is_told_as_its_delivery(
    api: Any, join: Join, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    message, sender = say(alice, group), join(alice)
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True})
    assert sender.counts() == [(message.pk, 0, 1)]
    api(carol).post(f"/messages/{message.pk}/read/")
    assert sender.counts() == [(message.pk, 1, 2)]


def test_many_messages_that_are_read_at_once_have_a_marker_each(
    api: Any, join: Join, group: Conversation, alice: User, bob: User
) -> None:
    """The newest of them are told, too; for each of those, the SDK makes another request."""
    messages, sender = [say(alice, group) for _ in range(8)], join(alice)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    events = [sender.event() for _ in range(13)]
    markers = [data["contentMarkers"] for name, data in events if name.startswith("marker")]
    assert [len(each) for each in markers] == [1] * 8
    assert {int(each["contentId"]) for [each] in markers} == {each.pk for each in messages}
    told = [data["messages"][0] for name, data in events if name == "message.updated"]
    assert {int(each["messageId"]) for each in told} == {each.pk for each in messages[3:]}


# --- Where devices continue -----------------------------------------------------------------------


def test_a_client_that_starts_hears_what_came_after_its_login(
    join: Join, group: Conversation, alice: User, bob: User
) -> None:
    """However late it connects: it has loaded its lists meanwhile. What came before is in them."""
    say(alice, group, "before")
    token = log_in(bob)
    say(alice, group, "early")
    assert join(bob, token=token).hears() == "early"


def test_a_login_begins_anew_on_a_device_that_was_there_before(
    join: Join, group: Conversation, alice: User, bob: User
) -> None:
    join(bob, token=log_in(bob)).socket.close()
    say(alice, group, "in the lists that it loads now")
    token = log_in(bob)
    say(alice, group, "early")
    assert join(bob, token=token).hears() == "early"


def test_a_client_that_reconnects_continues_where_it_was(
    join: Join, group: Conversation, alice: User, bob: User
) -> None:
    """It subscribes to nothing, and hears what it missed."""
    token = log_in(bob)
    first = join(bob, token=token)
    say(alice, group, "heard")
    assert first.hears() == "heard"
    first.socket.close()
    _until_left(bob)
    say(alice, group, "missed")
    assert join(bob, token=token, again=True).hears_of("missed") in ([], ["heard"])


def test_a_renewal_begins_nothing_anew(
    join: Join, group: Conversation, alice: User, bob: User, settings: Any
) -> None:
    """It comes with the token that it replaces; what the device has missed is still to come."""
    join(bob, token=log_in(bob)).socket.close()
    _until_left(bob)
    say(alice, group, "missed")
    renewed = renew(bob, settings)
    assert join(bob, token=renewed).hears() == "missed"


def test_a_new_client_of_a_renewed_session_hears_what_came_after_the_renewal(
    join: Join, group: Conversation, alice: User, bob: User, settings: Any
) -> None:
    """Where there is no storage, the SDK names its device anew with each connection."""
    join(bob, "one", token=log_in(bob))
    say(alice, group, "before")
    renewed = renew(bob, settings)
    say(alice, group, "after")
    assert join(bob, "two", token=renewed).hears() == "after"


def test_two_devices_hear_each_for_itself(
    join: Join, group: Conversation, alice: User, bob: User
) -> None:
    phone, tablet = join(bob, "phone"), join(bob, "tablet")
    say(alice, group, "to both")
    assert [phone.hears(), tablet.hears()] == ["to both"] * 2
    tablet.socket.close()
    say(alice, group, "missed by one")
    assert phone.hears() == "missed by one"
    assert join(bob, "tablet", again=True).hears_of("missed by one") in ([], ["to both"])


def _until_left(user: User) -> None:
    while user.pk in hub().connections:
        pass
