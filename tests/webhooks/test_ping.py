"""A ping tries a webhook through the real path: a delivery with one event that nobody caused."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, User
from receipts.models import WebhookEndpoint
from receipts.webhooks import delivering, posting
from tests.support.cast import ON_POSTGRES, hook, say
from tests.support.receiver import Receiver
from tests.support.webhooks import turn

pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)


@pytest.fixture
def endpoint(receiver: Receiver, service_key: str, group: Conversation) -> WebhookEndpoint:
    return hook("backend", receiver.url)


@pytest.fixture
def ping(api: Any, service_key: str, endpoint: WebhookEndpoint) -> Any:
    return lambda status=202: api(service_key).post(f"/webhooks/{endpoint.pk}/ping/", None, status)


@pytest.fixture
def shown(api: Any, service_key: str, endpoint: WebhookEndpoint) -> Any:
    return lambda: api(service_key).get(f"/webhooks/{endpoint.pk}/")


def kinds(receiver: Receiver) -> list[list[str]]:
    return [[event["kind"] for event in each.events] for each in receiver.got]


def test_a_ping_is_delivered_signed_and_its_acceptance_is_shown(
    receiver: Receiver, endpoint: WebhookEndpoint, ping: Any, shown: Any
) -> None:
    asked = ping()
    assert turn() == 1
    (got,) = receiver.got
    assert got.events == [{"kind": "ping", "at": asked["ping_at"]}]
    assert got.is_from(endpoint.secret)
    after = shown()
    assert after["ping_at"] is None
    assert after["delivered_at"] > asked["ping_at"]
    assert turn() == 0


def test_a_ping_goes_before_what_waits_and_skips_nothing(
    receiver: Receiver, group: Conversation, alice: User, ping: Any
) -> None:
    say(alice, group, "hello")
    ping()
    assert turn() == 2
    assert kinds(receiver) == [["ping"], ["message.created"]]
    say(alice, group, "again")
    turn()
    assert receiver.texts == ["hello", "again"]


def test_a_ping_is_sent_whatever_kinds_are_selected(receiver: Receiver, ping: Any) -> None:
    WebhookEndpoint.objects.update(kinds=["message.deleted"])
    ping()
    turn()
    assert kinds(receiver) == [["ping"]]


def test_a_ping_does_not_wait_for_the_next_attempt(
    receiver: Receiver, group: Conversation, alice: User, ping: Any, shown: Any
) -> None:
    """Whoever has mended a backend learns at once whether it works now."""
    receiver.answers.append(500)
    say(alice, group, "hello")
    turn()
    assert turn() == 0
    ping()
    assert turn() == 2
    assert kinds(receiver) == [["message.created"], ["ping"], ["message.created"]]
    assert shown()["failures"] == 0


def test_a_ping_that_is_not_accepted_says_why_and_is_repeated(
    receiver: Receiver, ping: Any, shown: Any
) -> None:
    receiver.answers.append(401)
    asked = ping()
    assert turn() == 0
    failed = shown()
    assert (failed["ping_at"], failed["last_error"]) == (asked["ping_at"], "It answered 401.")
    WebhookEndpoint.objects.update(try_at=timezone.now())
    assert turn() == 1
    first, second = receiver.got
    assert first.body["delivery"] == second.body["delivery"]


def test_a_ping_that_is_requested_during_another_is_sent_too(
    receiver: Receiver, ping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def post_and_ping(*what: Any, **how: Any) -> None:
        posting.post(*what, **how)
        monkeypatch.setattr(delivering, "post", posting.post)
        ping()

    monkeypatch.setattr(delivering, "post", post_and_ping)
    ping()
    assert turn() == 2
    first, second = receiver.got
    assert first.body["delivery"] != second.body["delivery"]


def test_a_webhook_that_is_switched_off_is_not_pinged(
    api: Any, service_key: str, receiver: Receiver, endpoint: WebhookEndpoint, ping: Any
) -> None:
    """409 says that nothing will come."""
    api(service_key).patch(f"/webhooks/{endpoint.pk}/", {"is_active": False})
    assert ping(status=409)["code"] == "conflict"
    api(service_key).patch(f"/webhooks/{endpoint.pk}/", {"is_active": True})
    assert turn() == 0
    assert receiver.got == []


def test_a_ping_that_waited_while_its_webhook_was_off_comes_when_it_is_on(
    receiver: Receiver, ping: Any
) -> None:
    ping()
    WebhookEndpoint.objects.switch_off()
    assert turn() == 0
    WebhookEndpoint.objects.switch_on()
    assert turn() == 1


def test_a_ping_after_lost_events_is_followed_by_the_word_that_they_are(
    receiver: Receiver, ping: Any
) -> None:
    WebhookEndpoint.objects.update(cursor="of another key")
    ping()
    turn()
    assert [each.body["missed"] for each in receiver.got] == [False, True]
