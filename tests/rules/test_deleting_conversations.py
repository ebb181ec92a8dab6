"""Deleting a conversation: closed for everybody at once, removed in batches, told to all of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from chat.models import (
    Conversation,
    ConversationParticipant,
    Departure,
    Erasure,
    Message,
    MessageName,
    User,
)
from receipts import services
from receipts.models import HistoryStay, MessageStatus, ReceiptEvent
from receipts.sql.conversation_names import claim_name
from tests.support.cast import ON_POSTGRES, hook, say
from tests.support.commands import run
from tests.support.erasing import watch_batches
from tests.support.history import import_records
from tests.support.webhooks import turn

#: Events are visible when they are committed.
pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)


@pytest.fixture(autouse=True)
def tiny_batches(settings: Any) -> None:
    settings.BATCH_ROWS, settings.BATCH_BUDGET_MS = 2, 60_000


@pytest.fixture
def tea(group: Conversation) -> Conversation:
    """The group, with a name in another system."""
    Conversation.objects.filter(pk=group.pk).update(external_id="tea", title="Tea")
    claim_name(group.pk, "tea")
    return group


@pytest.fixture
def delete(api: Any, service_key: str, tea: Conversation) -> Any:
    """``delete(alice)``; by the application's backend unless somebody else is named."""

    def delete(who: Any = None, status: int = 200) -> Any:
        return api(who or service_key)("DELETE", f"/conversations/{tea.pk}/", status=status)

    return delete


def test_nothing_is_left_of_it(
    tea: Conversation, alice: User, bob: User, carol: User, delete: Any
) -> None:
    for number in range(5):
        message = say(alice, tea)
        MessageName.objects.create(external_id=f"order-{number}", message=message, conversation=tea)
        Message.objects.filter(pk=message.pk).update(external_id=f"order-{number}")
    services.remove_participant(conversation_id=tea.pk, user=bob)
    assert Departure.objects.exists()
    assert delete() == {"complete": True}
    for model in (Conversation, Message, MessageName, MessageStatus, ConversationParticipant,
                  Departure):  # fmt: skip
        assert not model.objects.exists(), model
    assert set(ReceiptEvent.objects.values_list("kind", flat=True)) == {"conversation.deleted"}
    erasure = Erasure.objects.get()
    assert erasure.finished_at is not None
    assert (erasure.conversation_id, erasure.position) == (tea.pk, None)


def test_it_leaves_others_alone(
    api: Any, tea: Conversation, direct: Conversation, alice: User, bob: User, delete: Any
) -> None:
    say(alice, tea)
    kept = say(alice, direct)
    delete()
    assert api(bob).get("/me/")["unread_count"] == 1
    assert api(alice).get(f"/messages/{kept.pk}/status/")["overall_status"] == "sent"
    assert ReceiptEvent.objects.filter(conversation=direct, kind="message.created").exists()


@pytest.fixture
def closed(tea: Conversation, alice: User, bob: User, delete: Any, settings: Any) -> list[Message]:
    """Its messages, after the first answer: nobody takes part, and rows are still there."""
    messages = [say(alice, tea), say(bob, tea)]
    settings.BATCH_BUDGET_MS = 0
    assert delete(status=202) == {"complete": False}
    assert MessageStatus.objects.exists()
    return messages


