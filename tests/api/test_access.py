"""Who may see and do what: what one may not see does not exist."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Message, User
from receipts import services
from tests.support.cast import say

#: Answers for each kind of caller: outsider, sender, recipient, late joiner, leaver, moderator,
#: service account (with ``user`` where it acts for one, and that one is bob).
CALLERS = ("dave", "alice", "bob", "late", "gone", "mia", "service")


@pytest.fixture
def message(group: Conversation, alice: User, bob: User, carol: User) -> Message:
    """alice's message to bob and to gone, who left after it; late came after it."""
    gone = User.objects.create_user("gone")
    services.add_participant(conversation_id=group.pk, user=gone)
    message = say(alice, group)
    services.remove_participant(conversation_id=group.pk, user=gone)
    late = User.objects.create_user("late")
    services.add_participant(conversation_id=group.pk, user=late)
    return message


@pytest.fixture
def call(api: Any, dave: User, moderator: User, service_key: str) -> Any:
    """``call(who, method, path, body)``: the status code of the answer."""

    def as_caller(who: str, method: str, path: str, body: Any = None) -> int:
        caller = api(service_key if who == "service" else User.objects.get(username=who))
        response = caller.client.generic(
            method, f"/api/v1{path}", "" if body is None else body, content_type="application/json"
        )
        return int(response.status_code)

    return as_caller


def codes(call: Any, method: str, path: str, service_body: str | None = None) -> tuple[int, ...]:
    return tuple(
        call(who, method, path, service_body if who == "service" else None) for who in CALLERS
    )


@pytest.mark.parametrize("mark", ["delivered", "read"])
def test_only_a_recipient_marks(call: Any, message: Message, mark: str) -> None:
    """Rule 4: sender, late joiner and moderator are refused; others do not know of it."""
    path = f"/messages/{message.pk}/{mark}/"
    assert codes(call, "POST", path, '{"user": "bob"}') == (404, 403, 200, 403, 404, 403, 200)


@pytest.mark.parametrize("mark", ["mark-delivered", "mark-read"])
def test_only_a_participant_marks_in_bulk(call: Any, message: Message, mark: str) -> None:
    """Rules 4 and 18: a moderator sees the conversation and has nothing to mark in it."""
    path = f"/conversations/{message.conversation_id}/{mark}/"
    assert codes(call, "POST", path, '{"user": "bob"}') == (404, 200, 200, 200, 404, 403, 200)


@pytest.mark.parametrize("what", ["status", "recipients"])
def test_receipts_are_for_the_sender_and_moderators(call: Any, message: Message, what: str) -> None:
    """Rule 17."""
    path = f"/messages/{message.pk}/{what}/"
    assert codes(call, "GET", path) == (404, 200, 403, 403, 404, 200, 200)


@pytest.mark.parametrize("what", ["status", "recipients"])
def test_receipts_are_for_all_participants_where_the_conversation_says_so(
    call: Any, message: Message, what: str
) -> None:
    """Rule 17: ``receipts_visible_to: participants``."""
    Conversation.objects.update(receipts_visible_to="participants")
    path = f"/messages/{message.pk}/{what}/"
    assert codes(call, "GET", path) == (404, 200, 200, 200, 404, 200, 200)


@pytest.mark.parametrize("what", ["status", "recipients"])
def test_receipts_of_a_deleted_message_are_for_moderators(
    call: Any, message: Message, what: str
) -> None:
    """Rule 21: its rows stay for moderators."""
    services.delete_message(message_id=message.pk)
    path = f"/messages/{message.pk}/{what}/"
    assert codes(call, "GET", path) == (404, 403, 403, 403, 404, 200, 403)


@pytest.mark.parametrize(
    "path",
    [
        "/conversations/{c}/",
        "/conversations/{c}/messages/",
        "/conversations/{c}/participants/",
        "/conversations/{c}/participants/bob/",
        "/messages/{m}/",
    ],
)
def test_participants_moderators_and_services_read(call: Any, message: Message, path: str) -> None:
    """Outsiders and leavers do not know of the conversation."""
    path = path.format(c=message.conversation_id, m=message.pk)
    assert codes(call, "GET", path) == (404, 200, 200, 200, 404, 200, 200)


