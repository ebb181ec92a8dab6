"""A message's page: what was said, what became of it, and with whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts import services
from receipts.admin import tables
from tests.support.admin import Browser, appointed, fail, mark, rows_of, step
from tests.support.cast import say


@pytest.fixture
def mia(moderator: User) -> Browser:
    return Browser(appointed(moderator))


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return say(alice, group, "Two lumps?\nOr <b>three</b>?")


def page_of(browser: Browser, message: Message, query: str = "") -> str:
    return browser.get(f"chat/message/{message.pk}/change/?{query}")


def test_a_message_says_what_it_said_and_to_whom(mia: Browser, message: Message) -> None:
    answer = mia.client.get(f"/admin/chat/message/{message.pk}/change/").content.decode()
    assert "<p>Two lumps?<br>Or &lt;b&gt;three&lt;/b&gt;?</p>" in answer
    page = page_of(mia, message)
    assert f'/admin/chat/user/{message.sender_id}/change/">Alice</a>' in page
    assert f"/admin/chat/conversation/{message.conversation_id}/change/" in page
    assert f"/admin/insights/?conversation={message.conversation_id}" in page


def test_its_counts_are_a_bar_and_a_sentence(mia: Browser, message: Message, dave: User) -> None:
    """Rules 19 and 20: read, delivered, failed and pending together are the recipients."""
    services.add_participant(conversation_id=message.conversation_id, user=dave)
    later = say(message.sender, message.conversation)
    mark(later, "bob", read=True)
    mark(later, "carol", read=False)
    page = page_of(mia, later)
    assert "Read by 1 of 3" in page
    assert 'aria-label="Read: 1. Delivered, not read: 1. Pending: 1. "' in page
    for part, start in (("read", 0), ("delivered", 33.333), ("pending", 66.667)):
        assert f'<rect class="{part}" x="{start:.3f}%" width="33.333%"' in page
    assert '<rect class="failed"' not in page


def test_recipients_stand_with_state_times_failures_and_words(
    mia: Browser, message: Message, bob: User, carol: User
) -> None:
    """Rules 2, 11 and 12."""
    mark(message, "bob", read=True, content="Three, please")
    fail(message, carol, "no device")
    bobs, carols = rows_of(page_of(mia, message))
    assert bobs.startswith("Bob bob Read ")
    assert bobs.endswith("Three, please Active")
    assert carols.startswith("Carol carol Not delivered Failed ")
    assert carols.endswith(": no device Active")
    services.remove_participant(conversation_id=message.conversation_id, user=carol)
    assert rows_of(page_of(mia, message))[1].startswith("Carol carol Withdrawn")


@pytest.mark.parametrize(
    ("query", "names"),
    [("", "bob carol"), ("state=read", "bob"), ("state=unread", "carol"), ("search=CAR", "carol"),
     ("state=undelivered&search=o", "carol"), ("membership=left", "carol"), ("state=failed", ""),
     ("membership=active,left", "bob carol"), ("membership=active", "bob"),
     ("state=&search=", "bob carol")],
)  # fmt: skip
def test_recipients_are_filtered_as_in_the_api(
    mia: Browser, message: Message, carol: User, query: str, names: str
) -> None:
    """The states, the questions people ask, the part somebody takes now."""
    mark(message, "bob", read=True)
    type(message.conversation).objects.get(pk=message.conversation_id).participants.filter(
        user=carol
    ).update(is_active=False, left_at=timezone.now())
    assert [row.split()[1] for row in rows_of(page_of(mia, message, query))] == names.split()


@pytest.mark.parametrize(
    ("query", "field"),
    [("state=seen", "State"), ("membership=guest", "Membership"), ("search=%00", "Name"),
     ("after=x", "After"), ("page=7", "Page"), ("seen=1", "seen"), ("before=-1", "Before")],
)  # fmt: skip
def test_a_wrong_filter_of_recipients_is_named(
    mia: Browser, message: Message, query: str, field: str
) -> None:
    page = page_of(mia, message, query)
    assert f"<p>{field}" in page
    assert rows_of(page) == []


def test_recipients_are_paged_to_the_end_and_back(
    mia: Browser, group: Conversation, alice: User, monkeypatch: Any, statements: Any
) -> None:
    """At the same statements on every page."""
    monkeypatch.setattr(tables, "ROWS_PER_TABLE", 2)
    for number in range(5):
        user = User.objects.create_user(f"guest{number}", display_name="Guest")
        services.add_participant(conversation_id=group.pk, user=user)
    message = say(alice, group)
    names = ["bob", "carol", *(f"guest{number}" for number in range(5))]
    page = page_of(mia, message, "state=pending")
    seen = [row.split()[1] for row in rows_of(page)]
    while further := step(page, "next"):
        with statements() as counted:
            page = page_of(mia, message, further[1:])
        assert len(counted) == 6
        seen += [row.split()[1] for row in rows_of(page)]
    assert seen == names
    end = page_of(mia, message, step(page_of(mia, message, "state=pending"), "last")[1:])
    assert [row.split()[1] for row in rows_of(end)] == names[-2:]
    before = page_of(mia, message, step(end, "prev")[1:])
    assert [row.split()[1] for row in rows_of(before)] == names[-4:-2]


def test_an_edited_message_says_when_and_who_read_it_before(mia: Browser, message: Message) -> None:
    assert "Edited" not in page_of(mia, message)
    mark(message, "bob", read=True)
    services.edit_message(message_id=message.pk, body="One lump?")
    mark(message, "carol", read=True)
    page = page_of(mia, message)
    message.refresh_from_db()
    assert message.edited_at is not None
    at = message.edited_at.strftime("%Y-%m-%d %H:%M:%S")
    assert f'title="{at} UTC"' in page
    assert "Of its readers, 1 of 2 read the present text." in page
    assert ["Read before the edit" in row for row in rows_of(page)] == [True, False]


def test_an_archived_message_says_so_where_its_recipients_were(
    mia: Browser, message: Message
) -> None:
    """Its counts stand; nothing is exported."""
    Message.objects.filter(pk=message.pk).update(archived_at=timezone.now())
    message.statuses.all().delete()
    page = page_of(mia, message)
    assert "Archived: this message was settled, and the receipts of its recipients" in page
    assert "2 recipients" in page
    assert "Export CSV" not in page
    mia.get(f"chat/message/{message.pk}/recipients.csv", status=403)


def test_an_untracked_message_says_why(mia: Browser, group: Conversation, alice: User) -> None:
    """Rule 15."""
    message = say(alice, group, request_receipts=False)
    assert "Keeps no receipts: The sender asked for none." in page_of(mia, message)


def test_a_system_line_is_shown_as_one(mia: Browser, group: Conversation, alice: User) -> None:
    """In the list, where it can be searched for, and on its page, which lists no recipients."""
    say(alice, group, "Tea?")
    line = services.send_system_line(
        conversation_id=group.pk, sender=alice, body="Alice renamed the group."
    ).message
    page = page_of(mia, line)
    assert "A system line: it has no recipients." in page
    assert "No recipients are recorded" not in page
    found = mia.get("chat/message/?only=system")
    assert "system line</span>" in found
    assert "Tea?" not in found


def test_a_message_by_position_is_counted_on_its_page_alone(
    mia: Browser, group: Conversation, alice: User, bob: User, settings: Any
) -> None:
    """Rule 16: the list counts no positions; the page, its filters and its file do."""
    settings.RECEIPTS_MAX_RECIPIENTS = 1
    large = say(alice, group)
    services.mark_up_to(conversation_id=group.pk, username="bob", read=True)
    assert "Counted on its page" in mia.get("chat/message/")
    page = page_of(mia, large)
    assert "Read by 1 of 2" in page
    assert "overall partial · counted from positions" in page
    assert [each.split(" ")[2] for each in rows_of(page)] == ["Read", "Pending"]
    assert [each[:3] for each in rows_of(page_of(mia, large, "state=unread"))] == ["Car"]
    file = mia.client.get(f"/admin/chat/message/{large.pk}/recipients.csv")
    lines = b"".join(file.streaming_content).decode().splitlines()
    assert [line.split(",")[2] for line in lines[1:]] == ['"read"', '"pending"']
