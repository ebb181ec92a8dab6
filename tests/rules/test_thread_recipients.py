"""Who receives replies: all participants, or who follows the thread (rule 30)."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Message, ThreadFollower, User
from receipts import services
from receipts.models import MessageStatus
from receipts.services.erasing.running import run_erasure
from tests.support.cast import say
from tests.support.commands import run


@pytest.fixture
def root(group: Conversation, alice: User) -> Message:
    return say(alice, group, "tea?")


@pytest.fixture
def for_followers(api: Any, service_key: str, group: Conversation) -> None:
    body = {"thread_recipients": "followers"}
    api(service_key).patch(f"/conversations/{group.pk}/", body)


def reply(api: Any, sender: User, root: Message) -> int:
    path = f"/conversations/{root.conversation_id}/messages/"
    sent = api(sender).post(path, {"body": "yes", "thread": root.pk}, status=201)
    rows = MessageStatus.objects.filter(message=sent["id"], withdrawn_at=None)
    assert Message.objects.get(pk=sent["id"]).recipient_count == rows.count()
    return int(sent["id"])


def recipients(pk: int) -> set[str]:
    rows = MessageStatus.objects.filter(message=pk)
    return set(rows.values_list("recipient__username", flat=True))


def test_all_participants_by_default(api: Any, root: Message, bob: User) -> None:
    assert recipients(reply(api, bob, root)) == {"alice", "carol"}


@pytest.mark.usefixtures("for_followers")
def test_followers_alone(api: Any, root: Message, bob: User) -> None:
    """The root's sender follows, before there is any reply."""
    assert recipients(reply(api, bob, root)) == {"alice"}


@pytest.mark.usefixtures("for_followers")
def test_who_wrote_and_who_asked_receive_what_comes_then(
    api: Any, root: Message, alice: User, bob: User, carol: User
) -> None:
    reply(api, bob, root)
    api(carol).post(f"/messages/{root.pk}/follow/")
    assert recipients(reply(api, alice, root)) == {"bob", "carol"}


@pytest.mark.usefixtures("for_followers")
def test_who_asked_not_to_receives_nothing(api: Any, root: Message, alice: User, bob: User) -> None:
    api(alice).post(f"/messages/{root.pk}/unfollow/")
    assert recipients(reply(api, bob, root)) == set()


@pytest.mark.usefixtures("for_followers")
def test_the_main_line_is_for_all(api: Any, root: Message) -> None:
    assert recipients(root.pk) == {"bob", "carol"}


@pytest.mark.usefixtures("for_followers")
def test_who_left_receives_nothing(api: Any, root: Message, bob: User, carol: User) -> None:
    """Rule 1: a follower takes part; rejoining, they follow as before."""
    reply(api, bob, root)
    api(bob).delete(f"/conversations/{root.conversation_id}/participants/bob/")
    assert recipients(reply(api, carol, root)) == {"alice"}
    services.add_participant(conversation_id=root.conversation_id, user=bob)
    assert recipients(reply(api, carol, root)) == {"alice", "bob"}


@pytest.mark.usefixtures("for_followers")
def test_who_does_not_follow_may_read_it(api: Any, root: Message, bob: User, carol: User) -> None:
    pk = reply(api, bob, root)
    assert api(carol).get(f"/messages/{pk}/")["body"] == "yes"
    api(carol).post(f"/messages/{pk}/read/", status=403)


@pytest.mark.usefixtures("for_followers")
def test_a_backfill_gives_it_to_nobody_else(
    api: Any, root: Message, alice: User, bob: User
) -> None:
    """Not even where nobody received it."""
    api(alice).post(f"/messages/{root.pk}/unfollow/")
    pk = reply(api, bob, root)
    assert "no drift" in run("check_receipts")[0]
    run("backfill_receipts")
    assert recipients(pk) == set()


def test_a_backfilled_reply_is_in_its_thread(api: Any, root: Message, bob: User) -> None:
    """Stored by another tool, it is unread in its thread like any other."""
    pk = reply(api, bob, root)
    MessageStatus.objects.filter(message=pk).delete()
    Message.objects.filter(pk=pk).update(recipient_count=0)
    run("backfill_receipts")
    rows = MessageStatus.objects.filter(message=pk).values_list("thread", flat=True)
    assert [*rows] == [root.pk, root.pk]


def test_the_setting_is_for_managers(api: Any, group: Conversation, alice: User, bob: User) -> None:
    path, body = f"/conversations/{group.pk}/", {"thread_recipients": "followers"}
    assert api(alice).get(path)["thread_recipients"] == "participants"
    api(bob).patch(path, body, status=403)
    assert api(alice).patch(path, body)["thread_recipients"] == "followers"
    assert [*api(alice).patch(path, {"thread_recipients": "all"}, status=400)] == [
        "thread_recipients"
    ]


def test_a_user_who_is_forgotten_follows_nothing(api: Any, root: Message, bob: User) -> None:
    reply(api, bob, root)
    erasure = services.forget_user(username="bob")
    assert run_erasure(erasure)
    assert not ThreadFollower.objects.filter(user=bob).exists()


def test_too_many_recipients_of_a_reply(
    api: Any, root: Message, bob: User, carol: User, settings: Any
) -> None:
    """Rule 16: of a reply there are no positions; for followers it has rows while these are few."""
    settings.RECEIPTS_MAX_RECIPIENTS = 1
    assert recipients(reply(api, bob, root)) == set()
    services.change_conversation(
        by=None, conversation_id=root.conversation_id, thread_recipients="followers"
    )
    api(bob).post(f"/messages/{root.pk}/unfollow/")
    assert recipients(reply(api, carol, root)) == {"alice"}