def test_the_sender_moderators_and_services_delete(call: Any, message: Message) -> None:
    """Rule 21."""
    path = f"/messages/{message.pk}/"
    assert codes(call, "DELETE", path) == (404, 204, 403, 403, 404, 204, 204)


def test_moderators_and_services_restore(call: Any, message: Message) -> None:
    """Rule 21."""
    path = f"/messages/{message.pk}/restore/"
    assert codes(call, "POST", path) == (404, 403, 403, 403, 404, 200, 200)


def test_owner_and_services_change_a_conversation(call: Any, message: Message) -> None:
    """Owner, admins, service; a moderator reads."""
    path = f"/conversations/{message.conversation_id}/"
    got = tuple(call(who, "PATCH", path, '{"title": "Tea"}') for who in CALLERS)
    assert got == (404, 200, 403, 403, 404, 403, 200)


def test_owner_and_services_add_participants(call: Any, message: Message, dave: User) -> None:
    path = f"/conversations/{message.conversation_id}/participants/"
    got = tuple(call(who, "POST", path, '{"user": "carol"}') for who in CALLERS)
    assert got == (404, 200, 403, 403, 404, 403, 200)


def test_members_remove_only_themselves(call: Any, message: Message) -> None:
    """Leave, remove."""
    path = f"/conversations/{message.conversation_id}/participants/carol/"
    assert codes(call, "DELETE", path) == (404, 204, 403, 403, 404, 403, 204)
    own = f"/conversations/{message.conversation_id}/participants/bob/"
    assert call("bob", "DELETE", own) == 204


def test_an_admin_manages_members_but_not_the_owner(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Roles are the owner's to give, and admins end below the owner."""
    path = f"/conversations/{group.pk}/participants"
    api(alice).patch(f"{path}/bob/", {"role": "admin"})
    api(bob).patch(f"{path}/carol/", {"muted": True})
    api(bob).patch(f"{path}/carol/", {"role": "owner"}, status=403)
    api(bob).patch(f"{path}/alice/", {"role": "member"}, status=403)
    api(bob).delete(f"{path}/alice/", status=403)


def test_who_is_muted_reads_and_does_not_write(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    message = say(alice, group)
    api(alice).patch(f"/conversations/{group.pk}/participants/bob/", {"muted": True})
    api(bob).post(f"/messages/{message.pk}/read/")
    path = f"/conversations/{group.pk}/messages/"
    assert api(bob).post(path, {"body": "no"}, status=403)["code"] == "muted"


def test_who_is_banned_is_gone_and_stays_away(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 2 counts a ban as a removal; an unban does not bring anybody back by itself."""
    message = say(alice, group)
    path = f"/conversations/{group.pk}/participants"
    api(alice).patch(f"{path}/bob/", {"banned": True})
    assert api(alice).get(f"/messages/{message.pk}/status/")["total_recipients"] == 1
    api(bob).get(f"/messages/{message.pk}/", status=404)
    assert "user" in api(alice).post(f"{path}/", {"user": "bob"}, status=400)
    api(alice).patch(f"{path}/bob/", {"banned": False})
    api(alice).post(f"{path}/", {"user": "bob"}, status=201)


def test_watermarks_go_where_receipts_go(
    api: Any, group: Conversation, alice: User, bob: User, carol: User, moderator: User
) -> None:
    """Rule 17: a watermark tells a read of everybody's messages."""
    message = say(alice, group)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    path = f"/conversations/{group.pk}/participants/bob/"
    told = [api(who).get(path)["last_read_message"] for who in (bob, moderator, carol)]
    assert told == [message.pk, message.pk, None]
    api(alice).patch(f"/conversations/{group.pk}/", {"receipts_visible_to": "participants"})
    assert api(carol).get(path)["last_read_message"] == message.pk


def test_a_user_sees_no_other_users(api: Any, bob: User, service_key: str) -> None:
    """Users are kept by service accounts; moderators may look."""
    api(bob).get("/users/", status=403)
    api(bob).get("/users/bob/", status=403)
    api(bob).post("/users/bob/tokens/", status=403)


def test_a_moderator_looks_at_users_and_changes_none(api: Any, bob: User, moderator: User) -> None:
    assert api(moderator).get("/users/bob/")["username"] == "bob"
    api(moderator).patch("/users/bob/", {"display_name": "Rob"}, status=403)
    api(moderator).post("/users/bob/tokens/", status=403)
