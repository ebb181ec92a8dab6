"""Deliveries that are not accepted: retried at growing intervals, in order, until they are."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from chat.models import Conversation, User
from receipts.models import WebhookEndpoint
from receipts.webhooks import delivering, offering, posting
from receipts.webhooks.delivering import deliver, due, has_news
from tests.support.cast import ON_POSTGRES, hook, say
from tests.support.receiver import Receiver
from tests.support.webhooks import turn

#: A position is a snapshot on PostgreSQL, which sees nothing that is not committed.
pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)


@pytest.fixture
def endpoint(receiver: Receiver, service_key: str, group: Conversation) -> WebhookEndpoint:
    return hook("backend", receiver.url)


def later(**time: float) -> None:
    """Let time pass for webhooks."""
    passed = timedelta(**time)
    for endpoint in WebhookEndpoint.objects.all():
        for name in ("try_at", "failing_since", "claimed_until"):
            if moment := getattr(endpoint, name):
                setattr(endpoint, name, moment - passed)
        endpoint.save()


def state(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    endpoint.refresh_from_db()
    return endpoint


@pytest.mark.parametrize("answer", [500, 404, "hang", "reset", "redirect"])
def test_what_is_not_taken_is_offered_again_and_what_came_later_waits(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User, answer: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """In order, at least once."""
    monkeypatch.setattr(posting, "READ_TIMEOUT", 0.2)
    receiver.answers.append(getattr(receiver, answer) if isinstance(answer, str) else answer)
    say(alice, group, "first")
    assert turn() == 0
    say(alice, group, "second")
    assert turn() == 0
    assert receiver.texts == ["first"]
    later(seconds=10)
    assert turn() == 1
    assert receiver.texts == ["first", "first", "second"]
    assert {each.path for each in receiver.got} == {"/hook"}


def test_nobody_there_is_told_when_they_are_back(
    settings: Any, service_key: str, group: Conversation, alice: User
) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    with Receiver() as gone:
        endpoint = hook("backend", gone.url)
    say(alice, group, "anybody?")
    assert turn() == 0
    assert "refused" in state(endpoint).last_error
    with Receiver() as back:
        WebhookEndpoint.objects.update(url=back.url)
        later(seconds=10)
        turn()
        assert back.texts == ["anybody?"]


def test_the_pauses_grow(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User
) -> None:
    """As documented in docs/webhooks.md, plus or minus a fifth, so that retries do not coincide."""
    receiver.answers.extend([500] * 14)
    say(alice, group)
    pauses = []
    for _ in range(14):
        before = timezone.now()
        assert turn() == 0
        took = timezone.now() - before
        pauses.append(((state(endpoint).try_at - before).total_seconds(), took.total_seconds()))
        later(hours=1.3)
    expected = [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600, 3600]
    for (pause, took), about in zip(pauses, expected, strict=True):
        assert 0.8 * about <= pause <= 1.2 * about + took
    assert len({round(pause) for pause, _ in pauses[-4:]}) > 1


def test_a_failure_is_shown_and_a_success_clears_it(
    api: Any, receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    service_key: str, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.INFO, "seenby.webhooks")
    receiver.answers.extend([500, 503])
    say(alice, group)
    call, path = api(service_key), f"/webhooks/{endpoint.pk}/"
    turn()
    later(seconds=10)
    turn()
    shown = call.get(path)
    assert (shown["failures"], shown["last_error"]) == (2, "It answered 503.")
    assert shown["failing_since"] is not None
    assert shown["delivered_at"] is None
    later(seconds=20)
    turn()
    shown = call.get(path)
    assert (shown["failures"], shown["last_error"], shown["failing_since"]) == (0, "", None)
    assert shown["delivered_at"] is not None
    first, second, third = (
        record.getMessage() for record in caplog.records if record.name == "seenby.webhooks"
    )
    assert first == f"Webhook {endpoint.pk} failed: It answered 500. Next attempt in about 5 s."
    assert "It answered 503" in second
    assert third == f"Webhook {endpoint.pk} accepts deliveries again; failures: 2."
    assert endpoint.secret not in caplog.text


def test_what_fails_for_too_long_is_switched_off(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User, settings: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """WEBHOOKS_GIVE_UP_HOURS after its first failure, and not before."""
    settings.WEBHOOKS_GIVE_UP_HOURS = 48
    receiver.answers.extend([500] * 3)
    say(alice, group, "hello?")
    turn()
    later(hours=47)
    turn()
    assert state(endpoint).is_active
    later(hours=1.5)
    turn()
    assert not state(endpoint).is_active
    assert caplog.records[-1].getMessage().endswith(" Disabled.")
    later(hours=24)
    assert turn() == 0
    assert len(receiver.got) == 3


def test_one_that_is_switched_on_again_goes_on_from_where_it_was(
    api: Any, receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    service_key: str,
) -> None:  # fmt: skip
    """A backend that was off for days receives everything, in order."""
    receiver.answers.extend([500, 500])
    say(alice, group, "first")
    turn()
    later(days=4)
    turn()
    assert not state(endpoint).is_active
    say(alice, group, "second")
    api(service_key).patch(f"/webhooks/{endpoint.pk}/", {"is_active": True})
    assert turn() == 1
    assert receiver.texts[-2:] == ["first", "second"]


def test_a_failure_does_not_switch_on_what_was_switched_off_meanwhile(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def switched_off(*_: object, **__: object) -> None:
        WebhookEndpoint.objects.switch_off()
        raise posting.Failed("It answered 500.")

    monkeypatch.setattr(delivering, "post", switched_off)
    say(alice, group)
    turn()
    assert not state(endpoint).is_active


def test_the_same_content_has_the_same_delivery_id(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User
) -> None:
    """A receiver may ignore a delivery it knows; one with more events has another id."""
    receiver.answers.extend([500, 500])
    say(alice, group, "one")
    turn()
    later(seconds=10)
    turn()
    say(alice, group, "two")
    later(seconds=20)
    turn()
    say(alice, group, "three")
    turn()
    ids = [each.headers["Seenby-Delivery"] for each in receiver.got]
    assert ids == [each.body["delivery"] for each in receiver.got]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_that_something_was_missed_has_an_id_of_its_own_each_time(
    receiver: Receiver, endpoint: WebhookEndpoint
) -> None:
    """So that nobody mistakes a second loss for the first."""
    for _ in range(2):
        WebhookEndpoint.objects.update(cursor=f"of another secret {len(receiver.got)}")
        turn()
    assert [each.body["missed"] for each in receiver.got] == [True, True]
    assert len({each.body["delivery"] for each in receiver.got}) == 2


def test_what_was_not_taken_comes_in_smaller_pieces(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A receiver that cannot accept so much at once makes progress; then it is sent more again."""
    monkeypatch.setattr(offering, "EVENTS_PER_DELIVERY", 4)
    receiver.answers.extend([413, 413])
    sent = [say(alice, group, f"{number}").body for number in range(7)]
    for _ in range(3):
        turn()
        later(hours=2)
    assert [len(each.events) for each in receiver.got] == [4, 2, 1, 4, 2]
    assert [text for each in receiver.got[2:] for text in each.texts] == sent


