"""Many marks at once: one result each, and nothing lost over a bad one."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts import services
from receipts.models import MessageStatus
from tests.support.cast import STAMP, say


def batch(api: Any, who: Any, *items: Any) -> list[str]:
    answer = api(who).post("/receipts/", {"receipts": list(items)})
    return [each["result"] for each in answer["results"]]


def test_marks_across_conversations_have_a_result_each_in_order(
    api: Any, group: Conversation, direct: Conversation, alice: User, bob: User, carol: User
) -> None:
    read, own, foreign = say(alice, group), say(bob, group), say(alice, direct)
    delivered = say(alice, group, mark_read=False)
    deleted = say(alice, group, mark_read=False)
    services.delete_message(message_id=deleted.pk)
    api(carol).post(f"/messages/{read.pk}/read/")
    assert batch(
        api,
        carol,
        {"message": delivered.pk, "state": "delivered"},
        {"message": read.pk, "state": "read"},
        {"message": foreign.pk, "state": "read"},
        {"message": 999999, "state": "read"},
        {"message": own.pk, "state": "read"},
        {"message": deleted.pk, "state": "read"},
        {"message": own.pk},
    ) == [
        "applied", "unchanged", "not_found", "not_found", "applied", "unchanged", "invalid",
    ]  # fmt: skip
    delivered.refresh_from_db()
    assert delivered.delivered_count == 1


def test_who_is_no_recipient_is_told_so(
    api: Any, group: Conversation, alice: User, dave: User
) -> None:
    """Rule 4: the sender, and who joined later."""
    message = say(alice, group)
    services.add_participant(conversation_id=group.pk, user=dave)
    for who in (alice, dave):
        assert batch(api, who, {"message": message.pk, "state": "read"}) == ["not_recipient"]


def test_a_service_account_marks_for_many_users(
    api: Any, group: Conversation, alice: User, service_key: str
) -> None:
    """Rule 18."""
    message = say(alice, group)
    assert batch(
        api,
        service_key,
        {"message": message.pk, "state": "read", "user": "bob"},
        {"message": message.pk, "state": "delivered", "user": "carol"},
        {"message": message.pk, "state": "delivered", "user": "nobody"},
        {"message": message.pk, "state": "delivered"},
    ) == ["applied", "applied", "not_found", "invalid"]
    message.refresh_from_db()
    assert (message.delivered_count, message.read_count) == (2, 1)


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"state": "read"}, "message"),
        ({"message": "1", "state": "read"}, "message"),
        ({"message": True, "state": "read"}, "message"),
        ({"message": 2**63, "state": "read"}, "message"),
        ({"message": 1}, "state"),
        ({"message": 1, "state": "seen"}, "state"),
        ({"message": 1, "state": []}, "state"),
        ({"message": 1, "state": "read", "at": "2026-01-01T00:00:00"}, "at"),
        ({"message": 1, "state": "read", "at": 5}, "at"),
        ({"message": 1, "state": "read", "at": "0001-01-01T00:00:00+14:00"}, "at"),
        ({"message": 1, "state": "read", "private": 1}, "private"),
        ({"message": 1, "state": "read", "content": ""}, "content"),
        ({"message": 1, "state": "read", "content": "x" * 2001}, "content"),
        ({"message": 1, "state": "read", "content": "\x00"}, "content"),
        ({"message": 1, "state": "read", "user": "carol"}, "user"),
        ({"message": 1, "state": "read", "user": 5}, "user"),
        ({"message": 1, "state": "delivered", "private": True}, "private"),
        ({"message": 1, "state": "read", "when": "now"}, "when"),
        (7, "non_field_errors"),
        (None, "non_field_errors"),
    ],
)
def test_a_bad_item_names_its_field_and_loses_no_other(
    api: Any, group: Conversation, alice: User, bob: User, item: Any, field: str
) -> None:
    """Bad input: per item, never the whole batch."""
    message = say(alice, group)
    good = {"message": message.pk, "state": "read"}
    bad, fine = api(bob).post("/receipts/", {"receipts": [item, good]})["results"]
    assert (bad["result"], list(bad["errors"]), fine["result"]) == ("invalid", [field], "applied")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"receipts": {}},
        {"receipts": None},
        {"receipts": [{"message": 1, "state": "read"}] * 1001},
    ],
)
def test_a_body_that_is_no_list_or_too_long_is_refused_whole(
    api: Any, bob: User, body: Any
) -> None:
    assert list(api(bob).post("/receipts/", body, status=400)) == ["receipts"]


def test_an_empty_batch_is_no_error(api: Any, bob: User) -> None:
    assert batch(api, bob) == []


def test_a_thousand_marks_fit(api: Any, group: Conversation, alice: User, bob: User) -> None:
    ids = [say(alice, group).pk for _ in range(20)] * 50
    results = batch(api, bob, *({"message": pk, "state": "read"} for pk in ids))
    assert results == ["applied"] * 20 + ["unchanged"] * 980


@pytest.mark.parametrize("many", [1, 40])
@pytest.mark.one_server
def test_a_batch_takes_a_constant_number_of_statements(
    api: Any, group: Conversation, alice: User, bob: User, statements: Any, many: int
) -> None:
    """The caller, the rows, a stamp for each kind of mark, and a lock for private reads."""
    items: list[dict[str, Any]] = []
    for _ in range(many):
        one, two, three = (say(alice, group).pk for _ in range(3))
        items += [
            {"message": one, "state": "delivered"},
            {"message": two, "state": "read"},
            {"message": three, "state": "read", "private": True},
        ]
    call = api(bob)
    with statements() as counted:
        results = call.post("/receipts/", {"receipts": items})["results"]
    assert {each["result"] for each in results} == {"applied"}
    assert len(counted) == 3 + 3 * STAMP


NOW = timezone.now()
MARKS = [
    {"state": "delivered", "at": NOW - timedelta(minutes=40)},
    {"state": "read", "at": NOW - timedelta(minutes=30), "private": True},
    {"state": "read", "at": NOW - timedelta(minutes=20)},
    {"state": "read", "at": NOW - timedelta(minutes=50)},
]


@pytest.mark.parametrize("chosen", [MARKS[:3], MARKS[1:], [MARKS[0], MARKS[2], MARKS[3]]])
def test_any_order_of_the_same_marks_gives_the_same_row(
    api: Any, group: Conversation, alice: User, bob: User, chosen: list[dict[str, Any]]
) -> None:
    """Rule 6: in one batch or several, one by one, whichever comes first; privacy included."""
    outcomes = set()
    for order in permutations(chosen):
        for size in (1, len(order)):
            message = say(alice, group, sent_at=NOW - timedelta(hours=2), mark_read=False)
            items = [
                {**mark, "message": message.pk, "at": mark["at"].isoformat()} for mark in order
            ]
            for start in range(0, len(items), size):
                batch(api, bob, *items[start : start + size])
            outcomes.add(_times(message, bob))
    assert len(outcomes) == 1


def _times(message: Message, user: User) -> tuple[datetime | None, ...]:
    row = MessageStatus.objects.get(message=message, recipient=user)
    return row.delivered_at, row.seen_at, row.read_at


def test_an_acknowledgement_comes_with_a_read(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 12: shown in the recipient list; the first one is kept."""
    message = say(alice, group)
    item = {"message": message.pk, "state": "read", "content": "Understood."}
    assert batch(api, bob, item, {**item, "content": "Again."}) == ["applied", "unchanged"]
    rows = api(alice).get(f"/messages/{message.pk}/recipients/")["results"]
    assert rows[0]["content"] == "Understood."
