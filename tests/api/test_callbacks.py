"""A provider's status callbacks in one batch: sent, delivered, read, and failed with a reason."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts import services
from receipts.models import MessageStatus
from tests.support.cast import ON_POSTGRES, STAMP, STAMP_OF_FAILURES, Api, counts, say
from tests.support.following import Follow

NOW = timezone.now()


@pytest.fixture
def backend(api: Any, service_key: str) -> Api:
    client: Api = api(service_key)
    return client


@pytest.fixture
def message(direct: Conversation, alice: User) -> Message:
    return say(alice, direct)


def call(backend: Api, *items: dict[str, Any]) -> list[str]:
    answer = backend.post("/receipts/", {"receipts": list(items)})
    return [each["result"] for each in answer["results"]]


def item(message: Message, state: str, user: str = "bob", **fields: Any) -> dict[str, Any]:
    return {"message": message.pk, "state": state, "user": user, **fields}


def failed(message: Message, reason: str | None, minute: int | None = None) -> dict[str, Any]:
    at = {} if minute is None else {"at": (NOW - timedelta(minutes=60 - minute)).isoformat()}
    return item(message, "failed", reason=reason, **at)


def reason_of(message: Message) -> str | None:
    return MessageStatus.objects.get(message=message).failure_reason


def test_each_item_has_its_own_state_user_and_time(
    backend: Api, group: Conversation, alice: User, dave: User
) -> None:
    """One unknown id, or one bad item, loses nothing."""
    one, two = say(alice, group), say(alice, group)
    at = two.created_at.isoformat()
    results = call(
        backend,
        item(one, "sent"),
        item(one, "delivered"),
        item(one, "failed", "carol", reason="no such number", at=at),
        {"message": 99_999, "state": "failed", "user": "bob", "reason": "?"},
        item(two, "bounced"),
        item(two, "read", at=at),
        *(item(two, state, user) for user in ("alice", "dave") for state in ("sent", "failed")),
    )
    assert results == [
        "unchanged", "applied", "applied", "not_found", "invalid", "applied",
        "not_recipient", "not_recipient", "not_found", "not_found",
    ]  # fmt: skip
    assert (counts(one), counts(two)) == ((2, 1, 0, 1), (2, 1, 1, 0))
    row = MessageStatus.objects.get(message=one, recipient__username="carol")
    assert (row.failed_at, row.failure_reason) == (two.created_at, "no such number")


@pytest.mark.django_db(transaction=ON_POSTGRES)
def test_what_is_sent_is_no_news(
    backend: Api, follow: Follow, message: Message, alice: User
) -> None:
    """A message counts as sent once it is stored."""
    heard = follow(alice)
    assert call(backend, item(message, "sent"), item(message, "sent")) == ["unchanged"] * 2
    assert heard() == []
    assert MessageStatus.objects.get(message=message).delivered_at is None


def test_a_user_reports_no_failure(api: Any, message: Message, bob: User) -> None:
    """Rule 11: service accounts do; the other marks of the batch are made."""
    items = [{"message": message.pk, "state": state} for state in ("failed", "sent", "read")]
    refused, sent, read = api(bob).post("/receipts/", {"receipts": items})["results"]
    assert (refused["result"], list(refused["errors"])) == ("invalid", ["state"])
    assert (sent["result"], read["result"]) == ("unchanged", "applied")


@pytest.mark.parametrize("state", ["sent", "delivered", "read"])
def test_a_reason_belongs_to_a_failure(backend: Api, message: Message, state: str) -> None:
    body = {"receipts": [item(message, state, reason="off")]}
    (result,) = backend.post("/receipts/", body)["results"]
    assert (result["result"], list(result["errors"])) == ("invalid", ["reason"])


@pytest.mark.parametrize("field", ["private", "content"])
def test_what_belongs_to_a_read_is_refused_with_a_failure(
    backend: Api, message: Message, field: str
) -> None:
    wrong = item(message, "failed", reason="off", **{field: True if field == "private" else "x"})
    (result,) = backend.post("/receipts/", {"receipts": [wrong]})["results"]
    assert (result["result"], list(result["errors"])) == ("invalid", [field])


LONG = "x" * 238
#: What a provider may give, and what is kept.
REASONS = [
    ("off", "off"), (LONG, LONG), ("x" * 1_000, "x" * 1_000), ("x" * 1_001, "x" * 999 + "…"),
    ("é" * 50_000, "é" * 999 + "…"), ("two\nlines\tand\x1b more", "two lines and  more"),
    ("", None), (" \n", None), (None, None),
]  # fmt: skip


@pytest.mark.parametrize(("given", "kept"), REASONS)
@pytest.mark.parametrize("door", ["batch", "one"])
def test_a_reason_of_any_length_is_kept(
    api: Any, backend: Api, message: Message, alice: User, given: str | None, kept: str | None,
    door: str,
) -> None:  # fmt: skip
    """Rule 11: as one line, cut with a mark; shown to the sender."""
    if door == "batch":
        assert call(backend, item(message, "failed", reason=given)) == ["applied"]
    else:
        body = {"user": "bob", "reason": given}
        assert backend.post(f"/messages/{message.pk}/failed/", body)["failure_reason"] == kept
    (row,) = api(alice).get(f"/messages/{message.pk}/recipients/")["results"]
    assert (row["state"], row["failure_reason"]) == ("failed", kept)


def test_a_reason_may_be_omitted(backend: Api, message: Message) -> None:
    assert call(backend, item(message, "failed")) == ["applied"]
    assert counts(message) == (1, 0, 0, 1)
    answer = backend.post(f"/messages/{message.pk}/failed/", {"user": "bob"})
    assert (answer["state"], answer["failure_reason"]) == ("failed", None)


@pytest.mark.parametrize("given", [5, True, [], {}, "a\x00b"])
def test_a_reason_that_is_no_text_is_refused(backend: Api, message: Message, given: Any) -> None:
    """NUL is no text in JSON here, as everywhere."""
    body = {"receipts": [item(message, "failed", reason=given)]}
    (result,) = backend.post("/receipts/", body)["results"]
    assert list(result["errors"]) == ["reason"]
    refused = {"user": "bob", "reason": given}
    assert list(backend.post(f"/messages/{message.pk}/failed/", refused, status=400)) == ["reason"]


MARKS = {
    "sent": ("sent", 10, None), "failed": ("failed", 20, "busy"),
    "failed later": ("failed", 30, "blocked"), "at the same time": ("failed", 30, "absent"),
    "without a reason": ("failed", 30, None), "delivered": ("delivered", 40, None),
    "delivered before": ("delivered", 15, None), "read": ("read", 50, None),
}  # fmt: skip


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [(["sent", "failed", "failed later", "without a reason"], "blocked"),
     (["failed", "failed later", "at the same time", "without a reason"], "absent"),
     (["sent", "failed", "failed later", "delivered"], None),
     (["failed", "failed later", "delivered before"], None),
     (["sent", "failed later", "delivered", "read"], None)],
)  # fmt: skip
def test_any_order_of_the_same_statuses_gives_the_same_row(
    backend: Api, direct: Conversation, alice: User, chosen: list[str], reason: str | None
) -> None:
    """Rules 6 and 11: one by one, in one batch, and again; the latest failure counts."""
    outcomes = set()
    for order in permutations(chosen):
        for size in (1, len(order)):
            sent_at = NOW - timedelta(hours=1)
            message = say(alice, direct, sent_at=sent_at, mark_read=False)
            items = []
            for state, minute, why in map(MARKS.get, order):  # type: ignore[misc]
                fields = {"reason": why} if why else {}
                at = (sent_at + timedelta(minutes=minute)).isoformat()
                items.append(item(message, state, at=at, **fields))
            for start in range(0, len(items), size):
                call(backend, *items[start : start + size])
            call(backend, *items)
            row = MessageStatus.objects.get(message=message)
            outcomes.add((row.delivered_at, row.read_at, row.failed_at, row.failure_reason))
    ((*_, failed_at, kept),) = outcomes
    assert kept == reason
    assert failed_at == (None if reason is None else NOW - timedelta(minutes=30))


def test_a_later_failure_replaces_an_earlier_one(backend: Api, message: Message) -> None:
    """Rule 11: an earlier one that comes in late does not."""
    Message.objects.update(created_at=NOW - timedelta(hours=1))
    MessageStatus.objects.update(sent_at=NOW - timedelta(hours=1))
    told = [failed(message, "busy", 20), failed(message, "gone", 30), failed(message, "off", 25)]
    assert [call(backend, each) for each in told] == [["applied"], ["applied"], ["unchanged"]]
    assert reason_of(message) == "gone"


@pytest.mark.django_db(transaction=ON_POSTGRES)
def test_without_a_time_another_reason_replaces_and_the_same_changes_nothing(
    backend: Api, follow: Follow, message: Message, alice: User
) -> None:
    heard = follow(alice)
    for reason, result in (("busy", "applied"), ("busy", "unchanged"), ("off", "applied")):
        assert call(backend, failed(message, reason)) == [result]
    assert reason_of(message) == "off"
    assert counts(message) == (1, 0, 0, 1)
    assert [mark["reason"] for event in heard() for mark in event["marks"]] == ["busy", "off"]
    assert call(backend, failed(message, "a"), failed(message, "b")) == ["unchanged", "applied"]


@pytest.mark.parametrize("many", [1, 30])
@pytest.mark.one_server
def test_all_kinds_take_a_constant_number_of_statements(
    backend: Api, direct: Conversation, alice: User, statements: Any, many: int
) -> None:
    """The caller, the rows, a stamp for each kind, and a lock for private reads."""
    items: list[dict[str, Any]] = []
    for _ in range(many):
        one, two, three, four, five = (say(alice, direct) for _ in range(5))
        items += [
            item(one, "delivered"), item(two, "read"), item(three, "read", private=True),
            item(four, "failed", reason="off"), item(five, "sent"),
        ]  # fmt: skip
    with statements() as counted:
        results = call(backend, *items)
    assert results == ["applied", "applied", "applied", "applied", "unchanged"] * many
    assert len(counted) == 3 + 3 * STAMP + STAMP_OF_FAILURES


def test_a_failure_of_a_deleted_message_changes_nothing(backend: Api, message: Message) -> None:
    """Rule 21."""
    services.delete_message(message_id=message.pk)
    assert call(backend, failed(message, "off"), item(message, "sent")) == ["unchanged"] * 2