def test_every_door_is_closed_at_once(
    api: Any, closed: list[Message], tea: Conversation, alice: User, moderator: User,
    service_key: str,
) -> None:  # fmt: skip
    """404 for those who took part, for moderators, and for backends."""
    message = closed[0].pk
    for who in (alice, moderator, service_key):
        caller = api(who)
        acting = {"user": "alice"} if who == service_key else {}
        for path in (f"/conversations/{tea.pk}/", f"/conversations/{tea.pk}/participants/",
                     f"/conversations/{tea.pk}/messages/", f"/conversations/{tea.pk}/insights/",
                     f"/messages/{message}/", f"/messages/{message}/status/",
                     f"/messages/{message}/recipients/"):  # fmt: skip
            caller.get(path, status=404)
        for path, body in (
            (f"/messages/{message}/read/", acting),
            (f"/messages/{message}/restore/", {}),
            (f"/conversations/{tea.pk}/mark-read/", acting),
            (f"/conversations/{tea.pk}/participants/", {"user": "bob"}),
        ):
            caller.post(path, body, status=404)
        caller.patch(f"/conversations/{tea.pk}/", {"title": "x"}, status=404)
        caller.patch(f"/messages/{message}/", {"body": "x"}, status=404)
        caller.delete(f"/messages/{message}/", status=404)
        (result,) = caller.get(f"/receipts/?messages={message}")["results"]
        assert result["code"] == "not_found"
        mark = {"message": message, "state": "read"} | acting
        (result,) = caller.post("/receipts/", {"receipts": [mark]})["results"]
        assert result["result"] == "not_found"
    said = {"sender": "alice", "body": "hello?"}
    api(service_key).post(f"/conversations/{tea.pk}/messages/", said, status=404)


def test_it_is_gone_from_lists_and_badges_at_once(
    api: Any, closed: list[Message], alice: User, bob: User, service_key: str
) -> None:
    """Its unread rows are still there."""
    assert MessageStatus.objects.filter(recipient=alice, seen_at=None).exists()
    for who in (alice, bob):
        assert api(who).get("/me/")["unread_count"] == 0
        assert api(who).get("/conversations/")["results"] == []
    assert api(service_key).get("/conversations/")["results"] == []


def test_a_mark_of_everything_leaves_it_out(
    api: Any, closed: list[Message], alice: User, settings: Any
) -> None:
    settings.BATCH_BUDGET_MS = 60_000
    for verb in ("mark-read", "mark-delivered"):
        answer = api(alice).post(f"/me/{verb}/", {"private": False} if "read" in verb else {})
        assert answer == {"marked": 0, "complete": True, "unread_count": 0}


def test_its_name_is_taken_until_it_is_gone(
    api: Any, closed: list[Message], service_key: str, delete: Any, settings: Any, bob: User
) -> None:
    """409 that says why; then it is free again. An import does not write into it either."""
    body = {"kind": "group", "external_id": "tea", "participants": ["bob"]}
    refusal = api(service_key).post("/conversations/", body, status=409)
    assert "is being deleted" in refusal["detail"]
    said = import_records(
        [{"type": "participant", "conversation": "tea", "user": "bob"},
         {"type": "message", "id": "m1", "conversation": "tea", "sender": "bob", "sent_at": 1}]
    )  # fmt: skip
    assert sum("there is no conversation tea" in line for line in said) == 2
    settings.BATCH_BUDGET_MS = 60_000
    delete()
    api(service_key).post("/conversations/", body, status=201)


def test_repeating_finishes_for_who_began(
    closed: list[Message], alice: User, bob: User, delete: Any, settings: Any
) -> None:
    """Nobody else sees that there is anything."""
    delete(bob, status=404)
    delete(alice, status=404)
    settings.BATCH_BUDGET_MS = 60_000
    assert delete() == {"complete": True}
    delete(status=404)


def test_its_owner_may_delete_a_group_and_finish_that(
    tea: Conversation, alice: User, bob: User, dave: User, moderator: User, delete: Any,
    settings: Any,
) -> None:  # fmt: skip
    """Others may not (403), and outsiders learn nothing (404)."""
    say(alice, tea)
    delete(bob, status=403)
    delete(moderator, status=403)
    delete(dave, status=404)
    settings.BATCH_BUDGET_MS = 0
    assert delete(alice, status=202) == {"complete": False}
    settings.BATCH_BUDGET_MS = 60_000
    assert delete(alice) == {"complete": True}
    assert LogEntry.objects.get().user == alice
    assert LogEntry.objects.get().object_repr == f"Conversation {tea.pk}"


