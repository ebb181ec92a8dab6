"""A message's recipients as a CSV file."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest

from chat.models import Conversation, Message, User
from receipts import services
from receipts.admin import recipients
from tests.support.admin import Browser, appointed, mark
from tests.support.cast import say


@pytest.fixture
def mia(moderator: User) -> Browser:
    return Browser(appointed(moderator))


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return say(alice, group)


def file_of(browser: Browser, message: Message, query: str = "") -> list[dict[str, str]]:
    answer = browser.client.get(f"/admin/chat/message/{message.pk}/recipients.csv?{query}")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert f'filename="message-{message.pk}-recipients.csv"' in answer["Content-Disposition"]
    text = b"".join(answer).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text, newline="")))


def test_each_recipient_is_a_line_with_iso_times(mia: Browser, message: Message) -> None:
    at = message.created_at + timedelta(microseconds=1)
    mark(message, "bob", read=True, at=at, content='Fine, "thanks"\nBob')
    first, second = file_of(mia, message)
    assert first == {
        "user": "bob", "user_name": "Bob", "state": "read", "delivered_at": at.isoformat(),
        "read_at": at.isoformat(), "read_before_edit": "false",
        "failed_at": "", "failure_reason": "",
        "content": 'Fine, "thanks"\nBob', "membership": "active",
    }  # fmt: skip
    assert (second["user"], second["state"], second["read_at"]) == ("carol", "pending", "")


def test_who_has_no_name_is_named_once(mia: Browser, message: Message) -> None:
    User.objects.filter(username="bob").update(display_name="")
    named = [(row["user"], row["user_name"]) for row in file_of(mia, message)]
    assert named == [("bob", ""), ("carol", "Carol")]


def test_whose_read_was_before_an_edit_stands_in_the_file(mia: Browser, message: Message) -> None:
    """Empty without a read."""
    mark(message, "bob", read=True)
    services.edit_message(message_id=message.pk, body="other words")
    assert [row["read_before_edit"] for row in file_of(mia, message)] == ["true", ""]


def test_the_file_holds_what_the_page_was_asked_for(mia: Browser, message: Message) -> None:
    mark(message, "bob", read=True)
    page = mia.get(f"chat/message/{message.pk}/change/?state=read")
    assert f"/admin/chat/message/{message.pk}/recipients.csv?state=read" in page
    assert [row["user"] for row in file_of(mia, message, "state=read")] == ["bob"]
    assert [row["user"] for row in file_of(mia, message, "search=CAR&state=")] == ["carol"]


def test_a_wrong_filter_leads_to_the_page_that_names_it(mia: Browser, message: Message) -> None:
    """Not to a file of everybody."""
    answer = mia.client.get(f"/admin/chat/message/{message.pk}/recipients.csv?state=seen")
    assert answer.status_code == 302
    assert "<p>State" in mia.get(answer["Location"].removeprefix("/admin/"))


@pytest.mark.parametrize(
    "begin",
    ["=", "+", "-", "@", "\t", "\r", "\n", "  =", " \t", "\uff1d", "\uff0b", "\uff0d", "\uff20",
     "\ufe66", "\u2212", "\u00a0=", "\u3000\uff1d", "\u200b=", "\ufeff=", "\u202e=", "\x0b="],
)  # fmt: skip
def test_no_cell_is_a_formula(mia: Browser, group: Conversation, alice: User, begin: str) -> None:
    """Names and words are people's own; a spreadsheet shall not run them."""
    User.objects.filter(username="bob").update(display_name=f"{begin}HYPERLINK(1)")
    message = say(alice, group)
    mark(message, "bob", read=True, content=f"{begin}1+1")
    bob, carol = file_of(mia, message)
    assert bob["user_name"] == f"'{begin}HYPERLINK(1)"
    assert bob["content"] == f"'{begin}1+1"
    assert carol["user_name"] == "Carol"


@pytest.mark.parametrize("end", [";", "\t", "\r\n", "\n", "; "])
def test_no_part_of_a_cell_is_a_formula_where_a_semicolon_ends_cells(
    mia: Browser, group: Conversation, alice: User, end: str
) -> None:
    """As in half of Europe: quotes are no protection from another separator."""
    message = say(alice, group)
    mark(message, "bob", read=True, content=f"hi{end}=HYPERLINK(1){end}\uff1d2")
    content = file_of(mia, message)[0]["content"]
    begin, gap = (end.rstrip(" "), "'" + end[len(end.rstrip(" ")) :])
    assert content == f"hi{begin}{gap}=HYPERLINK(1){begin}{gap}\uff1d2"


def test_every_cell_is_quoted(mia: Browser, message: Message) -> None:
    """The head and empty cells, too, so that no program guesses what a cell is."""
    answer = mia.client.get(f"/admin/chat/message/{message.pk}/recipients.csv")
    lines = b"".join(answer).decode("utf-8-sig").splitlines()
    assert len(lines) == 3
    for line in lines:
        assert re.fullmatch(r'"[^"]*"(,"[^"]*"){9}', line), line


def test_ordinary_words_stay_as_they_are(mia: Browser, group: Conversation, alice: User) -> None:
    message, words = say(alice, group), "Half-way; 2 + 2 = 4, bob@example.com\nÄpfel: 5 \u2212 3"
    mark(message, "bob", read=True, content=words)
    assert file_of(mia, message)[0]["content"] == words


def test_a_private_read_stands_there_as_a_delivery(mia: Browser, message: Message) -> None:
    """Rule 13, and what it carried is not in it."""
    mark(message, "bob", read=True, private=True, content="hush")
    bob = file_of(mia, message)[0]
    assert (bob["state"], bob["read_at"], bob["content"]) == ("delivered", "", "")


def test_many_recipients_come_block_by_block(
    mia: Browser, group: Conversation, alice: User, monkeypatch: Any, statements: Any
) -> None:
    """Each once, in order, and with no cursor left open on the server."""
    for number in range(7):
        user = User.objects.create_user(f"guest{number}")
        services.add_participant(conversation_id=group.pk, user=user)
    message = say(alice, group)
    monkeypatch.setattr(recipients, "_BLOCK", 3)
    with statements() as counted:
        rows = file_of(mia, message)
    assert [row["user"] for row in rows] == ["bob", "carol", *(f"guest{n}" for n in range(7))]
    blocks = [sql for sql in counted.sql if "LIMIT 3" in sql]
    assert len(blocks) == 4
