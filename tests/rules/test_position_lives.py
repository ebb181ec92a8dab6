"""What happens to positions when conversations and users go, and when histories come (rule 16)."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, User
from receipts import services
from receipts.models import MemberPosition, PrivateStretch
from tests.support.cast import say
from tests.support.history import import_records

pytestmark = pytest.mark.django_db


@pytest.fixture
def tea(alice: User, bob: User, carol: User, settings: Any) -> Conversation:
    """A large group with a name, and a message."""
    settings.RECEIPTS_MAX_RECIPIENTS = 1
    conversation = services.create_conversation(
        owner=alice, participants=[bob, carol], kind="group", external_id="tea"
    )
    say(alice, conversation)
    return conversation


def test_a_deleted_conversation_leaves_no_position(
    api: Any, tea: Conversation, alice: User, bob: User, settings: Any
) -> None:
    """In batches, as everything of it."""
    path = f"/conversations/{tea.pk}/mark-read/"
    api(bob).post(path, {"private": True})
    say(alice, tea)
    api(bob).post(path)
    assert PrivateStretch.objects.count() == 1
    settings.BATCH_ROWS = 1
    assert api(alice)("DELETE", f"/conversations/{tea.pk}/", status=200) == {"complete": True}
    assert not MemberPosition.objects.exists()
    assert not PrivateStretch.objects.exists()


def test_a_user_who_is_forgotten_is_withdrawn_for_good(
    api: Any, service_key: str, tea: Conversation, alice: User, bob: User
) -> None:
    """Rule 2: an open read keeps counting, and nobody counts them for later messages."""
    first = tea.messages.get()
    api(bob).post(f"/messages/{first.pk}/read/")
    for username in ("bob", "carol"):
        api(service_key)("DELETE", f"/users/{username}/", status=200)
    status = api(alice).get(f"/messages/{first.pk}/status/")
    assert (status["total_recipients"], status["read_count"]) == (1, 1)
    tea.refresh_from_db()
    assert tea.member_count == 1


def test_an_import_begins_and_ends_positions(api: Any, tea: Conversation, alice: User) -> None:
    """Who joins by a history is a recipient of what is sent from then on."""
    told = import_records(
        [
            {"type": "user", "id": "dave"},
            {"type": "participant", "conversation": "tea", "user": "dave", "joined_at": 0},
        ]
    )
    assert "lines skipped: 0" in told
    tea.refresh_from_db()
    assert tea.member_count == 4
    first, later = tea.messages.get(), say(alice, tea)
    totals = [
        api(alice).get(f"/messages/{each.pk}/status/")["total_recipients"]
        for each in (first, later)
    ]
    assert totals == [2, 3]