def test_a_direct_conversation_is_deleted_by_a_backend_only(
    api: Any, direct: Conversation, alice: User, service_key: str
) -> None:
    path = f"/conversations/{direct.pk}/"
    api(alice)("DELETE", path, status=403)
    assert api(service_key)("DELETE", path, status=200) == {"complete": True}


def test_all_who_took_part_are_told_once(
    api: Any, tea: Conversation, alice: User, bob: User, carol: User, dave: User,
    service_key: str, delete: Any,
) -> None:  # fmt: skip
    """With both names of the conversation; those who left before, and outsiders, hear nothing."""
    services.remove_participant(conversation_id=tea.pk, user=carol)
    say(alice, tea)
    callers = [api(who) for who in (alice, bob, service_key, carol, dave)]
    cursors = [caller.get("/events/")["cursor"] for caller in callers]
    delete()
    told = [
        caller.get(f"/events/?after={cursor}")["results"]
        for caller, cursor in zip(callers, cursors, strict=True)
    ]
    for events in told[:3]:
        (event,) = events
        assert event.pop("at")
        assert event == {
            "kind": "conversation.deleted",
            "conversation": tea.pk,
            "conversation_external_id": "tea",
        }
    assert told[3:] == [[], []]


def test_a_webhook_is_told_although_everything_is_gone(
    tea: Conversation, alice: User, receiver: Any, delete: Any, service_key: str
) -> None:
    """What it had not been sent before is not sent any more."""
    hook("backend", receiver.url)
    say(alice, tea)
    delete()
    assert turn() == 1
    assert [event["kind"] for got in receiver.got for event in got.events] == [
        "conversation.deleted"
    ]


def test_no_batch_changes_more_rows_than_it_may(
    tea: Conversation, alice: User, bob: User, carol: User, dave: User, delete: Any,
    monkeypatch: pytest.MonkeyPatch, api: Any,
) -> None:  # fmt: skip
    """Of any table; one message may have more rows than that."""
    for user in [dave, *(User.objects.create(username=f"u{n}") for n in range(3))]:
        services.add_participant(conversation_id=tea.pk, user=user)
    for number in range(3):
        message = say(alice, tea)
        name = f"order-{number}"
        MessageName.objects.create(external_id=name, message=message, conversation=tea)
        Message.objects.filter(pk=message.pk).update(external_id=name)
    for who in (bob, carol):
        api(who).post(f"/conversations/{tea.pk}/mark-read/")
    for user in (bob, carol, dave):
        services.remove_participant(conversation_id=tea.pk, user=user)
        HistoryStay.objects.create(conversation=tea, user=user, role="member")
    batches = watch_batches(monkeypatch)
    delete()
    assert max(count for batch in batches for count in batch.values()) == 2
    totals = {name: sum(batch.get(name, 0) for batch in batches) for name in batches[0]}
    assert totals["MessageStatus"] == 18


def test_what_an_import_has_written_meanwhile_goes_as_well(
    closed: list[Message], tea: Conversation, alice: User, delete: Any, settings: Any
) -> None:
    """It found the conversation before it was closed."""
    settings.BATCH_BUDGET_MS = 0
    while Erasure.objects.get().step != "conversation":
        delete(status=202)
    Message.objects.create(conversation=tea, sender=alice, body="late")
    ConversationParticipant.objects.create(conversation=tea, user=alice)
    settings.BATCH_BUDGET_MS = 60_000
    assert delete() == {"complete": True}
    assert not Message.objects.exists()
    assert not ConversationParticipant.objects.exists()


def test_a_check_and_a_backfill_meanwhile_leave_it_alone(
    closed: list[Message], alice: User, delete: Any, settings: Any
) -> None:
    """Messages without rows are neither drift nor waiting for rows."""
    settings.BATCH_BUDGET_MS = 0
    while MessageStatus.objects.exists():
        assert "no drift" in " ".join(run("check_receipts", "--fix"))
        delete(status=202)
    assert Message.objects.exists()
    found = " ".join(run("check_receipts"))
    assert "no drift" in found
    assert "tracked messages have no rows" not in found
