"""Threads: sending replies, what answers say of them, listing and following (rule 30)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, Message, Thread, ThreadFollower, User
from receipts import services
from tests.support.cast import say


def reply(api: Any, sender: User, root: Message, body: str = "yes", **fields: Any) -> Any:
    """Send a reply; return the answer."""
    path = f"/conversations/{root.conversation_id}/messages/"
    return api(sender).post(path, {"body": body, "thread": root.pk, **fields}, status=201)


def threads(api: Any, user: User, group: Conversation, query: str = "") -> list[int]:
    """The roots that a user is listed."""
    page = api(user).get(f"/conversations/{group.pk}/threads/{query}")
    return [root["id"] for root in page["results"]]


@pytest.fixture
def root(group: Conversation, alice: User) -> Message:
    return say(alice, group, "who brings tea?")


def test_a_reply_says_its_thread(api: Any, root: Message, bob: User) -> None:
    assert reply(api, bob, root)["thread"] == root.pk


def test_a_root_says_what_is_known_of_its_replies(
    api: Any, root: Message, alice: User, bob: User, carol: User
) -> None:
    reply(api, bob, root)
    last = reply(api, carol, root)
    told = api(alice).get(f"/messages/{root.pk}/")
    assert (told["reply_count"], told["last_reply"], told["unread_replies"]) == (2, last["id"], 2)
    assert told["last_reply_at"] == last["created_at"]


def test_a_message_without_replies_says_so(api: Any, root: Message, bob: User) -> None:
    told = api(bob).get(f"/messages/{root.pk}/")
    known = {"thread": None, "reply_count": 0, "last_reply": None, "last_reply_at": None}
    assert {name: told[name] for name in known} == known
    assert (told["unread_replies"], told["following"]) == (0, False)


def test_lists_say_the_same(api: Any, root: Message, alice: User, bob: User) -> None:
    sent = reply(api, bob, root)
    found = api(alice).get(f"/conversations/{root.conversation_id}/messages/")["results"]
    told = {each["id"]: each for each in found}
    assert told[root.pk] == api(alice).get(f"/messages/{root.pk}/")
    assert told[sent["id"]] == api(alice).get(f"/messages/{sent['id']}/")
    assert (told[root.pk]["reply_count"], told[sent["id"]]["thread"]) == (1, root.pk)


def test_names_stand_beside_ids(
    api: Any, service_key: str, group: Conversation, alice: User
) -> None:
    """Rule 24."""
    path = f"/conversations/{group.pk}/messages/"
    sender = {"sender": "alice", "body": "tea?"}
    first = api(service_key).post(path, {**sender, "external_id": "m-1"}, status=201)
    thread = {"external_id": "m-1"}
    second = api(service_key).post(
        path, {**sender, "thread": thread, "external_id": "m-2"}, status=201
    )
    assert (second["thread"], second["thread_external_id"]) == (first["id"], "m-1")
    told = api(service_key).get("/messages/ext:m-1/")
    assert (told["last_reply"], told["last_reply_external_id"]) == (second["id"], "m-2")


@pytest.mark.parametrize("kind", ["unknown", "elsewhere", "a reply", "deleted", "text", "name"])
def test_a_thread_that_cannot_be(
    api: Any, root: Message, direct: Conversation, alice: User, bob: User, kind: str
) -> None:
    """The error names the field, and nothing is sent."""
    wrong: Any = {"unknown": 999_999, "text": "main", "name": {"external_id": "none"}}.get(kind)
    if kind == "elsewhere":
        wrong = say(bob, direct).pk
    elif kind == "a reply":
        wrong = reply(api, bob, root)["id"]
    elif kind == "deleted":
        wrong = root.pk
        services.delete_message(message_id=root.pk)
    before = Message.objects.count()
    path = f"/conversations/{root.conversation_id}/messages/"
    assert [*api(bob).post(path, {"body": "yes", "thread": wrong}, status=400)] == ["thread"]
    assert Message.objects.count() == before


def test_a_number_and_another_name_do_not_agree(
    api: Any, root: Message, alice: User, bob: User
) -> None:
    path = f"/conversations/{root.conversation_id}/messages/"
    wrong = {"id": root.pk, "external_id": "another"}
    assert [*api(bob).post(path, {"body": "x", "thread": wrong}, status=400)] == ["thread"]


def test_a_repeated_reply_is_the_same_message(api: Any, root: Message, bob: User) -> None:
    first = reply(api, bob, root, client_id="c1")
    path = f"/conversations/{root.conversation_id}/messages/"
    again = {"body": "yes", "thread": root.pk, "client_id": "c1"}
    assert api(bob).post(path, again)["id"] == first["id"]
    assert api(bob).get(f"/messages/{root.pk}/")["reply_count"] == 1


def test_a_repeat_in_another_thread_is_a_conflict(
    api: Any, root: Message, alice: User, bob: User
) -> None:
    """Nothing is lost: the answer says in what it differs."""
    other = say(alice, root.conversation)
    reply(api, bob, root, client_id="c1")
    path = f"/conversations/{root.conversation_id}/messages/"
    again = {"body": "yes", "thread": other.pk, "client_id": "c1"}
    assert "thread" in api(bob).post(path, again, status=409)["detail"]


def test_a_system_line_is_no_reply(api: Any, service_key: str, root: Message) -> None:
    path = f"/conversations/{root.conversation_id}/messages/"
    line = {"body": "x", "kind": "system", "thread": root.pk}
    assert [*api(service_key).post(path, line, status=400)] == ["thread"]


def test_a_deleted_reply_does_not_count(api: Any, root: Message, alice: User, bob: User) -> None:
    """And the newest that is left is the last one; restored, it is as before."""
    first, last = reply(api, bob, root), reply(api, bob, root)
    path = f"/messages/{root.pk}/"
    services.delete_message(message_id=last["id"])
    told = api(alice).get(path)
    assert (told["reply_count"], told["last_reply"], told["unread_replies"]) == (1, first["id"], 1)
    services.restore_message(message_id=last["id"])
    told = api(alice).get(path)
    assert (told["reply_count"], told["last_reply"], told["unread_replies"]) == (2, last["id"], 2)


def test_without_replies_left_there_is_no_last_one(api: Any, root: Message, bob: User) -> None:
    services.delete_message(message_id=reply(api, bob, root)["id"])
    told = api(bob).get(f"/messages/{root.pk}/")
    assert (told["reply_count"], told["last_reply"], told["last_reply_at"]) == (0, None, None)


def test_a_late_reply_is_not_the_last_one(
    api: Any, service_key: str, root: Message, alice: User, bob: User
) -> None:
    """Rule 7: the newest by time, not by arrival."""
    last = reply(api, bob, root)
    late = {"sender": "bob", "body": "late", "thread": root.pk}
    at = timezone.now() - timedelta(days=1)
    path = f"/conversations/{root.conversation_id}/messages/"
    api(service_key).post(path, {**late, "sent_at": at.isoformat()}, status=201)
    told = api(alice).get(f"/messages/{root.pk}/")
    assert (told["reply_count"], told["last_reply"]) == (2, last["id"])


def test_messages_of_one_line(api: Any, root: Message, alice: User, bob: User) -> None:
    sent, main = reply(api, bob, root), say(alice, root.conversation)
    path = f"/conversations/{root.conversation_id}/messages/?thread="
    lines = {
        word: [each["id"] for each in api(bob).get(f"{path}{word}")["results"]]
        for word in ("main", str(root.pk), "999999")
    }
    assert lines == {"main": [main.pk, root.pk], str(root.pk): [sent["id"]], "999999": []}


def test_a_root_may_have_any_name(
    api: Any, service_key: str, group: Conversation, alice: User
) -> None:
    """Rule 24: also the one that stands for the main line."""
    path = f"/conversations/{group.pk}/messages/"
    root = {"sender": "alice", "body": "tea?", "external_id": "main"}
    api(service_key).post(path, root, status=201)
    body = {"sender": "alice", "body": "yes", "thread": {"external_id": "main"}}
    sent = api(service_key).post(path, body, status=201)
    found = api(alice).get(f"{path}?thread=ext:main")["results"]
    assert [each["id"] for each in found] == [sent["id"]]


@pytest.mark.parametrize("word", ["", "mine", "-1", "ext:"])
def test_a_wrong_line_is_refused(api: Any, root: Message, bob: User, word: str) -> None:
    path = f"/conversations/{root.conversation_id}/messages/?thread={word}"
    assert [*api(bob).get(path, status=400)] == ["thread"]


def test_threads_are_listed_by_their_newest_reply(
    api: Any, root: Message, alice: User, bob: User
) -> None:
    other = say(alice, root.conversation)
    for each in (root, other, root):
        reply(api, bob, each)
    assert threads(api, alice, root.conversation) == [root.pk, other.pk]


def test_threads_are_paged(api: Any, group: Conversation, alice: User, bob: User) -> None:
    roots = [say(alice, group) for _ in range(5)]
    for each in roots:
        reply(api, bob, each)
    page = api(alice).get(f"/conversations/{group.pk}/threads/?limit=2")
    found = [root["id"] for root in page["results"]]
    while page["next"]:
        page = api(alice)("GET", page["next"])
        found += [root["id"] for root in page["results"]]
    assert found == [root.pk for root in reversed(roots)]


def test_unread_threads(api: Any, root: Message, alice: User, bob: User, carol: User) -> None:
    other = say(alice, root.conversation)
    reply(api, bob, root)
    reply(api, alice, other)
    group = root.conversation
    assert threads(api, alice, group, "?unread=true") == [root.pk]
    assert threads(api, alice, group, "?unread=false") == [other.pk]
    assert threads(api, carol, group, "?unread=true") == [other.pk, root.pk]


@pytest.mark.parametrize("query", ["unread=maybe", "unread=", "following=1", "thread=1"])
def test_a_wrong_question_is_refused(
    api: Any, group: Conversation, alice: User, query: str
) -> None:
    path = f"/conversations/{group.pk}/threads/?{query}"
    assert [*api(alice).get(path, status=400)] == [query.split("=")[0]]


def test_a_stranger_sees_no_threads(api: Any, root: Message, dave: User) -> None:
    api(dave).get(f"/conversations/{root.conversation_id}/threads/", status=404)


def test_who_wrote_follows_and_so_does_the_sender_of_the_root(
    api: Any, root: Message, alice: User, bob: User, carol: User
) -> None:
    reply(api, bob, root)
    follows = {
        user.username: api(user).get(f"/messages/{root.pk}/")["following"]
        for user in (alice, bob, carol)
    }
    assert follows == {"alice": True, "bob": True, "carol": False}


def test_who_asked_to_follows(api: Any, root: Message, alice: User, bob: User, carol: User) -> None:
    """Also before there is any reply."""
    answer = api(carol).post(f"/messages/{root.pk}/follow/")
    assert (answer["user"], answer["following"]) == ("carol", True)
    reply(api, bob, root)
    assert threads(api, carol, root.conversation, "?following=true") == [root.pk]


def test_who_asked_not_to_does_not_follow(api: Any, root: Message, alice: User, bob: User) -> None:
    """Until they write in the thread again; replies of others do not bring it back."""
    reply(api, bob, root)
    api(alice).post(f"/messages/{root.pk}/unfollow/")
    reply(api, bob, root)
    assert threads(api, alice, root.conversation, "?following=true") == []
    reply(api, alice, root)
    assert threads(api, alice, root.conversation, "?following=true") == [root.pk]


def test_nobody_follows_a_reply(api: Any, root: Message, alice: User, bob: User) -> None:
    sent = reply(api, bob, root)
    assert [*api(alice).post(f"/messages/{sent['id']}/follow/", status=400)] == ["thread"]


def test_a_stranger_follows_nothing(api: Any, root: Message, dave: User) -> None:
    """As if there were no such message."""
    api(dave).post(f"/messages/{root.pk}/follow/", status=404)


def test_a_backend_follows_for_a_user(
    api: Any, service_key: str, root: Message, carol: User
) -> None:
    """Rule 18."""
    api(service_key).post(f"/messages/{root.pk}/follow/", {"user": "carol"})
    assert api(carol).get(f"/messages/{root.pk}/")["following"] is True


def test_deleting_a_conversation_removes_its_threads(
    api: Any, service_key: str, root: Message, bob: User
) -> None:
    reply(api, bob, root)
    while not api(service_key).delete(f"/conversations/{root.conversation_id}/", status=200)[
        "complete"
    ]:
        pass
    assert (Thread.objects.count(), ThreadFollower.objects.count()) == (0, 0)
