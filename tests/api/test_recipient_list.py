"""The recipient list: its states, its questions, its pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, ConversationParticipant, Message, User
from receipts import services
from receipts.models import MessageStatus
from tests.support.cast import say


@pytest.fixture
def message(api: Any, group: Conversation, alice: User, bob: User, carol: User) -> Message:
    """bob read it, carol got it, for frank it failed, gina left, dave has not got it."""
    for username in ("dave", "frank", "gina"):
        user = User.objects.create_user(username, display_name=f"The {username}")
        services.add_participant(conversation_id=group.pk, user=user)
    message = say(alice, group)
    api(bob).post(f"/messages/{message.pk}/read/")
    api(carol).post(f"/messages/{message.pk}/delivered/")
    rows = MessageStatus.objects.filter(message=message)
    rows.filter(recipient__username="frank").update(failed_at=timezone.now())
    services.remove_participant(conversation_id=group.pk, user=User.objects.get(username="gina"))
    return message


def names(api: Any, who: User, message: Message, query: str = "") -> list[str]:
    page = api(who).get(f"/messages/{message.pk}/recipients/{query}")
    return [row["user"] for row in page["results"]]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("read", ["bob"]),
        ("delivered", ["carol"]),
        ("pending", ["dave"]),
        ("failed", ["frank"]),
        ("withdrawn", ["gina"]),
        ("unread", ["carol", "dave", "frank"]),
        ("undelivered", ["dave", "frank"]),
    ],
)
def test_recipients_by_state_or_question(
    api: Any, message: Message, alice: User, state: str, expected: list[str]
) -> None:
    """Every state, and the questions people ask."""
    assert names(api, alice, message, f"?state={state}") == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("membership=active", ["carol", "dave"]),
        ("membership=muted", ["frank"]),
        ("membership=left", ["gina"]),
        ("membership=banned", ["bob"]),
        ("membership=left,muted", ["frank", "gina"]),
        ("membership=left&membership=muted", ["frank", "gina"]),
        ("membership=active&state=pending", ["dave"]),
    ],
)
def test_recipients_by_what_part_they_take_now(
    api: Any, message: Message, alice: User, bob: User, query: str, expected: list[str]
) -> None:
    """Several allowed."""
    ConversationParticipant.objects.filter(user__username="frank").update(is_muted=True)
    services.remove_participant(conversation_id=message.conversation_id, user=bob, banned=True)
    assert names(api, alice, message, f"?{query}") == expected


def test_membership_is_told_with_each_recipient(api: Any, message: Message, alice: User) -> None:
    rows = api(alice).get(f"/messages/{message.pk}/recipients/")["results"]
    assert {row["user"]: row["membership"] for row in rows} == {
        "bob": "active", "carol": "active", "dave": "active", "frank": "active", "gina": "left",
    }  # fmt: skip


@pytest.mark.parametrize("query", ["fran", "FRAN", "the%20fr"])
def test_recipients_are_found_by_name(api: Any, message: Message, alice: User, query: str) -> None:
    assert names(api, alice, message, f"?search={query}") == ["frank"]


def test_a_page_stays_where_it_was_while_people_read(
    api: Any, message: Message, alice: User, carol: User
) -> None:
    """The order never changes under the reader's cursor."""
    first = api(alice).get(f"/messages/{message.pk}/recipients/?limit=2")
    api(carol).post(f"/messages/{message.pk}/read/")
    second = api(alice)("GET", first["next"])
    assert [row["user"] for row in second["results"]] == ["dave", "frank"]


def test_the_words_of_each_state(api: Any, message: Message, alice: User) -> None:
    rows = api(alice).get(f"/messages/{message.pk}/recipients/")["results"]
    assert [row["status_text"] for row in rows] == [
        "Read", "Delivered", "Pending", "Not delivered", "Withdrawn",
    ]  # fmt: skip
