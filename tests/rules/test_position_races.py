"""Races in large groups, over several connections to PostgreSQL (rules 16 and 22)."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Message, Tracking, User
from receipts.ledger.members import compare_members
from receipts.models import MemberPosition
from receipts.reads.by_position import recipient_list
from receipts.reads.messages import message_rows
from tests.support.cast import say
from tests.support.racing import at_once, first_then

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def large(settings: Any) -> None:
    settings.RECEIPTS_MAX_RECIPIENTS = 1


def counts(caller: Any, message: Message) -> tuple[int, int, int]:
    answer = caller.get(f"/messages/{message.pk}/status/")
    return answer["total_recipients"], answer["delivered_count"], answer["read_count"]


def assert_members_are_counted(group: Conversation) -> None:
    """Rule 1: each message's recipients are as many as were counted when it was sent."""
    assert not compare_members(group.pk)
    for row in message_rows(Message.objects.filter(tracking=Tracking.BY_POSITION)):
        assert recipient_list(row).queryset().count() == row["recipient_count"]


def test_positions_begin_once(group: Conversation, alice: User, bob: User, carol: User) -> None:
    """However many send the first message at once."""
    at_once([lambda who=who: say(who, group) for who in (alice, bob, carol)])
    assert MemberPosition.objects.count() == 3
    assert_members_are_counted(group)


def test_a_position_ends_at_the_furthest_of_racing_marks(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Never back, and each kind of read counts."""
    for _ in range(5):
        messages = [say(alice, group) for _ in range(4)]
        at_once(
            [
                lambda pk=each.pk, state=state: api(bob).post(f"/messages/{pk}/{state}/")
                for each in messages
                for state in ("delivered", "read")
            ]
        )
        assert [counts(api(alice), each) for each in messages] == [(2, 1, 1)] * 4


def test_a_mark_that_waits_for_leaving_marks_nothing(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 2: the stay is over."""
    message = say(alice, group)
    leaves = f"/conversations/{group.pk}/participants/bob/"
    first_then(
        lambda: api(bob).delete(leaves),
        lambda: api(bob).client.post(f"/api/v1/conversations/{group.pk}/mark-read/"),
    )
    assert counts(api(alice), message) == (1, 0, 0)


def test_joining_leaving_accounts_and_sending_at_once_count_everybody(
    api: Any, service_key: str, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Rules 1, 2 and 22: no deadlock, and no recipient is missed or counted twice."""
    say(alice, group)
    User.objects.create(username="dave")
    people = f"/conversations/{group.pk}/participants/"
    backend = api(service_key)
    for number in range(6):
        dave = ("POST", people, {"user": "dave"}, 201)
        if number % 2:
            dave = ("DELETE", f"{people}dave/", None, 204)
        switch = {"is_active": bool(number % 2)}
        at_once(
            [
                lambda call=dave: api(alice)(*call),
                lambda switch=switch: backend("PATCH", "/users/carol/", switch),
                lambda: say(alice, group),
                lambda: say(bob, group),
                lambda: api(bob).post("/me/mark-read/"),
            ]
        )
        assert_members_are_counted(group)
