"""Races over several connections to PostgreSQL: each change once, no drift, no deadlock."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import F

from chat.errors import Refused
from chat.models import Conversation, ConversationParticipant, Message, User
from receipts import services
from receipts.models import MessageStatus
from tests.support.cast import say
from tests.support.racing import at_once, first_then
from tests.support.random_work import assert_no_drift, random_step

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_racing_bulk_marks_report_each_row_once(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 7: with any number of concurrent callers."""
    for _ in range(50):
        say(alice, group)
    path = f"/conversations/{group.pk}/mark-read/"
    answers = at_once([lambda: api(bob).post(path)["marked"]] * 4)
    assert sorted(answers) == [0, 0, 0, 50]
    assert_no_drift()


def test_mixed_batches_over_the_same_messages_wait_in_no_circle(
    api: Any, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Rule 22: no deadlock, though bob's batch reads what carol's delivers, and vice versa."""
    for _ in range(15):
        low, high = say(alice, group).pk, say(alice, group).pk
        batches = [
            [{"message": first, "state": "delivered"}, {"message": last, "state": "read"}]
            for first, last in ((low, high), (high, low))
        ]
        answers = at_once(
            [
                lambda who=who, items=items: api(who).post("/receipts/", {"receipts": items})
                for who, items in zip((bob, carol), batches, strict=True)
            ]
        )
        assert all(each["result"] == "applied" for a in answers for each in a["results"])
    assert_no_drift()


def test_two_equal_marks_count_once(api: Any, group: Conversation, alice: User, bob: User) -> None:
    """Rule 5: both succeed with the same response."""
    message = say(alice, group)
    first, second = at_once([lambda: api(bob).post(f"/messages/{message.pk}/read/")] * 2)
    assert first["state"] == second["state"] == "read"
    message.refresh_from_db()
    assert message.read_count == 1


def test_of_equal_batches_one_is_applied_and_published_once(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rules 5 and 7: a default time does not replace one that is set."""
    for state in ("delivered", "read"):
        for private in (False, True)[: 1 + (state == "read")]:
            for _ in range(6):
                message = say(alice, group)
                cursor = api(alice).get("/events/")["cursor"]
                item = {"message": message.pk, "state": state}
                item |= {"private": True} if private else {}
                body = {"receipts": [item]}
                answers = at_once([lambda body=body: api(bob).post("/receipts/", body)] * 5)
                results = sorted(answer["results"][0]["result"] for answer in answers)
                assert results == ["applied", *["unchanged"] * 4]
                (event,) = api(alice).get(f"/events/?after={cursor}")["results"]
                assert [mark["count"] for mark in event["marks"]] == [1]


def test_two_equal_sends_are_one_message(api: Any, group: Conversation, alice: User) -> None:
    """A repeated ``client_id`` is the same message, even at the same moment."""

    def send() -> int:
        sent = api(alice).client.post(
            f"/api/v1/conversations/{group.pk}/messages/",
            {"body": "once", "client_id": "c-1"},
            format="json",
        )
        assert sent.status_code in (200, 201)
        return int(sent.json()["id"])

    assert len(set(at_once([send] * 4))) == 1
    assert MessageStatus.objects.count() == 2


def test_two_equal_users_are_one_user(api: Any, service_key: str) -> None:
    """Both requests succeed and there is one user."""
    codes = at_once(
        [
            lambda: (
                api(service_key)
                .client.post("/api/v1/users/", {"username": "erin"}, format="json")
                .status_code
            )
        ]
        * 4
    )
    assert sorted(codes) == [200, 200, 200, 201]


def test_two_equal_conversations_are_one(api: Any, service_key: str, bob: User) -> None:
    """Both requests succeed and there is one conversation."""
    body = {"kind": "group", "external_id": "tea", "participants": ["bob"]}
    codes = at_once(
        [
            lambda: (
                api(service_key)
                .client.post("/api/v1/conversations/", body, format="json")
                .status_code
            )
        ]
        * 4
    )
    assert sorted(codes) == [200, 200, 200, 201]
    assert ConversationParticipant.objects.count() == 1


def test_two_equal_joins_are_one(group: Conversation, dave: User) -> None:
    """Of concurrent calls that add the same user, only one adds them."""
    join = lambda: services.add_participant(conversation_id=group.pk, user=dave)[1]  # noqa: E731
    assert sorted(at_once([join] * 3)) == [False, False, True]


def test_racing_watermarks_end_at_the_newest(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 7: they only move forward."""
    messages = [say(alice, group) for _ in range(8)]
    path = f"/conversations/{group.pk}/mark-read/"
    at_once(
        [
            lambda pk=message.pk: api(bob).post(path, {"up_to_message": pk})
            for message in reversed(messages)
        ]
    )
    watermark = ConversationParticipant.objects.get(user=bob).last_read_message_id
    assert watermark == messages[-1].pk
    assert_no_drift()


def test_message_ids_grow_in_commit_order(group: Conversation, alice: User) -> None:
    """The conversation is locked while a message gets its id: no lower id appears later."""

    def another_send_would_wait() -> bool:
        try:
            with transaction.atomic():
                Conversation.objects.select_for_update(nowait=True, no_key=True).get(pk=group.pk)
        except OperationalError:
            return True
        return False

    with transaction.atomic():
        say(alice, group)
        assert at_once([another_send_would_wait]) == [True]
    assert at_once([another_send_would_wait]) == [False]


@pytest.mark.parametrize("seed", range(3))
def test_random_work_leaves_no_drift_and_no_deadlock(
    group: Conversation, alice: User, bob: User, carol: User, dave: User, seed: int
) -> None:
    """Rule 22: single and bulk marks, sends, joins, leaves, deactivated accounts."""
    people = [alice, bob, carol, dave]
    services.add_participant(conversation_id=group.pk, user=dave)
    for _ in range(20):
        say(alice, group, mark_read=False)

    def work(number: int) -> None:
        dice = random.Random(seed * 100 + number)
        for _ in range(25):
            random_step(dice, group, dice.choice(people))

    at_once([lambda number=number: work(number) for number in range(6)])
    assert_no_drift()
    gone = MessageStatus.objects.filter(
        read_at=None,
        withdrawn_at=None,
        recipient__participations__is_active=False,
        recipient__participations__conversation=F("conversation"),
    )
    assert not gone.exists()


@pytest.mark.one_server  # looks at its locks
def test_a_message_is_locked_before_its_rows(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 22: the lock order on which marks of several recipients' rows depend."""
    message = say(alice, group)

    def is_row_free() -> bool:
        while not _somebody_waits_for_a_row():
            pass
        try:
            with transaction.atomic():
                rows = MessageStatus.objects.filter(message=message, recipient=bob)
                return rows.select_for_update(nowait=True).get().recipient_id == bob.pk
        except OperationalError:
            return False

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Message.objects.select_for_update().get(pk=message.pk)
            marking = pool.submit(at_once, [lambda: api(bob).post(f"/messages/{message.pk}/read/")])
            assert at_once([is_row_free]) == [True]
        assert marking.result()[0]["state"] == "read"


def _somebody_waits_for_a_row() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone() is not None


def test_a_manager_who_is_demoted_meanwhile_changes_nothing(
    group: Conversation, alice: User, bob: User
) -> None:
    """The right is asked for under the conversation's lock, which giving a role takes, too."""

    def role(new: str) -> None:
        services.change_participant(by=alice, conversation_id=group.pk, user=bob, role=new)

    role("admin")

    def rename() -> str:
        try:
            services.change_conversation(by=bob, conversation_id=group.pk, title="Mine")
        except Refused:
            return "refused"
        return "renamed"

    assert first_then(lambda: role("member"), rename)[1] == "refused"
