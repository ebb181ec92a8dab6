"""How things are found in the admin: filters that say what they mean, and pages without counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts import services
from receipts.admin.lists import ListAdmin
from tests.support.admin import Browser, appointed, fail, listed, step
from tests.support.cast import say

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def mia(moderator: User) -> Browser:
    return Browser(appointed(moderator))


@pytest.fixture
def world(
    group: Conversation, direct: Conversation, alice: User, bob: User, carol: User
) -> dict[str, Message]:
    """Some messages, each of which one filter finds; who sends has read what stood above."""
    Conversation.objects.filter(pk=group.pk).update(title="Tea room", external_id="tea-1")
    found = {
        "old": say(alice, group, "Kettle", sent_at=NOON - timedelta(days=3)),
        "failed": say(alice, group, "a KETTLE again", sent_at=NOON - timedelta(days=2)),
        "read": say(bob, direct, "biscuits, 100%", sent_at=NOON - timedelta(days=1)),
        "deleted": say(bob, group, "oops", sent_at=NOON),
        "untracked": say(alice, group, "quiet", sent_at=NOON, request_receipts=False),
        "archived": say(alice, direct, "long ago", sent_at=NOON),
    }
    fail(found["failed"], carol, "no device")
    services.edit_message(message_id=found["old"].pk, body="Kettle!")
    found["old"].refresh_from_db()
    services.delete_message(message_id=found["deleted"].pk)
    Message.objects.filter(pk=found["archived"].pk).update(archived_at=timezone.now())
    return found


@pytest.mark.parametrize(
    ("query", "names"),
    [("", "archived untracked deleted read failed old"), ("q=kettle", "failed old"),
     ("q=%25", "read"), ("q=_", ""), ("sender=bob", "deleted read"),
     ("conversation=tea-1", "untracked deleted failed old"),
     ("conversation=TEA ROOM", "untracked deleted failed old"),
     ("from=2026-01-05", "archived untracked deleted"), ("to=2026-01-02", "old"),
     ("from=2026-01-03&to=2026-01-04", "read failed"), ("status=read", "read"),
     ("only=failed", "failed"), ("only=deleted", "deleted"), ("only=untracked", "untracked"),
     ("only=archived", "archived"), ("only=edited", "old"), ("only=failed&only=deleted", ""),
     ("q=kettle&sender=alice&conversation=tea-1&from=2026-01-03&status=partial", "failed"),
     ("q=&sender=&status=", "archived untracked deleted read failed old")],
)  # fmt: skip
def test_messages_are_found_by(mia: Browser, world: Any, query: str, names: str) -> None:
    """By text, conversation, sender, status, day, and what became of them."""
    page = mia.get(f"chat/message/?{query}")
    chips = {"old": " edited", "deleted": " deleted", "archived": " archived"}
    bodies = [world[name].body + chips.get(name, "") for name in names.split()]
    assert listed(page) == bodies


def test_a_conversation_is_named_by_its_number(mia: Browser, world: Any, direct: Any) -> None:
    page = mia.get(f"chat/message/?conversation={direct.pk}")
    assert listed(page) == ["long ago archived", "biscuits, 100%"]


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [("chat/message", "sender=nobody", "Sender"),
     ("chat/message", "conversation=x", "Conversation"),
     ("chat/message", "status=seen", "Status"), ("chat/message", "only=seen", "Only"),
     ("chat/message", "from=yesterday", "From"), ("chat/message", "to=2026-02-30", "To"),
     ("chat/message", "from=2026-01-02&to=2026-01-01", "From"), ("chat/message", "q=%00", "Text"),
     ("chat/message", "to=9999-12-31", "To"), ("chat/message", "sender=%00", "Sender"),
     ("chat/message", "after=x", "After"), ("chat/message", "before=0", "Before"),
     ("chat/message", "page=2", "Page"), ("chat/message", "after=99999999999999999999", "After"),
     ("chat/message", "seen_at__isnull=1", "seen_at__isnull"), ("chat/message", "o=1", "o"),
     ("chat/message", "sender__password__startswith=p", "sender__password__startswith"),
     ("chat/user", "kind=cats", "Account"), ("chat/user", "password__startswith=p", "password"),
     ("chat/conversation", "policy=x", "Receipts for"), ("chat/conversation", "q=%00", "Title"),
     ("chat/conversationparticipant", "user=nobody", "User"),
     ("chat/conversationparticipant", "retracted_up_to=1", "retracted_up_to"),
     ("receipts/messagestatus", "message=x", "Message"),
     ("receipts/messagestatus", "recipient=nobody", "Recipient"),
     ("receipts/messagestatus", "seen_at__isnull=True", "seen_at__isnull")],
)  # fmt: skip
def test_what_is_asked_wrongly_is_named_and_lists_nothing(
    mia: Browser, world: Any, path: str, query: str, field: str
) -> None:
    """Never an error page, and never everything in silence."""
    page = mia.get(f"{path}/?{query}")
    assert f"<p>{field}" in page
    assert "Nothing is listed until this is corrected." in page
    assert listed(page) == []


def test_many_conversations_of_one_title_are_told_apart(mia: Browser, alice: User) -> None:
    for _ in range(25):
        services.create_conversation(owner=alice, participants=[], kind="group", title="Tea")
    assert "enter an id" in mia.get("chat/message/?conversation=tea")


@pytest.mark.parametrize("query", ["", "conversation=tea", "sender=alice", "from=2026-01-01"])
def test_one_reads_a_list_to_its_end_and_back(
    mia: Browser, group: Conversation, alice: User, query: str, monkeypatch: Any
) -> None:
    """Each message once, in one order, also where several were sent at the same moment."""
    monkeypatch.setattr(ListAdmin, "list_per_page", 3)
    Conversation.objects.filter(pk=group.pk).update(title="Tea")
    for number in range(10):
        say(alice, group, f"no. {number}", sent_at=NOON + timedelta(minutes=number // 4))
    newest_first = [f"no. {number}" for number in reversed(range(10))]
    page = mia.get(f"chat/message/?{query}")
    assert not step(page, "first")
    seen = listed(page)
    while further := step(page, "next"):
        page = mia.get(f"chat/message/{further}")
        seen += listed(page)
    assert seen == newest_first
    assert not step(page, "last")
    back = listed(page)
    while further := step(page, "prev"):
        page = mia.get(f"chat/message/{further}")
        back = listed(page) + back
    assert back == newest_first
    last = mia.get(f"chat/message/{step(page, 'last')}")
    assert listed(last) == newest_first[-3:]
    assert listed(mia.get(f"chat/message/{step(last, 'first')}")) == newest_first[:3]


def test_a_list_is_by_time_also_where_ids_are_not(
    mia: Browser, group: Conversation, alice: User, monkeypatch: Any
) -> None:
    """A history that was imported later stands where it belongs."""
    monkeypatch.setattr(ListAdmin, "list_per_page", 2)
    hours = [5, 1, 4, 2, 3, 4]
    for hour in hours:
        say(alice, group, f"at {hour}", sent_at=NOON - timedelta(hours=hour))
    page, seen = mia.get("chat/message/"), []
    while further := step(page, "next"):
        seen += listed(page)
        page = mia.get(f"chat/message/{further}")
    assert seen + listed(page) == [f"at {hour}" for hour in sorted(hours)]


@pytest.mark.parametrize("path", ["chat/user", "chat/conversation", "chat/conversationparticipant",
                                  "receipts/messagestatus"])  # fmt: skip
def test_every_list_is_turned_to_its_end(
    mia: Browser, group: Conversation, alice: User, path: str, monkeypatch: Any
) -> None:
    whole = len(listed(mia.get(f"{path}/")))
    for number in range(4):
        services.create_conversation(owner=alice, participants=[], kind="group", title=f"{number}")
        say(alice, group)
    monkeypatch.setattr(ListAdmin, "list_per_page", 2)
    page, seen = mia.get(f"{path}/"), 0
    while further := step(page, "next"):
        seen += len(listed(page))
        page = mia.get(f"{path}/{further}")
    assert seen + len(listed(page)) > whole or path == "chat/user"
    assert mia.get(f"{path}/?page=last").count("rel=") == page.count("rel=")


def test_a_page_behind_the_last_row_leads_back(mia: Browser, group: Any, alice: User) -> None:
    first = say(alice, group, "first")
    assert step(mia.get(f"chat/message/?after={first.pk}"), "first") == "?"
