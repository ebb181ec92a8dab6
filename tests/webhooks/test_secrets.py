"""Webhooks' secrets: encrypted, replaced with an overlap, and what a new ``SECRET_KEY`` means."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from chat.models import Conversation, User
from receipts.models import WebhookEndpoint
from receipts.webhooks.delivering import due, has_news
from receipts.webhooks.endpoints import reseal_secrets
from tests.support.cast import ON_POSTGRES, hook, say
from tests.support.receiver import Receiver
from tests.support.webhooks import turn

pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)

OTHER_KEY = "Zx8-mTz1bYw5nRd7cLf9hGs2pUa4eXi6oVt0k_Kq3vJ"


@pytest.fixture
def endpoint(receiver: Receiver, service_key: str, group: Conversation) -> WebhookEndpoint:
    return hook("backend", receiver.url)


@pytest.fixture
def rotate(api: Any, service_key: str, endpoint: WebhookEndpoint) -> Any:
    """``rotate(overlap_hours=…)``: what the API answers."""

    def rotated(**body: Any) -> Any:
        answer = api(service_key).post(f"/webhooks/{endpoint.pk}/rotate-secret/", body)
        endpoint.refresh_from_db()
        return answer

    return rotated


def seconds_from_now(time: str | None) -> float:
    assert time is not None
    moment = parse_datetime(time)
    assert moment is not None
    return (moment - timezone.now()).total_seconds()


def with_other_key(settings: Any, *former: str) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OTHER_KEY, list(former)


def test_no_secret_is_readable_in_the_database(endpoint: WebhookEndpoint, rotate: Any) -> None:
    """Neither the current one nor the one before it."""
    secrets = [endpoint.secret, rotate()["secret"]]
    assert endpoint.signing_secrets == secrets[::-1]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM receipts_webhookendpoint")
        stored = str(cursor.fetchall())
    for secret in secrets:
        assert secret.removeprefix("whsec_") not in stored


def test_a_new_secret_is_shown_once_and_the_old_one_signs_for_a_day(
    api: Any, service_key: str, endpoint: WebhookEndpoint, rotate: Any
) -> None:
    old = endpoint.secret
    answer = rotate()
    assert answer["secret"] == endpoint.secret != old
    assert 86_000 < seconds_from_now(answer["previous_secret_until"]) <= 86_400
    shown = api(service_key).get(f"/webhooks/{endpoint.pk}/")
    assert shown == {name: each for name, each in answer.items() if name != "secret"}


@pytest.mark.parametrize("hours", [1, 168])
def test_the_overlap_is_as_long_as_asked(rotate: Any, hours: int) -> None:
    left = seconds_from_now(rotate(overlap_hours=hours)["previous_secret_until"])
    assert 3_600 * hours - 300 < left <= 3_600 * hours


def test_without_an_overlap_the_old_secret_ends_at_once(
    endpoint: WebhookEndpoint, rotate: Any
) -> None:
    """For a secret that others know."""
    answer = rotate(overlap_hours=0)
    assert answer["previous_secret_until"] is None
    assert endpoint.signing_secrets == [answer["secret"]]
    assert endpoint.sealed_previous_secret == ""


def test_of_three_secrets_the_last_two_sign(endpoint: WebhookEndpoint, rotate: Any) -> None:
    first, second = rotate(), rotate()
    assert endpoint.signing_secrets == [second["secret"], first["secret"]]


def test_an_overlap_that_is_over_is_not_shown(
    api: Any, service_key: str, endpoint: WebhookEndpoint, rotate: Any
) -> None:
    answer = rotate()
    WebhookEndpoint.objects.update(previous_until=timezone.now() - timedelta(seconds=1))
    endpoint.refresh_from_db()
    assert endpoint.signing_secrets == [answer["secret"]]
    shown = api(service_key).get(f"/webhooks/{endpoint.pk}/")
    assert shown["previous_secret_until"] is None


# --- Another SECRET_KEY -------------------------------------------------------------------------


def test_a_secret_of_another_key_disables_its_webhook_with_a_reason(
    api: Any, service_key: str, receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation,
    alice: User, settings: Any, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """One line in the log, no traceback, and nothing is sent."""
    with_other_key(settings)
    say(alice, group)
    with caplog.at_level(logging.INFO, "seenby.webhooks"):
        assert turn() == 0
    shown = api(service_key).get(f"/webhooks/{endpoint.pk}/")
    assert not shown["is_active"]
    assert "SECRET_KEY was changed without SECRET_KEY_FALLBACKS" in shown["last_error"]
    (record,) = (each for each in caplog.records if each.name == "seenby.webhooks")
    assert f"Webhook {endpoint.pk}: {shown['last_error']}" in record.getMessage()
    assert record.exc_info is None
    assert receiver.got == []


def test_a_webhook_with_an_unreadable_secret_continues_with_a_new_one(
    api: Any, service_key: str, receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation,
    alice: User, settings: Any, rotate: Any,
) -> None:  # fmt: skip
    """With ``missed``, since its cursor cannot be read either."""
    with_other_key(settings)
    say(alice, group)
    turn()
    answer = rotate()
    assert answer["previous_secret_until"] is None
    api(service_key).patch(f"/webhooks/{endpoint.pk}/", {"is_active": True})
    assert turn() == 1
    (got,) = receiver.got
    assert got.is_from(answer["secret"])
    assert got.body["missed"]


def test_one_that_can_be_read_again_needs_no_new_secret(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User, settings: Any
) -> None:
    """The operator has put the old key into SECRET_KEY_FALLBACKS, or back."""
    former, secret = settings.SECRET_KEY, endpoint.secret
    with_other_key(settings)
    say(alice, group, "hello")
    turn()
    with_other_key(settings, former)
    WebhookEndpoint.objects.switch_on()
    assert turn() == 1
    assert receiver.texts == ["hello"]
    assert receiver.got[0].is_from(secret)
    assert not receiver.got[0].body["missed"]


def test_a_worker_seals_all_secrets_with_the_new_key(
    endpoint: WebhookEndpoint, settings: Any, rotate: Any
) -> None:
    """When it starts; then the old key can be forgotten, also for webhooks that are disabled."""
    former = settings.SECRET_KEY
    rotate()
    secrets = endpoint.signing_secrets
    WebhookEndpoint.objects.switch_off()
    with_other_key(settings, former)
    call_command("deliver_webhooks", "--once")
    with_other_key(settings)
    endpoint.refresh_from_db()
    assert endpoint.signing_secrets == secrets


def test_secrets_of_the_current_key_and_unreadable_ones_stay_as_they_are(
    endpoint: WebhookEndpoint, settings: Any
) -> None:
    before = endpoint.sealed_secret
    reseal_secrets()
    with_other_key(settings)
    reseal_secrets()
    endpoint.refresh_from_db()
    assert endpoint.sealed_secret == before


def test_cursors_of_a_former_key_continue(
    endpoint: WebhookEndpoint, group: Conversation, alice: User, settings: Any
) -> None:
    """Of webhooks and of clients: nothing is missed."""
    with_other_key(settings, settings.SECRET_KEY)
    assert not any(has_news(each) for each in due())
    say(alice, group)
    assert all(has_news(each) for each in due())
