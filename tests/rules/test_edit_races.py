"""Edits and marks at the same moment, over several connections to PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts.models import MessageStatus
from tests.support.cast import say
from tests.support.racing import at_once, first_then
from tests.support.random_work import assert_no_drift

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return say(alice, group, "tea?")


def patch(api: Any, alice: User, message: Message, body: str = "cake?") -> Any:
    return api(alice).patch(f"/messages/{message.pk}/", {"body": body})


def is_of_the_present_text(message: Message) -> list[bool]:
    message.refresh_from_db()
    rows = MessageStatus.objects.filter(read_at__isnull=False)
    return [row.read_at >= message.edited_at for row in rows]  # type: ignore[operator]


def test_a_read_that_waits_for_an_edit_was_made_before_it(
    api: Any, message: Message, alice: User, bob: User
) -> None:
    """Its time is that of its request, so it is of the old text; the counts agree."""
    path = f"/messages/{message.pk}/read/"
    first_then(lambda: patch(api, alice, message), lambda: api(bob).post(path))
    assert is_of_the_present_text(message) == [message.read_since_edit_count == 1]
    assert_no_drift()


def test_an_edit_that_waits_for_a_read_is_later_than_it(
    api: Any, message: Message, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in the same microsecond: the edit looks for reads when it has the message's lock."""
    now = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    path = f"/messages/{message.pk}/read/"
    first_then(lambda: api(bob).post(path), lambda: patch(api, alice, message))
    assert is_of_the_present_text(message) == [False]
    assert (message.read_count, message.read_since_edit_count) == (1, 0)
    assert_no_drift()


def test_racing_edits_and_marks_leave_counts_that_agree_with_the_rows(
    api: Any, group: Conversation, message: Message, alice: User, bob: User, carol: User
) -> None:
    """Rule 22: no deadlock; the text is that of one of the two edits."""
    bulk, one = f"/conversations/{group.pk}/mark-read/", f"/messages/{message.pk}/read/"
    for number in range(8):
        at_once(
            [
                lambda n=number: patch(api, alice, message, f"one {n}"),
                lambda n=number: patch(api, alice, message, f"other {n}"),
                lambda: api(bob).post(bulk),
                lambda: api(carol).post(one),
            ]
        )
        api(bob).post("/me/retract-receipts/")
        api(bob).post(f"/conversations/{group.pk}/mark-unread/", {"from_message": message.pk})
    message.refresh_from_db()
    assert message.body in ("one 7", "other 7")
    assert sum(is_of_the_present_text(message)) == message.read_since_edit_count
    assert_no_drift()
