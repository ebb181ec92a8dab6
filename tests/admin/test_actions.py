"""What a moderator does to messages, with a reason that stands in the admin's log (rule 21)."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from chat.models import Conversation, Message, User
from tests.support.admin import Browser, appointed
from tests.support.cast import say

TICKED = "_selected_action"


@pytest.fixture
def mia(moderator: User) -> Browser:
    return Browser(appointed(moderator))


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return say(alice, group, "tea?")


def log() -> list[tuple[str, str]]:
    """Who did what, oldest first."""
    entries = LogEntry.objects.order_by("pk")
    return list(entries.values_list("object_repr", "change_message"))


def is_deleted(message: Message) -> bool:
    message.refresh_from_db()
    return message.deleted_at is not None


def test_a_button_asks_for_a_reason_and_the_log_keeps_it(mia: Browser, message: Message) -> None:
    """Rule 21: soft, and taken back the same way."""
    page, name = f"chat/message/{message.pk}", f"Message {message.pk}"
    assert f"/admin/{page}/delete-softly/" in mia.get(f"{page}/change/")
    assert "tea?" in mia.get(f"{page}/delete-softly/")
    assert not is_deleted(message)
    mia.post(f"{page}/delete-softly/", {"reason": " spam,\n twice "})
    assert is_deleted(message)
    assert log() == [(name, "Deleted: spam, twice")]
    shown = mia.get(f"{page}/change/")
    assert "by Mia (mia): spam, twice. Others no longer see its text." in shown
    assert "Deleted: spam, twice" in mia.get(f"{page}/history/")
    assert "Deleted: spam, twice" in mia.get("")
    mia.post(f"{page}/restore/", {"reason": "was none"})
    assert not is_deleted(message)
    assert log()[1:] == [(name, "Restored: was none")]
    assert "Others no longer see" not in mia.get(f"{page}/change/")


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301, "nul\x00"])
@pytest.mark.parametrize("way", ["button", "list"])
def test_without_a_proper_reason_nothing_happens(
    mia: Browser, message: Message, reason: str, way: str
) -> None:
    data: dict[str, Any] = {"reason": reason, "action": "delete_softly", TICKED: message.pk}
    path = f"chat/message/{message.pk}/delete-softly/" if way == "button" else "chat/message/"
    page = mia.post(path, data, status=200)
    assert 'class="errorlist"' in page
    assert not is_deleted(message)
    assert log() == []


def test_the_list_acts_on_what_was_ticked_and_logs_what_changed(
    mia: Browser, group: Conversation, alice: User
) -> None:
    """What was deleted before is neither counted nor logged again."""
    before, one, other, spared = (say(alice, group, text) for text in ("a", "b", "c", "d"))
    mia.post(f"chat/message/{before.pk}/delete-softly/", {"reason": "first"})
    ticked = {"action": "delete_softly", TICKED: [each.pk for each in (before, one, other)]}
    asking = mia.post("chat/message/", ticked, status=200)
    assert "Delete these 3 messages?" in asking
    assert not is_deleted(one)
    mia.post("chat/message/", {**ticked, "reason": "spam"})
    assert [is_deleted(each) for each in (before, one, other, spared)] == [True, True, True, False]
    assert [text for _, text in log()] == ["Deleted: first", "Deleted: spam", "Deleted: spam"]
    assert "Deleted 2 of 3 messages; the others were already deleted." in mia.get("chat/message/")


def test_an_action_that_changes_nothing_says_so(mia: Browser, message: Message) -> None:
    mia.post(f"chat/message/{message.pk}/restore/", {"reason": "why not"})
    assert "Already restored." in mia.get(f"chat/message/{message.pk}/change/")
    assert log() == []


def test_no_address_deletes_all_pages_at_once(
    mia: Browser, group: Conversation, alice: User
) -> None:
    """Django's "select across" is not offered; forged, it reaches only what was ticked."""
    ticked, spared = say(alice, group), say(alice, group)
    data = {"action": "delete_softly", TICKED: ticked.pk, "select_across": "1", "reason": "x"}
    mia.post("chat/message/", data)
    assert is_deleted(ticked)
    assert not is_deleted(spared)


@pytest.mark.parametrize("junk", ["x", "99999999999999999999", "-1", "é", "\x00"])
def test_a_tick_that_is_no_row_is_refused(mia: Browser, message: Message, junk: str) -> None:
    mia.post("chat/message/", {"action": "delete_softly", TICKED: junk, "reason": "x"})
    assert "Select rows of the list." in mia.get("chat/message/")
    assert log() == []


def test_acting_under_wrong_filters_does_nothing(mia: Browser, message: Message) -> None:
    """What is not listed cannot have been ticked."""
    data = {"action": "delete_softly", TICKED: message.pk, "reason": "x"}
    mia.post("chat/message/?sender=nobody", data)
    assert not is_deleted(message)


@pytest.mark.parametrize("pk", [0, 12345, 2**63, 10**30])
def test_a_message_that_does_not_exist_cannot_be_moderated(mia: Browser, pk: int) -> None:
    for page in ("delete-softly", "restore"):
        mia.post(f"chat/message/{pk}/{page}/", {"reason": "x"})
    assert log() == []


def test_deleting_takes_a_message_out_of_unread_and_restoring_puts_it_back(
    mia: Browser, api: Any, message: Message, bob: User
) -> None:
    """Rule 21, for the reader."""
    counts = [api(bob).get("/me/")["unread_count"]]
    for page in ("delete-softly", "restore"):
        mia.post(f"chat/message/{message.pk}/{page}/", {"reason": "x"})
        counts.append(api(bob).get("/me/")["unread_count"])
    assert counts == [1, 0, 1]


def test_what_the_sender_deleted_names_no_moderator(
    mia: Browser, api: Any, message: Message, alice: User
) -> None:
    """An earlier deletion by a moderator is another one."""
    for page in ("delete-softly", "restore"):
        mia.post(f"chat/message/{message.pk}/{page}/", {"reason": "by mistake"})
    api(alice).delete(f"/messages/{message.pk}/")
    page = mia.get(f"chat/message/{message.pk}/change/")
    assert "Others no longer see its text." in page
    assert "by mistake" not in page