class Killed(BaseException):
    """Ends a worker."""


def test_a_worker_that_dies_before_its_note_delivers_again(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """At least once: the endpoint has accepted it, but that was not recorded."""

    def dies(*_: object) -> Any:
        raise Killed

    say(alice, group, "hello")
    with monkeypatch.context() as patch:
        patch.setattr(delivering, "_after", dies)
        with pytest.raises(Killed):
            turn()
    assert turn() == 1
    assert receiver.texts == ["hello", "hello"]
    first, second = receiver.got
    assert first.body["delivery"] == second.body["delivery"]


def test_a_worker_that_died_lets_go_of_its_claim(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User
) -> None:
    """Without releasing it, as after a power cut."""
    WebhookEndpoint.objects.update(claimed_until=timezone.now() + delivering.CLAIM)
    say(alice, group, "hello")
    assert turn() == 0
    later(seconds=delivering.CLAIM.total_seconds() + 1)
    assert turn() == 1
    assert receiver.texts == ["hello"]


def test_a_worker_that_was_taken_for_dead_sets_nothing_back(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Its claim expired during a request, and another worker has moved the cursor."""

    def post_for_long(*what: Any, **how: Any) -> None:
        monkeypatch.setattr(delivering, "post", posting.post)
        later(hours=1)
        say(alice, group, "second")
        assert turn() == 1
        raise posting.Failed("It did not answer in time.")

    monkeypatch.setattr(delivering, "post", post_for_long)
    say(alice, group, "first")
    assert turn() == 0
    assert (state(endpoint).failures, endpoint.claimed_until) == (0, None)
    assert turn() == 0
    assert receiver.texts == ["first", "second"]


def test_a_stale_look_does_not_go_before_the_time(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User
) -> None:
    """Two workers have seen the same events; the first one failed to deliver, so a pause is due."""
    receiver.answers.append(500)
    say(alice, group)
    first, second = due(), due()
    assert deliver(first[0]) == deliver(second[0]) == 0
    assert len(receiver.got) == 1


def test_an_endpoint_that_is_taken_away_meanwhile_is_no_trouble(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def taken_away(*_: object, **__: object) -> None:
        WebhookEndpoint.objects.all().delete()

    monkeypatch.setattr(delivering, "post", taken_away)
    say(alice, group)
    assert turn() == 1
    assert turn() == 0


def test_trouble_nobody_thought_of_is_that_of_one_endpoint(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """It waits as after any failure; the others receive theirs."""
    bad = hook("backend", receiver.url + "/bad")

    def stumble(url: str, *what: Any, **how: Any) -> None:
        if url == bad.url:
            raise ValueError(bad.secret)
        posting.post(url, *what, **how)

    monkeypatch.setattr(delivering, "post", stumble)
    say(alice, group)
    assert turn() == 1
    assert state(bad).last_error == "ValueError; see the worker's log for details."
    assert [each.path for each in receiver.got] == ["/hook"]
    assert f"Webhook {bad.pk}: unexpected error." in caplog.text


def test_a_database_that_does_not_answer_is_no_failure_of_an_endpoint(
    endpoint: WebhookEndpoint, group: Conversation, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: WebhookEndpoint) -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(delivering, "next_offer", gone)
    say(alice, group)
    with pytest.raises(OperationalError):
        turn()
    assert (state(endpoint).failures, endpoint.claimed_until) == (0, None)


def test_one_that_fails_holds_up_no_other(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User,
    statements: Callable[[], Any],
) -> None:  # fmt: skip
    """Each has its own cursor."""
    other = hook("backend", receiver.url + "/other")
    receiver.answers.append(500)
    say(alice, group, "one")
    assert turn() == 1
    say(alice, group, "two")
    turn()
    later(seconds=10)
    turn()
    told = {path: [t for g in receiver.got if g.path == path for t in g.texts]
            for path in ("/hook", "/hook/other")}  # fmt: skip
    assert told == {"/hook": ["one", "one", "two"], "/hook/other": ["one", "two"]}
    assert not has_news(state(other))
