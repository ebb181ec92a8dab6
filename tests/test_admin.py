"""The admin: everything can be found, receipts cannot be edited, private reads are not shown."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from chat.models import Conversation, Message, ServiceKey, User
from tests.conftest import say


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return say(alice, group, "tea?")


LISTS = [
    "chat/user",
    "chat/conversation",
    "chat/conversationparticipant",
    "chat/message",
    "chat/servicekey",
    "receipts/messagestatus",
]


@pytest.mark.parametrize("path", LISTS)
def test_every_list_opens(admin: Client, message: Message, service_key: str, path: str) -> None:
    assert admin.get(f"/admin/{path}/").status_code == 200


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("words", ["1", "99999999999999999999", "é", "%27"])
def test_every_search_works(admin: Client, message: Message, path: str, words: str) -> None:
    assert admin.get(f"/admin/{path}/?q={words}").status_code == 200


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("messages", [2, 30])
def test_lists_take_a_constant_number_of_statements(
    admin: Client, group: Conversation, alice: User, path: str, messages: int, statements: Any
) -> None:
    for _ in range(messages):
        say(alice, group)
    admin.get(f"/admin/{path}/")
    with statements() as counted:
        admin.get(f"/admin/{path}/")
    assert len(counted) <= 6


@pytest.mark.parametrize(
    "path", ["chat/message", "receipts/messagestatus", "chat/conversationparticipant"]
)
def test_what_services_write_cannot_be_edited_by_address(
    admin: Client, message: Message, path: str
) -> None:
    """Receipts are read-only, with or without a button."""
    model = {
        "chat/message": Message,
        "receipts/messagestatus": message.statuses.model,
        "chat/conversationparticipant": message.conversation.participants.model,
    }[path]
    pk = model.objects.latest("pk").pk
    assert admin.get(f"/admin/{path}/{pk}/change/").status_code == 200
    assert admin.post(f"/admin/{path}/{pk}/change/", {"body": "x"}).status_code == 403
    assert admin.post(f"/admin/{path}/{pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin.get(f"/admin/{path}/add/").status_code == 403


def test_a_private_read_looks_delivered(
    admin: Client, api: Any, message: Message, bob: User
) -> None:
    """Rule 13: in the admin too."""
    api(bob).patch("/me/", {"read_receipts_enabled": False})
    api(bob).post(f"/messages/{message.pk}/read/")
    row = message.statuses.get(recipient=bob)
    page = admin.get(f"/admin/receipts/messagestatus/{row.pk}/change/").content.decode()
    listed = admin.get(f"/admin/receipts/messagestatus/?message={message.pk}").content.decode()
    assert "Seen" not in page.replace("Seenby", "")
    assert '<td class="field-state">Delivered</td>' in listed
    assert '<td class="field-state">Read</td>' not in listed


def act(admin: Client, path: str, action: str, pk: int) -> None:
    answer = admin.post(f"/admin/{path}/", {"action": action, "_selected_action": pk})
    assert answer.status_code == 302


def test_a_message_is_deleted_and_restored_with_a_trace(admin: Client, message: Message) -> None:
    """Rule 21, and every action stands in the admin's log."""
    act(admin, "chat/message", "delete_softly", message.pk)
    message.refresh_from_db()
    assert message.deleted_at is not None
    act(admin, "chat/message", "restore", message.pk)
    message.refresh_from_db()
    assert message.deleted_at is None
    assert sorted(LogEntry.objects.values_list("change_message", flat=True)) == [
        "Deleted.",
        "Restored.",
    ]


def test_a_user_is_switched_off_by_an_action_which_withdraws(
    admin: Client, message: Message, bob: User
) -> None:
    """Rule 2: the admin goes by the service."""
    act(admin, "chat/user", "deactivate", bob.pk)
    message.refresh_from_db()
    assert message.recipient_count == 1
    act(admin, "chat/user", "reactivate", bob.pk)
    bob.refresh_from_db()
    assert bob.is_active


def test_a_participant_is_removed_by_an_action_which_withdraws(
    admin: Client, message: Message, bob: User
) -> None:
    """Rule 2."""
    part = bob.participations.get()
    act(admin, "chat/conversationparticipant", "remove", part.pk)
    message.refresh_from_db()
    assert message.recipient_count == 1


def test_a_key_is_revoked_by_an_action(admin: Client, api: Any, service_key: str) -> None:
    act(admin, "chat/servicekey", "revoke", ServiceKey.objects.get().pk)
    api(service_key).get("/users/", status=401)


def test_a_message_leads_to_its_recipients(admin: Client, message: Message) -> None:
    page = admin.get(f"/admin/chat/message/{message.pk}/change/").content.decode()
    assert f"/admin/receipts/messagestatus/?message={message.pk}" in page


@pytest.mark.parametrize("junk", ["x", "99999999999999999999", "-1", "%00"])
def test_a_junk_message_filter_finds_nothing(admin: Client, message: Message, junk: str) -> None:
    page = admin.get(f"/admin/receipts/messagestatus/?message={junk}")
    assert page.status_code == 200
    assert b"field-state" not in page.content
