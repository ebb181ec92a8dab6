"""A private delivery looks to everybody else as if nothing had been received (rule 13)."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from chat.models import Conversation, Message, User
from tests.support.cast import Api, say

#: A delivery by each door, from a message and its conversation.
DELIVERIES = {
    "single": lambda m: (f"/messages/{m.pk}/delivered/", {}),
    "batch": lambda m: ("/receipts/", {"receipts": [{"message": m.pk, "state": "delivered"}]}),
    "bulk": lambda m: (f"/conversations/{m.conversation_id}/mark-delivered/", {}),
    "all": lambda m: ("/me/mark-delivered/", {}),
}
READS = {
    "single": lambda m: (f"/messages/{m.pk}/read/", {}),
    "batch": lambda m: ("/receipts/", {"receipts": [{"message": m.pk, "state": "read"}]}),
    "bulk": lambda m: (f"/conversations/{m.conversation_id}/mark-read/", {}),
    "all": lambda m: ("/me/mark-read/", {}),
}


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return say(alice, group, sent_at=timezone.now() - timedelta(hours=1))


def switch(call: Api, *, deliveries: bool, reads: bool = True) -> None:
    call.patch("/me/", {"delivery_receipts_enabled": deliveries, "read_receipts_enabled": reads})


def row(api: Any, alice: User, message: Message) -> Any:
    """Bob's row as its sender sees it."""
    found = api(alice).get(f"/messages/{message.pk}/recipients/?search=bob")["results"]
    return found[0]


def times(message: Message) -> tuple[Any, ...]:
    """Bob's times as they are stored."""
    found = message.statuses.get(recipient__username="bob")
    return found.received_at, found.delivered_at, found.seen_at, found.read_at


@pytest.mark.parametrize("door", DELIVERIES)
def test_a_private_delivery_is_known_to_its_recipient_alone(
    api: Any, message: Message, alice: User, bob: User, door: str
) -> None:
    """Rule 13: by each door."""
    switch(api(bob), deliveries=False)
    api(bob).post(*DELIVERIES[door](message))
    found = row(api, alice, message)
    assert (found["state"], found["delivered_at"]) == ("pending", None)
    assert api(alice).get(f"/messages/{message.pk}/status/")["overall_status"] == "sent"
    received, *others = times(message)
    assert received is not None
    assert others == [None, None, None]


@pytest.mark.parametrize("door", READS)
def test_a_private_read_is_no_delivery_either(
    api: Any, message: Message, alice: User, bob: User, door: str
) -> None:
    """Rule 13: where both switches are off."""
    switch(api(bob), deliveries=False, reads=False)
    api(bob).post(*READS[door](message))
    assert row(api, alice, message)["state"] == "pending"
    received, delivered, seen, read = times(message)
    assert (received, delivered, read) == (seen, None, None)
    assert api(bob).get("/me/")["unread_count"] == 0


@pytest.mark.parametrize("door", READS)
@pytest.mark.parametrize("received_before", [False, True])
def test_an_open_read_discloses_the_delivery_with_its_own_time(
    api: Any, message: Message, alice: User, bob: User, door: str, received_before: bool
) -> None:
    """Rule 13: nothing shows when the message had been received."""
    switch(api(bob), deliveries=False)
    if received_before:
        api(bob).post(f"/messages/{message.pk}/delivered/")
    api(bob).post(*READS[door](message))
    found = row(api, alice, message)
    assert found["state"] == "read"
    assert found["delivered_at"] == found["read_at"]
    received, delivered, *_ = times(message)
    assert (received < delivered) is received_before


@pytest.mark.parametrize("door", READS)
def test_an_explicit_open_read_discloses_a_private_read_with_its_delivery(
    api: Any, message: Message, alice: User, bob: User, door: str
) -> None:
    """Rule 13: ``"private": false``, while the switch for reads is on."""
    switch(api(bob), deliveries=False)
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True})
    path, body = READS[door](message)
    for mark in body.get("receipts", [body]):
        mark["private"] = False
    api(bob).post(path, body)
    found = row(api, alice, message)
    assert (found["state"], found["delivered_at"]) == ("read", found["read_at"])
    received, delivered, seen, _ = times(message)
    assert received == seen < delivered


