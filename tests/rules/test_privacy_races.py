"""Rule 13 with concurrency: something becomes private while something else would disclose it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat.models import Conversation, ConversationParticipant, User
from receipts import services
from receipts.models import MessageStatus
from receipts.reads.watermarks import show_watermarks
from receipts.services.marking import RecipientKey
from tests.support.cast import say
from tests.support.racing import first_then
from tests.support.random_work import assert_no_drift

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def _read_watermark(user: User) -> int | None:
    participant = ConversationParticipant.objects.get(user=user)
    show_watermarks([participant])
    return participant.last_read_message_id


@pytest.mark.parametrize("then", ["bulk", "all", "send"])
@pytest.mark.parametrize("first", ["retract", "single", "batch", "bulk"])
def test_a_watermark_sees_what_became_private_while_it_waited(
    api: Any, group: Conversation, alice: User, bob: User, first: str, then: str
) -> None:
    """Rule 13: the condition is checked after the participant is locked, not before."""
    one = say(alice, group)
    path = f"/conversations/{group.pk}/mark-read/"
    if first == "retract":
        api(bob).post(f"/messages/{one.pk}/read/")
    two = say(alice, group)
    hidden: dict[str, Callable[[], Any]] = {
        "retract": lambda: services.retract_receipts(user_id=bob.pk),
        "single": lambda: api(bob).post(f"/messages/{one.pk}/read/", {"private": True}),
        "batch": lambda: api(bob).post(
            "/receipts/", {"receipts": [{"message": one.pk, "state": "read", "private": True}]}
        ),
        "bulk": lambda: api(bob).post(path, {"private": True, "up_to_message": one.pk}),
    }
    moves: dict[str, Callable[[], Any]] = {
        "bulk": lambda: api(bob).post(path, {"up_to_message": two.pk}),
        "all": lambda: api(bob).post("/me/mark-read/"),
        "send": lambda: say(bob, group),
    }
    first_then(hidden[first], moves[then])
    assert MessageStatus.objects.filter(message=one, recipient=bob, read_at=None).exists()
    assert _read_watermark(bob) is None


@pytest.mark.parametrize("how", ["single", "batch", "bulk"])
def test_what_becomes_private_sees_the_watermark_that_moved_while_it_waited(
    api: Any, group: Conversation, alice: User, bob: User, how: str
) -> None:
    """Rule 13: the same two in the other order."""
    one, two = say(alice, group), say(alice, group)
    path, at = f"/conversations/{group.pk}/mark-read/", one.created_at.isoformat()
    hidden: dict[str, Callable[[], Any]] = {
        "single": lambda: api(bob).post(
            f"/messages/{two.pk}/read/", {"private": True, "at": at}
        ),
        "batch": lambda: api(bob).post("/receipts/", {"receipts": [
            {"message": two.pk, "state": "read", "private": True, "at": at}
        ]}),
        "bulk": lambda: api(bob).post(path, {"private": True, "at": at, "up_to_message": one.pk}),
    }  # fmt: skip
    first_then(lambda: api(bob).post(path), hidden[how])
    assert _read_watermark(bob) == (None if how == "bulk" else one.pk)


@pytest.mark.parametrize("goes", ["leaves", "is switched off"])
@pytest.mark.parametrize("goes_first", [True, False])
def test_who_retracts_while_going_is_withdrawn(
    group: Conversation, alice: User, bob: User, goes: str, goes_first: bool
) -> None:
    """Rules 2 and 13: in either order."""
    message = say(alice, group)
    services.mark_read(
        row=RecipientKey(message_id=message.pk, recipient_id=bob.pk, conversation_id=group.pk)
    )
    go = {
        "leaves": lambda: services.remove_participant(conversation_id=group.pk, user=bob),
        "is switched off": lambda: services.deactivate_user(user=bob),
    }[goes]
    retract = lambda: services.retract_receipts(user_id=bob.pk)  # noqa: E731
    first_then(*((go, retract) if goes_first else (retract, go)))
    row = MessageStatus.objects.get(message=message, recipient=bob)
    assert (row.read_at, row.withdrawn_at is not None) == (None, True)
    assert_no_drift()
