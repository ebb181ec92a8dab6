"""Who may do what in the admin: by a button, and by an address alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin

from chat.models import Conversation, ConversationParticipant, Message, User
from receipts.models import MessageStatus
from tests.support.admin import Browser, appointed
from tests.support.cast import say


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return say(alice, group, "tea?")


@pytest.fixture
def people(moderator: User) -> dict[str, Browser]:
    stan = User.objects.create_user("stan", is_staff=True)
    return {
        "superuser": Browser(User.objects.create_superuser("root")),
        "moderator": Browser(appointed(moderator)),
        "staff": Browser(stan),
    }


def addresses(message: Message) -> dict[str, list[str]]:
    """Every address of the admin that is about our models, by what it is for."""
    objects: dict[type, int] = {
        Message: message.pk,
        Conversation: message.conversation_id,
        User: message.sender_id,
        ConversationParticipant: ConversationParticipant.objects.latest("pk").pk,
        MessageStatus: MessageStatus.objects.latest("pk").pk,
    }
    found: dict[str, list[str]] = {}
    for model, pk in objects.items():
        where = f"{model._meta.app_label}/{model._meta.model_name}"
        for page in ("change", "delete", "history"):
            found.setdefault(page, []).append(f"{where}/{pk}/{page}/")
        found.setdefault("list", []).append(f"{where}/")
        found.setdefault("add", []).append(f"{where}/add/")
    own = (f"chat/message/{message.pk}/{name}" for name in ("delete-softly/", "restore/"))
    found["moderate"] = list(own)
    found["read"] = [f"chat/message/{message.pk}/recipients.csv", "insights/"]
    return found


def test_staff_without_the_group_may_log_in_and_is_refused_every_address(
    people: dict[str, Browser], message: Message
) -> None:
    """A right is the group's to give; being staff alone is none."""
    assert "has no permissions here yet" in people["staff"].get("")
    for pages in addresses(message).values():
        for page in pages:
            people["staff"].get(page, status=403)
            if page != "insights/":
                people["staff"].post(page, {"reason": "x", "post": "yes"}, status=403)
    message.refresh_from_db()
    assert message.deleted_at is None


def test_a_moderator_sees_everything_and_edits_nothing_by_address(
    people: dict[str, Browser], message: Message
) -> None:
    """Reads everything, never writes a receipt."""
    mia, pages = people["moderator"], addresses(message)
    for name in ("list", "change", "history", "read", "moderate"):
        for page in pages[name]:
            mia.get(page)
    before = everything()
    for name in ("change", "add", "delete"):
        for page in pages[name]:
            mia.post(page, {"body": "x", "title": "x", "read_at_0": "2026-01-01"}, status=403)
    for page in (*pages["add"], *pages["delete"]):
        mia.get(page, status=403)
    assert everything() == before


@pytest.mark.parametrize("name", ["message", "messagestatus", "conversationparticipant"])
def test_what_services_write_is_not_edited_by_a_superuser_either(
    people: dict[str, Browser], message: Message, name: str
) -> None:
    """Receipts are never editable, with or without a button."""
    root, pages = people["superuser"], addresses(message)
    before = everything()
    for kind in ("change", "add", "delete"):
        for page in (page for page in pages[kind] if f"/{name}/" in page):
            root.post(page, {"body": "x", "post": "yes"}, status=403)
    assert everything() == before


def test_a_superuser_keeps_titles_policies_and_profiles(
    people: dict[str, Browser], message: Message
) -> None:
    fields = {
        "title": "Tea",
        "receipt_policy": "admins",
        "receipts_visible_to": "participants",
        "thread_recipients": "followers",
    }
    people["superuser"].post(f"chat/conversation/{message.conversation_id}/change/", fields)
    message.conversation.refresh_from_db()
    assert {name: getattr(message.conversation, name) for name in fields} == fields
    assert "Set password" in people["superuser"].get(f"chat/user/{message.sender_id}/change/")


def test_actions_are_offered_to_those_who_have_the_right(
    people: dict[str, Browser], message: Message
) -> None:
    """And a forged one does nothing, whoever is logged in."""
    offered = {
        ("moderator", "chat/message/"): {"delete_softly", "restore"},
        ("moderator", "chat/user/"): set(),
        ("moderator", "chat/conversationparticipant/"): set(),
        ("superuser", "chat/message/"): {"delete_softly", "restore"},
        ("superuser", "chat/user/"): {
            "deactivate", "reactivate", "make_moderators", "unmake_moderators",
        },
        ("superuser", "chat/conversationparticipant/"): {"remove"},
        ("superuser", "receipts/messagestatus/"): set(),
    }  # fmt: skip
    before = everything()
    for (who, path), names in offered.items():
        page = people[who].get(path)
        for name in (*names, "delete_selected"):
            assert (f'<option value="{name}">' in page) == (name in names)
    for path in ("chat/user/", "chat/conversationparticipant/"):
        for name in ("deactivate", "make_moderators", "remove", "delete_selected"):
            data = {"action": name, "_selected_action": 1, "post": "yes"}
            people["moderator"].client.post(f"/admin/{path}", data)
    assert everything() == before


def test_who_may_not_log_in_is_asked_to(db: None, alice: User, message: Message) -> None:
    for page in ("", *(page for pages in addresses(message).values() for page in pages)):
        Browser(alice).get(page, status=302)


def test_the_right_to_moderate_is_what_buttons_go_by(message: Message, dave: User) -> None:
    """Somebody who may look at messages, and no more, has no buttons, nor what is behind them."""
    from django.contrib.auth.models import Permission

    dave.is_staff = True
    dave.save()
    dave.user_permissions.add(Permission.objects.get(codename="view_message"))
    browser = Browser(dave)
    page = browser.get(f"chat/message/{message.pk}/change/")
    assert "You have no permission to view single receipts." in page
    assert "delete-softly" not in page
    browser.get(f"chat/message/{message.pk}/delete-softly/", status=403)
    browser.get(f"chat/message/{message.pk}/recipients.csv", status=403)


def everything() -> list[Any]:
    """All rows of all models that the admin shows."""
    return [list(model.objects.order_by("pk").values()) for model in ours()]


def ours() -> list[Any]:
    return [model for model in admin.site._registry if model._meta.app_label != "auth"]