def test_the_recipient_sees_when_it_reached_them(
    api: Any, message: Message, alice: User, bob: User, carol: User
) -> None:
    """The response to a mark has ``received_at``, private or not."""
    switch(api(bob), deliveries=False)
    private = api(bob).post(f"/messages/{message.pk}/delivered/")
    assert (private["state"], private["delivered_at"]) == ("pending", None)
    assert parse_datetime(private["received_at"]) == times(message)[0]
    read = api(bob).post(f"/messages/{message.pk}/read/")
    assert read["received_at"] == private["received_at"] < read["delivered_at"]
    openly = api(carol).post(f"/messages/{message.pk}/delivered/")
    assert openly["received_at"] == openly["delivered_at"]


@pytest.mark.parametrize("state", ["delivered", "read"])
def test_repeating_a_private_mark_changes_nothing(
    api: Any, message: Message, bob: User, statements: Any, state: str
) -> None:
    """Rule 5: one query, and the same answer; also once the switch is on again."""
    switch(api(bob), deliveries=False, reads=False)
    call, path = api(bob), f"/messages/{message.pk}/{state}/"
    first = call.post(path)
    with statements() as counted:
        assert call.post(path) == first
    assert len(counted) == 1
    switch(call, deliveries=True)
    assert call.post(path) == first


