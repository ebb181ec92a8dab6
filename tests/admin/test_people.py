"""Conversations and users in the admin, and who makes whom a moderator."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from chat.models import Conversation, Message, User
from receipts import services
from receipts.admin import tables
from tests.support.admin import Browser, appointed, listed, mark, rows_of, step
from tests.support.cast import moderators, say

TICKED = "_selected_action"


@pytest.fixture
def root(db: None) -> Browser:
    return Browser(User.objects.create_superuser("root"))


@pytest.fixture
def mia(moderator: User) -> Browser:
    return Browser(appointed(moderator))


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return say(alice, group, "tea?")


def act(browser: Browser, path: str, action: str, *pks: int) -> None:
    browser.post(path, {"action": action, TICKED: list(pks)})


def test_a_conversation_shows_who_takes_part_and_how_far_they_have_come(
    mia: Browser, api: Any, group: Conversation, message: Message, bob: User, carol: User
) -> None:
    """With links to the messages of the watermarks."""
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    services.remove_participant(conversation_id=group.pk, user=carol)
    page = mia.get(f"chat/conversation/{group.pk}/change/")
    alices, bobs, carols = rows_of(page)
    assert alices.startswith("Alice alice Owner Active ")
    assert bobs.count(f"#{message.pk}") == 2
    assert carols.startswith("Carol carol Member Left ")
    assert f'/admin/chat/message/{message.pk}/change/">#{message.pk}</a>' in page
    for link in (f"chat/message/?conversation={group.pk}", f"insights/?conversation={group.pk}"):
        assert f'href="/admin/{link}"' in page
        assert mia.get(link)


@pytest.mark.parametrize(
    ("query", "names"),
    [("role=owner", "alice"), ("membership=left", "carol"), ("membership=active", "alice bob"),
     ("search=B", "bob"), ("role=member&membership=active", "bob"), ("search=zed", "")],
)  # fmt: skip
def test_participants_are_filtered(
    mia: Browser, group: Conversation, carol: User, query: str, names: str
) -> None:
    services.remove_participant(conversation_id=group.pk, user=carol)
    page = mia.get(f"chat/conversation/{group.pk}/change/?{query}")
    assert [row.split()[1] for row in rows_of(page)] == names.split()


@pytest.mark.parametrize("query", ["role=king", "membership=x", "retracted_up_to=1", "after=x"])
def test_wrong_filters_of_participants_list_nothing(
    mia: Browser, group: Conversation, query: str
) -> None:
    page = mia.get(f"chat/conversation/{group.pk}/change/?{query}")
    assert "Nothing is listed until this is corrected." in page
    assert rows_of(page) == []


def test_participants_and_participations_are_paged(
    mia: Browser, group: Conversation, direct: Conversation, alice: User, monkeypatch: Any
) -> None:
    monkeypatch.setattr(tables, "ROWS_PER_TABLE", 1)
    for path, count in ((f"chat/conversation/{group.pk}", 3), (f"chat/user/{alice.pk}", 2)):
        page, seen = mia.get(f"{path}/change/"), 1
        while further := step(page, "next"):
            page, seen = mia.get(f"{path}/change/{further}"), seen + 1
            assert len(rows_of(page)) == 1
        assert seen == count


def test_a_user_shows_where_they_take_part_and_what_they_sent(
    mia: Browser, message: Message, alice: User, bob: User
) -> None:
    page = mia.get(f"chat/user/{alice.pk}/change/")
    assert rows_of(page)[0].startswith(f"{message.conversation} Group Owner Active")
    assert listed(mia.get("chat/message/?sender=alice")) == ["tea?"]
    assert 'href="/admin/chat/message/?sender=alice"' in page
    assert len(listed(mia.get("receipts/messagestatus/?recipient=bob"))) == 1
    for secret in ("password", "Last login", "read_receipts", "unread", "seen_at"):
        assert secret.lower() not in page.split("<main")[1].lower()


def test_a_username_of_any_characters_leads_to_their_messages(
    mia: Browser, group: Conversation
) -> None:
    odd = User.objects.create_user("a&b=c#d?é")
    services.add_participant(conversation_id=group.pk, user=odd)
    say(odd, group, "odd")
    page = mia.client.get(f"/admin/chat/user/{odd.pk}/change/").content.decode()
    link = page.split("/admin/chat/message/?sender=")[1].split('"')[0]
    assert listed(mia.get(f"chat/message/?sender={link}")) == ["odd"]


def test_an_operator_makes_moderators_and_takes_that_back(
    root: Browser, alice: User, bob: User, message: Message
) -> None:
    """Logged where it changed anything; who has no password is named."""
    moderators()
    alice.set_password("long enough")
    alice.save()
    act(root, "chat/user/", "make_moderators", alice.pk, bob.pk)
    page = root.get("chat/user/?kind=moderators")
    assert listed(page) == ["alice", "bob", "root"]
    assert "No password yet: Bob (bob)" in page
    assert "No password yet: Alice" not in page
    assert listed(Browser(alice).get("chat/message/")) == ["tea?"]
    act(root, "chat/user/", "make_moderators", alice.pk)
    act(root, "chat/user/", "unmake_moderators", alice.pk)
    act(root, "chat/user/", "unmake_moderators", alice.pk)
    Browser(alice).get("chat/message/", status=302)
    assert [entry.change_message for entry in LogEntry.objects.order_by("pk")] == [
        "Made a moderator.", "Made a moderator.", "No longer a moderator.",
    ]  # fmt: skip


def test_a_service_account_is_made_no_moderator_and_a_superuser_stays_one(
    root: Browser, service_key: str
) -> None:
    backend, owner = User.objects.get(is_service=True), User.objects.get(username="root")
    act(root, "chat/user/", "make_moderators", backend.pk)
    act(root, "chat/user/", "unmake_moderators", owner.pk)
    backend.refresh_from_db()
    owner.refresh_from_db()
    assert (backend.is_staff, owner.is_staff) == (False, True)


def test_somebody_who_may_change_users_appoints_nobody(
    root: Browser, dave: User, bob: User
) -> None:
    from django.contrib.auth.models import Permission

    dave.is_staff = True
    dave.save()
    rights = Permission.objects.filter(codename__in=["view_user", "change_user"])
    dave.user_permissions.set(rights)
    page = Browser(dave).get("chat/user/")
    assert "make_moderators" not in page
    Browser(dave).client.post("/admin/chat/user/", {"action": "make_moderators", TICKED: bob.pk})
    bob.refresh_from_db()
    assert not bob.is_staff


def test_a_user_is_switched_off_by_an_action_which_withdraws(
    root: Browser, message: Message, bob: User
) -> None:
    """Rule 2: the admin goes by the service."""
    act(root, "chat/user/", "deactivate", bob.pk)
    message.refresh_from_db()
    assert message.recipient_count == 1
    act(root, "chat/user/", "reactivate", bob.pk)
    act(root, "chat/user/", "reactivate", bob.pk)
    bob.refresh_from_db()
    assert bob.is_active
    assert LogEntry.objects.count() == 2


def test_a_participant_is_removed_by_an_action_which_withdraws(
    root: Browser, message: Message, bob: User
) -> None:
    """Rule 2."""
    mark(message, "carol", read=True)
    act(root, "chat/conversationparticipant/", "remove", bob.participations.get().pk)
    message.refresh_from_db()
    assert (message.recipient_count, message.overall_status) == (1, "read")
