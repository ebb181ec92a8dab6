"""Forgetting a user: what goes at once, what goes in batches, and what stays."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Erasure, Message, User
from receipts import services
from receipts.models import MessageStatus, ReceiptEvent
from tests.support.cast import counts, say


@pytest.fixture(autouse=True)
def tiny_batches(settings: Any) -> None:
    settings.BATCH_ROWS = 2


def forget(api: Any, key: str, username: str = "bob", query: str = "", status: int = 200) -> Any:
    return api(key)("DELETE", f"/users/{username}/{query}", status=status)


def test_a_forgotten_user_has_no_name(
    api: Any, group: Conversation, alice: User, bob: User, service_key: str
) -> None:
    """In lists, events and messages of theirs there is a name that says nothing."""
    message = say(bob, group)
    assert forget(api, service_key) == {"complete": True}
    bob.refresh_from_db()
    assert bob.username.startswith("forgotten-") and len(bob.username) == len("forgotten-") + 16
    assert (bob.display_name, bob.avatar_url, bob.is_active) == ("", "", False)
    shown = api(alice).get(f"/messages/{message.pk}/")
    assert (shown["sender"], shown["sender_name"]) == (bob.username, bob.username)
    assert shown["body"] == "hello"
    api(service_key).get("/users/bob/", status=404)
    forget(api, service_key, status=404)


def test_their_open_rows_are_withdrawn_and_their_reads_count(
    api: Any, group: Conversation, alice: User, bob: User, service_key: str
) -> None:
    """Rule 2: as for any deactivation."""
    messages = [say(alice, group) for _ in range(5)]
    api(bob).post(f"/messages/{messages[0].pk}/read/", {"content": "Understood."})
    api(bob).post(f"/messages/{messages[1].pk}/read/", {"private": True})
    forget(api, service_key)
    assert [counts(message) for message in messages] == [(2, 1, 1, 0), *[(1, 0, 0, 0)] * 4]
    rows = api(alice).get(f"/messages/{messages[0].pk}/recipients/")["results"]
    assert [(row["state"], row["content"]) for row in rows] == [("read", None), ("pending", None)]
    assert not MessageStatus.objects.filter(recipient=bob, seen_at=None, withdrawn_at=None).exists()
