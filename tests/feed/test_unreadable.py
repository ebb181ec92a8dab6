"""Rows of the event table that cannot be read: skipped, logged once; all others are published."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import JSONField, Value

from chat.models import Conversation, User
from receipts.models import EventKind, ReceiptEvent
from receipts.webhooks.delivering import deliver, due, has_news
from tests.support.cast import ON_POSTGRES, hook, say
from tests.support.listening import Listen
from tests.support.receiver import Receiver

pytestmark = pytest.mark.django_db(transaction=True)

RECEIPTS, READ, CREATED = (
    EventKind.RECEIPT_UPDATED,
    EventKind.CONVERSATION_READ,
    EventKind.MESSAGE_CREATED,
)
NULL = Value(None, JSONField())
#: The kind of row, and what was written into it by hand.
UNREADABLE: list[tuple[EventKind, dict[str, Any]]] = [
    *((RECEIPTS, {"messages": messages}) for messages in (
        "x", NULL, 7, {}, {"1": 2}, [], [None], ["1"], [True], [1.5], [0], [-1], [2**63], [[1]],
        [10**400],
    )),
    (RECEIPTS, {"kind": "receipt.invented"}),
    (RECEIPTS, {"kind": ""}),
    (RECEIPTS, {"state": "pleased"}),
    (RECEIPTS, {"state": None}),
    (RECEIPTS, {"message_count": 0}),
    (RECEIPTS, {"message_count": -5}),
    (RECEIPTS, {"first_message": None}),
    (RECEIPTS, {"first_message": 0}),
    (RECEIPTS, {"audience": None}),
    (CREATED, {"messages": "x"}),
    (CREATED, {"messages": []}),
    (CREATED, {"messages": [1, 2]}),
    (CREATED, {"message_count": 2}),
    (RECEIPTS, {"is_own_read": True, "actor": None}),
    (READ, {"is_own_read": True}),
    (READ, {"messages": 3}),
    (READ, {"message_count": -1}),
    (READ, {"audience": None}),
]  # fmt: skip
SHAPES = pytest.mark.parametrize(("kind", "wrong"), UNREADABLE, ids=lambda each: repr(each)[:40])


def spoilt(kind: EventKind, wrong: dict[str, Any], work: Callable[[], Any]) -> ReceiptEvent:
    """The event of this kind that ``work`` creates; its row gets wrong columns."""
    with transaction.atomic():
        work()
        event = ReceiptEvent.objects.filter(kind=kind).latest("pk")
        ReceiptEvent.objects.filter(pk=event.pk).update(**wrong)
    return event


def set_by_hand(event: ReceiptEvent, column: str, value: str) -> None:
    with connection.cursor() as cursor:
        if not ON_POSTGRES:
            cursor.execute("PRAGMA ignore_check_constraints = 1")
        cursor.execute(f"UPDATE receipts_receiptevent SET {column} = {value} WHERE id = {event.pk}")


@SHAPES
def test_a_page_skips_it_and_publishes_what_is_around_it(
    api: Any, group: Conversation, alice: User, bob: User,
    kind: EventKind, wrong: dict[str, Any],
) -> None:  # fmt: skip
    """For its own audience, and for a backend that receives everything."""
    other = say(alice, group, "before")
    # The users who receive events of this kind.
    listener = {RECEIPTS: alice, CREATED: bob, READ: bob}[kind]
    call = api(listener)
    cursor = call.get("/events/")["cursor"]
    before = say(alice, group)

    def work() -> None:
        if kind == CREATED:
            say(alice, group, "spoilt")
        elif kind == READ:  # only a mark up to a message has a row of this kind beside the sender's
            api(bob).post(f"/conversations/{group.pk}/mark-read/", {"up_to_message": other.pk})
        else:
            api(bob).post(f"/messages/{other.pk}/read/")

    spoilt(kind, wrong, work)
    after = say(alice, group)
    page = call.get(f"/events/?after={cursor}")
    told = [event["message"]["id"] for event in page["results"] if "message" in event]
    assert told == [before.pk, after.pk]
    assert kind.value not in {event["kind"] for event in page["results"]} - {CREATED.value}


def test_a_page_of_nothing_else_leads_on(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """However small the pages are."""
    call = api(bob)
    cursor, told = call.get("/events/")["cursor"], list[int]()
    sent = []
    for number in range(3):
        for _ in range(4):
            spoilt(CREATED, {"messages": NULL if number else "x"}, lambda: say(alice, group))
        sent.append(say(alice, group).pk)
    more = True
    while more:
        page = call.get(f"/events/?after={cursor}&limit=1")
        told += [event["message"]["id"] for event in page["results"]]
        cursor, more = page["cursor"], page["more"]
    assert told == sent


@pytest.mark.parametrize("time", ["'infinity'", "'-infinity'", "'20000-01-01'"])
@pytest.mark.postgres
def test_a_time_that_python_cannot_say_is_skipped(
    api: Any, group: Conversation, alice: User, bob: User, time: str
) -> None:
    call = api(bob)
    cursor = call.get("/events/")["cursor"]
    event = spoilt(CREATED, {}, lambda: say(alice, group))
    set_by_hand(event, "created_at", time)
    after = say(alice, group)
    page = call.get(f"/events/?after={cursor}")
    assert [event["message"]["id"] for event in page["results"]] == [after.pk]


#: What only SQLite can store, since it does not enforce types.
UNTYPED = [
    ("messages", "'3'"), ("messages", "'[1'"), ("created_at", "'noon'"), ("created_at", "12"),
    ("conversation_id", "'x'"), ("actor_id", "'x'"), ("first_message", "'x'"),
    ("message_count", "'x'"), ("message_count", "1.5"), ("kind", "5"), ("state", "5"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "value"), [("messages", "'3'"), *([] if ON_POSTGRES else UNTYPED)]
)
def test_columns_of_another_type_are_skipped(
    api: Any, group: Conversation, alice: User, bob: User, column: str, value: str
) -> None:
    message = say(alice, group)
    call = api(alice)
    cursor = call.get("/events/")["cursor"]
    event = spoilt(RECEIPTS, {}, lambda: api(bob).post(f"/messages/{message.pk}/read/"))
    set_by_hand(event, column, value)
    after = say(alice, group)
    page = call.get(f"/events/?after={cursor}")
    assert [each["kind"] for each in page["results"]] == [CREATED.value]
    assert page["results"][0]["message"]["id"] == after.pk


def test_streams_go_on_and_the_log_names_it_once(
    port: int, listen: Listen, api: Any, group: Conversation, alice: User, bob: User, carol: User,
    service_key: str, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Not once per listener or poll; and without a traceback."""
    first = say(alice, group)
    streams = [listen(who) for who in (alice, bob, carol, service_key)]
    for stream in streams:
        stream.block(), stream.block()
    cursors = [(who, api(who).get("/events/")["cursor"]) for who in (alice, service_key)]
    with caplog.at_level(logging.WARNING, logger="seenby"):
        event = spoilt(
            RECEIPTS, {"messages": "x"}, lambda: api(bob).post(f"/messages/{first.pk}/read/")
        )
        last = say(alice, group)
        for stream in streams:
            while stream.event().get("message", {}).get("id") != last.pk:
                pass
        for who, cursor in cursors * 2:
            page = api(who).get(f"/events/?after={cursor}")
            assert page["results"][-1]["message"]["id"] == last.pk
    lines = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [f"Event {event.pk} " in record.getMessage() for record in lines] == [True]
    assert lines[0].exc_info is None


def test_a_webhook_is_told_of_all_others(
    api: Any, receiver: Receiver, group: Conversation, alice: User, bob: User, service_key: str
) -> None:
    first = say(alice, group)
    hook("backend", receiver.url)
    spoilt(RECEIPTS, {"messages": "x"}, lambda: api(bob).post(f"/messages/{first.pk}/read/"))
    say(alice, group, "later")
    assert sum(deliver(each) for each in due() if has_news(each)) == 1
    assert receiver.texts == ["later"]
