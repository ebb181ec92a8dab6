"""Forgetting a person and deleting a conversation in the admin: superusers, after they confirm."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from chat.authentication import issue_token
from chat.models import HELD, Conversation, Erasure, FreedName, Message, User
from tests.support.admin import Browser, appointed, listed
from tests.support.cast import Api, say


@pytest.fixture
def root(db: None) -> Browser:
    return Browser(User.objects.create_superuser("root"))


@pytest.fixture
def mia(moderator: User) -> Browser:
    return Browser(appointed(moderator))


def test_a_person_is_forgotten_after_confirming(
    root: Browser, group: Conversation, alice: User, bob: User
) -> None:
    """The page says what goes and what stays; the log says who did it, under the new name."""
    message = say(bob, group, "My address is …")
    assert f'href="/admin/chat/user/{bob.pk}/forget/"' in root.get(f"chat/user/{bob.pk}/change/")
    page = root.get(f"chat/user/{bob.pk}/forget/")
    for words in ("What goes", "What stays", "cannot be undone", "texts of the messages"):
        assert words in page
    assert User.objects.filter(username="bob").exists()
    root.post(f"chat/user/{bob.pk}/forget/")
    bob.refresh_from_db()
    message.refresh_from_db()
    assert (bob.username[:10], bob.is_active) == ("forgotten-", False)
    assert message.body == "My address is …"
    entry = LogEntry.objects.get()
    assert (entry.user.username, entry.object_repr) == ("root", bob.username)


def test_texts_go_if_the_box_is_ticked(root: Browser, group: Conversation, bob: User) -> None:
    message = say(bob, group, "My address is …")
    root.post(f"chat/user/{bob.pk}/forget/", {"messages": "on"})
    message.refresh_from_db()
    assert message.body == ""


def test_a_conversation_is_deleted_after_confirming(
    root: Browser, group: Conversation, alice: User
) -> None:
    say(alice, group)
    link = f'href="/admin/chat/conversation/{group.pk}/erase/"'
    assert link in root.get(f"chat/conversation/{group.pk}/change/")
    assert "What goes" in root.get(f"chat/conversation/{group.pk}/erase/")
    root.post(f"chat/conversation/{group.pk}/erase/")
    assert not Conversation.objects.exists()
    assert LogEntry.objects.get().object_repr == f"Conversation {group.pk}"


def test_moderators_may_neither(mia: Browser, group: Conversation, bob: User) -> None:
    """Neither the links, nor the pages."""
    assert "forget/" not in mia.get(f"chat/user/{bob.pk}/change/")
    assert "erase/" not in mia.get(f"chat/conversation/{group.pk}/change/")
    for path in (f"chat/user/{bob.pk}/forget/", f"chat/conversation/{group.pk}/erase/"):
        mia.get(path, status=403)
        mia.post(path, status=403)
    assert not Erasure.objects.exists()


def test_protected_accounts_are_not_forgotten(root: Browser, moderator: User) -> None:
    assert "forget/" not in root.get(f"chat/user/{moderator.pk}/change/")
    root.post(f"chat/user/{moderator.pk}/forget/")
    assert User.objects.filter(username="mia").exists()


def test_what_takes_longer_is_continued_there(
    root: Browser, group: Conversation, alice: User, settings: Any
) -> None:
    """Meanwhile it is in no list of the admin."""
    message = say(alice, group)
    settings.BATCH_BUDGET_MS = 0
    path = f"chat/conversation/{group.pk}/erase/"
    root.post(path)
    assert "Continue" in root.get(path)
    for model in ("conversation", "message", "conversationparticipant"):
        assert listed(root.get(f"chat/{model}/")) == []
    assert listed(root.get("receipts/messagestatus/")) == []
    root.get(f"chat/message/{message.pk}/change/", status=302)
    settings.BATCH_BUDGET_MS = 60_000
    root.post(path)
    assert not Message.objects.exists()
    root.get(path, status=404)


def test_a_forgotten_account_is_not_reactivated(root: Browser, bob: User) -> None:
    root.post(f"chat/user/{bob.pk}/forget/")
    root.post("chat/user/", {"action": "reactivate", "_selected_action": [bob.pk]})
    bob.refresh_from_db()
    assert not bob.is_active


def test_a_held_name_is_refused_on_the_form(root: Browser, bob: User) -> None:
    """With the reason, and no 500."""
    root.post(f"chat/user/{bob.pk}/forget/")
    fields = {"username": "bob", "usable_password": "false"}
    page = root.post("chat/user/add/", fields, status=200)
    assert "freed a moment ago" in page


def test_a_renamed_account_frees_its_name(root: Browser, alice: User, bob: User) -> None:
    """A token for the old name opens nothing of the next account that gets it."""
    token = issue_token(bob)[0]
    fields = {"username": "robert", "display_name": "Bob", "read_receipts_enabled": "on"}
    root.post(f"chat/user/{bob.pk}/change/", fields)
    assert User.objects.get(pk=bob.pk).username == "robert"
    freed = FreedName.objects.get()
    FreedName.objects.update(freed_at=freed.freed_at - HELD)
    user = User.objects.create_user("bob")
    assert user.tokens_valid_from is not None
    Api(token).get("/me/", status=401)
