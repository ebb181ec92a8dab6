"""The admin lists in the order of time, and shows the watermarks that are shown elsewhere."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, ConversationParticipant, Message, User
from receipts.admin.lists import ListAdmin
from tests.support.admin import Browser, appointed, listed, plain, rows_of, step
from tests.support.cast import say


@pytest.fixture
def mia(moderator: User) -> Browser:
    return Browser(appointed(moderator))


@pytest.fixture
def messages(group: Conversation, alice: User) -> list[Message]:
    """In the order of time; they arrived in the opposite one."""
    now = timezone.now()
    hours = range(1, 6)
    sent = [say(alice, group, f"{n} h ago", sent_at=now - timedelta(hours=n)) for n in hours]
    return sent[::-1]


def pages(mia: Browser, path: str, query: str) -> list[str]:
    page = mia.get(f"{path}/?{query}")
    found = [page]
    while further := step(page, "next"):
        page = mia.get(f"{path}/{further}")
        found.append(page)
    return found


@pytest.mark.parametrize("query", ["", "conversation={}", "conversation={}&sender=alice"])
def test_messages_are_listed_by_time(
    mia: Browser, group: Conversation, messages: list[Message], query: str, monkeypatch: Any
) -> None:
    """Those of one conversation too, and page by page."""
    monkeypatch.setattr(ListAdmin, "list_per_page", 2)
    seen = [
        row for page in pages(mia, "chat/message", query.format(group.pk)) for row in listed(page)
    ]
    assert seen == [f"{n} h ago" for n in range(1, 6)]


@pytest.mark.parametrize("query", ["", "recipient=bob"])
def test_receipts_are_listed_by_the_times_of_their_messages(
    mia: Browser, messages: list[Message], query: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(ListAdmin, "list_per_page", 3)
    found = "".join(pages(mia, "receipts/messagestatus", query))
    seen = [
        int(pk)
        for pk in re.findall(
            r'<td data-label="Message" class="field-of_message"><a [^>]*>#(\d+)</a>', found
        )
    ]
    each = 1 if query else 2
    assert seen == [message.pk for message in messages[::-1] for _ in range(each)]


def test_a_watermark_is_shown_as_others_see_it(
    mia: Browser, api: Any, group: Conversation, messages: list[Message], alice: User, bob: User
) -> None:
    """Not beyond an old message that arrived later and is unread: on all three pages."""
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    between = messages[1].created_at + timedelta(minutes=1)
    say(alice, group, sent_at=between)
    link = f"#{messages[1].pk}"
    row = next(
        row for row in rows_of(mia.get(f"chat/conversation/{group.pk}/change/")) if "bob" in row
    )
    assert row.count("#") == row.count(link) == 2
    page = mia.get(f"chat/conversationparticipant/?conversation={group.pk}&user=bob")
    assert re.findall(r'class="field-(?:read|delivered)"><a [^>]*>(#\d+)', page) == [link, link]
    pk = ConversationParticipant.objects.get(user=bob).pk
    page = plain(mia.get(f"chat/conversationparticipant/{pk}/change/"))
    assert re.findall(r"#\d+", page) == [link, link]
    people = api(bob).get(f"/conversations/{group.pk}/participants/")["results"]
    told = next(each for each in people if each["user"] == "bob")
    assert told["last_read_message"] == messages[1].pk