def test_the_switch_neither_discloses_nor_retracts_deliveries(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 13: what was received privately stays so when the switch is on again."""
    openly, privately = say(alice, group), say(alice, group)
    api(bob).post(f"/messages/{openly.pk}/delivered/")
    switch(api(bob), deliveries=False)
    api(bob).post(f"/conversations/{group.pk}/mark-delivered/")
    switch(api(bob), deliveries=True)
    for _, door in DELIVERIES.items():
        api(bob).post(*door(privately))
    states = [row(api, alice, each)["state"] for each in (openly, privately)]
    assert states == ["delivered", "pending"]


def test_a_failure_outlasts_a_private_delivery(
    api: Any, message: Message, alice: User, bob: User, service_key: str
) -> None:
    """Rules 11 and 13: until an open one, or an open read."""
    failure = {"user": "bob", "reason": "off"}
    switch(api(bob), deliveries=False)
    api(service_key).post(f"/messages/{message.pk}/failed/", failure)
    api(bob).post(f"/messages/{message.pk}/delivered/")
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True})
    found = row(api, alice, message)
    assert (found["state"], found["failure_reason"]) == ("failed", "off")
    api(bob).post(f"/messages/{message.pk}/read/", {"private": False})
    assert row(api, alice, message)["state"] == "read"


def test_a_message_that_was_received_privately_can_fail(
    api: Any, message: Message, alice: User, bob: User, service_key: str
) -> None:
    """Rules 11 and 13: as one that nobody received."""
    switch(api(bob), deliveries=False)
    api(bob).post(f"/messages/{message.pk}/delivered/")
    failure = {"user": "bob", "reason": "off"}
    api(service_key).post(f"/messages/{message.pk}/failed/", failure)
    assert row(api, alice, message)["state"] == "failed"


#: Marks of one message, each with its minute and the switches at that time. The last one of equal
#: times is private.
MARKS = {
    "open, private": [("delivered", 1, True), ("delivered", 2, False)],
    "private, open": [("delivered", 1, False), ("delivered", 2, True)],
    "both at once": [("delivered", 2, True), ("delivered", 2, False)],
    "private, open, open read": [
        ("delivered", 1, False), ("delivered", 2, True), ("read", 3, True)
    ],
    "private, private read, open read": [
        ("delivered", 1, False), ("seen", 2, False), ("read", 3, True)
    ],
    "open, private read, open read": [
        ("delivered", 1, True), ("seen", 2, False), ("read", 3, False)
    ],
    "private read, open one at once": [("seen", 2, True), ("seen", 2, False)],
    "three reads": [("seen", 3, False), ("read", 2, False), ("seen", 4, True)],
    "open read before private marks": [
        ("read", 2, True), ("delivered", 4, False), ("seen", 3, False)
    ],
}  # fmt: skip


@pytest.mark.parametrize("named", MARKS)
@pytest.mark.parametrize("door", ["single", "batch"])
def test_the_earliest_delivery_decides_with_its_privacy_in_any_order(
    api: Any, group: Conversation, alice: User, bob: User, named: str, door: str
) -> None:
    """Rules 6 and 13: one result in any order; of two at once the private one counts."""
    begin = timezone.now() - timedelta(hours=1)
    results = set()
    for marks in permutations(MARKS[named]):
        message = say(alice, group, sent_at=begin)
        for state, minute, deliveries in marks:
            switch(api(bob), deliveries=deliveries)
            at = (begin + timedelta(minutes=minute)).isoformat()
            mark = {"at": at} | ({"private": True} if state == "seen" else {})
            verb = "delivered" if state == "delivered" else "read"
            if door == "single":
                api(bob).post(f"/messages/{message.pk}/{verb}/", mark)
            else:
                items = [{"message": message.pk, "state": verb, **mark}]
                api(bob).post("/receipts/", {"receipts": items})
        found = (time and round((time - begin).total_seconds() / 60) for time in times(message))
        results.add(tuple(found))
    assert len(results) == 1, results
    _, minute, deliveries = min(MARKS[named], key=lambda mark: (mark[1], mark[2]))
    (received, delivered, _, read) = results.pop()
    assert received == (None if deliveries else minute)
    assert delivered == (minute if deliveries else read)


def test_retracting_a_read_hides_a_delivery_that_only_the_read_disclosed(
    api: Any, message: Message, alice: User, bob: User
) -> None:
    """Rule 13: an open delivery stands, whatever the switch is now."""
    second = say(alice, message.conversation)
    api(bob).post(f"/messages/{second.pk}/delivered/")
    switch(api(bob), deliveries=False)
    for each in (message, second):
        api(bob).post(f"/messages/{each.pk}/read/")
    switch(api(bob), deliveries=True)
    api(bob).post("/me/retract-receipts/")
    assert [row(api, alice, each)["state"] for each in (message, second)] == [
        "pending",
        "delivered",
    ]


def test_the_organisation_can_overrule_the_switch_for_deliveries(
    api: Any, message: Message, alice: User, bob: User, settings: Any
) -> None:
    """Rule 14: ``RECEIPTS_MANDATORY``."""
    settings.RECEIPTS_MANDATORY = True
    switch(api(bob), deliveries=False, reads=False)
    api(bob).post(f"/messages/{message.pk}/delivered/")
    assert row(api, alice, message)["state"] == "delivered"


def test_sending_receives_privately_what_stands_above(
    api: Any, message: Message, alice: User, bob: User
) -> None:
    """Rules 9 and 13."""
    switch(api(bob), deliveries=False)
    path = f"/conversations/{message.conversation_id}/messages/"
    api(bob).post(path, {"body": "hm", "mark_read": False}, status=201)
    assert row(api, alice, message)["state"] == "pending"
    assert times(message)[0] is not None
    api(bob).post(path, {"body": "hm"}, status=201)
    assert row(api, alice, message)["state"] == "read"


def test_an_untracked_message_keeps_no_private_delivery(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 15: ``seen_at`` alone."""
    message = say(alice, group, request_receipts=False)
    switch(api(bob), deliveries=False, reads=False)
    api(bob).post(f"/messages/{message.pk}/delivered/")
    assert times(message) == (None, None, None, None)
    api(bob).post(f"/messages/{message.pk}/read/")
    received, delivered, seen, read = times(message)
    assert (received, delivered, read, seen is None) == (None, None, None, False)
