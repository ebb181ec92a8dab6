"""Forgetting a user: their words, and words about them, wherever they are kept."""

from __future__ import annotations

from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType

from chat.models import Conversation, Message, User
from receipts.models import HistoryMember, HistoryStay, MessageStatus, ReceiptEvent
from tests.support.cast import ON_POSTGRES, counts, say
from tests.support.history import import_records

#: Events are visible when they are committed.
pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)


@pytest.fixture(autouse=True)
def tiny_batches(settings: Any) -> None:
    settings.BATCH_ROWS, settings.BATCH_BUDGET_MS = 2, 60_000


def test_their_texts_go_on_request_and_the_messages_stay(
    api: Any, group: Conversation, alice: User, bob: User, carol: User, forget: Any
) -> None:
    """Not edited, not deleted; who read it stays."""
    message, other = say(bob, group, "My address is …"), say(alice, group, "Thanks, bob")
    api(carol).post(f"/messages/{message.pk}/read/")
    forget("?messages=erase")
    shown = api(alice).get(f"/messages/{message.pk}/")
    assert (shown["body"], shown["edited_at"], shown["deleted_at"]) == ("", None, None)
    assert counts(message)[2] == 2
    assert api(carol).get(f"/messages/{other.pk}/")["body"] == "Thanks, bob"


def test_texts_may_be_asked_for_in_a_repeated_request(
    group: Conversation, bob: User, forget: Any, settings: Any
) -> None:
    message = say(bob, group)
    settings.BATCH_BUDGET_MS = 0
    forget(status=202)
    settings.BATCH_BUDGET_MS = 60_000
    assert forget("?messages=erase") == {"complete": True}
    message.refresh_from_db()
    assert message.body == ""


def test_reasons_of_failures_leave_the_feed(
    api: Any, direct: Conversation, alice: User, bob: User, forget: Any, service_key: str
) -> None:
    """They may hold a number or an address; that it failed stays."""
    message = say(alice, direct)
    cursor = api(alice).get("/events/")["cursor"]
    body = {"user": "bob", "reason": "+44 7700 900123 is unknown"}
    api(service_key).post(f"/messages/{message.pk}/failed/", body)
    ReceiptEvent.objects.filter(state="failed").update(reason=body["reason"])
    forget()
    told = str(api(alice).get(f"/events/?after={cursor}"))
    assert "+44 7700" not in told
    assert "'bob'" not in told
    assert "forgotten-" in told
    assert not ReceiptEvent.objects.exclude(reason=None).exists()
    row = MessageStatus.objects.get(message=message)
    assert (row.failed_at is None, row.failure_reason) == (False, None)


def test_the_admins_log_forgets_the_name_and_says_who_asked(
    bob: User, moderator: User, forget: Any
) -> None:
    """Words that only contain the name stay as they are; login attempts go."""
    log = {"user": moderator, "content_type": ContentType.objects.get_for_model(User)}
    log |= {"object_id": str(bob.pk), "action_flag": CHANGE}
    LogEntry.objects.create(**log, object_repr="bob", change_message="Deactivated.")
    LogEntry.objects.create(
        **log, object_repr="bob in Tea", change_message="Deleted: bob insults bobby, says bob."
    )
    AccessAttempt.objects.create(username="bob", ip_address="192.0.2.1", failures_since_start=1)
    forget()
    bob.refresh_from_db()
    name = bob.username
    found = list(LogEntry.objects.order_by("pk").values_list("object_repr", "change_message"))
    assert found == [
        (name, "Deactivated."),
        (f"{name} in Tea", f"Deleted: {name} insults bobby, says {name}."),
        (name, "Forgot the person."),
    ]
    assert LogEntry.objects.latest("pk").user.username == "backend"
    assert not AccessAttempt.objects.exists()


def test_what_imports_said_goes_and_counts_stay(forget: Any, service_key: str, alice: User) -> None:
    """A later file of the same history changes nothing that is there."""
    records = [
        {"type": "user", "id": "bob"},
        {"type": "conversation", "id": "tea"},
        {"type": "participant", "conversation": "tea", "user": "alice"},
        {"type": "participant", "conversation": "tea", "user": "bob"},
        *(
            {"type": "message", "id": f"m{n}", "conversation": "tea", "sender": "alice",
             "sent_at": 1_600_000_000 + n}
            for n in range(5)
        ),
        {"type": "receipt", "message": "m0", "user": "bob", "read_at": 1_600_000_100},
    ]  # fmt: skip
    import_records(records)
    forget()
    assert not HistoryStay.objects.filter(user__username__startswith="forgotten-").exists()
    assert not HistoryMember.objects.filter(user__username__startswith="forgotten-").exists()
    before = [counts(message) for message in Message.objects.order_by("pk")]
    assert before == [(1, 1, 1, 0), *[(0, 0, 0, 0)] * 4]
    later = {"type": "message", "id": "m9", "conversation": "tea", "sender": "alice",
             "sent_at": 1_600_000_200}  # fmt: skip
    import_records([later, {"type": "participant", "conversation": "tea", "user": "alice"}])
    assert [counts(message) for message in Message.objects.order_by("pk")][:5] == before
