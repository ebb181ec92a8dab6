"""Sending and listing messages and conversations."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from chat.models import Conversation, User
from receipts import services
from tests.support.cast import say


def test_a_repeated_client_id_is_the_same_message(
    api: Any, group: Conversation, alice: User
) -> None:
    """A device that got no answer sends again; the reply is 200."""
    path = f"/conversations/{group.pk}/messages/"
    first = api(alice).post(path, {"body": "tea?", "client_id": "c1"}, status=201)
    assert api(alice).post(path, {"body": "tea?", "client_id": "c1"}) == first


def test_a_client_id_is_the_senders_own(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Two people's equal ids are two messages."""
    path = f"/conversations/{group.pk}/messages/"
    ids = {
        api(who).post(path, {"body": "tea?", "client_id": "c1"}, status=201)["id"]
        for who in (alice, bob)
    }
    assert len(ids) == 2


def test_messages_are_listed_newest_first_with_receipts_one_may_see(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 17: one's own messages carry their receipts."""
    say(alice, group, "first")
    say(bob, group, "second")
    page = api(alice).get(f"/conversations/{group.pk}/messages/")["results"]
    told = {each["body"]: each["receipts"] for each in page}
    assert list(told) == ["second", "first"]
    assert (told["second"], told["first"]["read_count"]) == (None, 1)


def test_pages_follow_each_other_without_gaps(api: Any, group: Conversation, alice: User) -> None:
    """Cursor pages, forwards and back."""
    sent = [say(alice, group).pk for _ in range(7)][::-1]
    first = api(alice).get(f"/conversations/{group.pk}/messages/?limit=3")
    second = api(alice)("GET", first["next"])
    third = api(alice)("GET", second["next"])
    seen = [each["id"] for page in (first, second, third) for each in page["results"]]
    assert (seen, third["next"]) == (sent, None)
    assert api(alice)("GET", second["previous"])["results"] == first["results"]


def test_a_new_message_moves_no_cursor(api: Any, group: Conversation, alice: User) -> None:
    """Pages go on from where they were while messages arrive."""
    sent = [say(alice, group).pk for _ in range(4)][::-1]
    first = api(alice).get(f"/conversations/{group.pk}/messages/?limit=2")
    say(alice, group)
    second = api(alice)("GET", first["next"])
    assert [each["id"] for each in second["results"]] == sent[2:]


def test_a_deleted_message_is_empty_for_all_but_moderators(
    api: Any, group: Conversation, alice: User, bob: User, moderator: User
) -> None:
    """Rule 21."""
    message = say(alice, group, "oops")
    api(alice).delete(f"/messages/{message.pk}/")
    seen = api(bob).get(f"/messages/{message.pk}/")
    assert (seen["body"], seen["deleted_at"] is not None, seen["receipts"]) == ("", True, None)
    assert api(alice).get(f"/messages/{message.pk}/")["body"] == ""
    assert api(moderator).get(f"/messages/{message.pk}/")["body"] == "oops"


def test_deleting_twice_keeps_the_first_time(api: Any, group: Conversation, alice: User) -> None:
    message = say(alice, group)
    api(alice).delete(f"/messages/{message.pk}/")
    first = api(alice).get(f"/messages/{message.pk}/")["deleted_at"]
    api(alice).delete(f"/messages/{message.pk}/")
    assert api(alice).get(f"/messages/{message.pk}/")["deleted_at"] == first


def test_a_service_account_sends_for_anybody_at_a_time(
    api: Any, group: Conversation, service_key: str
) -> None:
    """``sender`` and ``sent_at`` are for service accounts."""
    at = timezone.now() - timedelta(hours=1)
    body = {"body": "late", "sender": "bob", "sent_at": at.isoformat()}
    sent = api(service_key).post(f"/conversations/{group.pk}/messages/", body, status=201)
    assert (sent["sender"], datetime.fromisoformat(sent["created_at"])) == ("bob", at)


def test_a_person_sends_as_themselves_and_now(api: Any, group: Conversation, alice: User) -> None:
    """Rule 18."""
    path = f"/conversations/{group.pk}/messages/"
    api(alice).post(path, {"body": "x", "sender": "bob"}, status=403)
    api(alice).post(path, {"body": "x", "sent_at": "2020-01-01T00:00:00Z"}, status=403)


def test_a_sender_has_to_take_part(
    api: Any, group: Conversation, dave: User, service_key: str
) -> None:
    path = f"/conversations/{group.pk}/messages/"
    answer = api(service_key).post(path, {"body": "x", "sender": "dave"}, status=400)
    assert list(answer) == ["sender"]


def test_conversations_come_by_newest_activity(
    api: Any, group: Conversation, direct: Conversation, alice: User, bob: User
) -> None:
    """Each with what is unread, the first unread and the newest message."""
    say(bob, direct, "hi")
    first, second = say(bob, group, "tea?"), say(bob, group, "cake?")
    page = api(alice).get("/conversations/")["results"]
    assert [each["id"] for each in page] == [group.pk, direct.pk]
    assert (page[0]["unread_count"], page[0]["first_unread_message"]) == (2, first.pk)
    assert page[0]["last_message"]["id"] == second.pk
    say(bob, direct, "hello?")
    assert [each["id"] for each in api(alice).get("/conversations/")["results"]] == [
        direct.pk, group.pk,
    ]  # fmt: skip


def test_conversation_pages_follow_each_other(api: Any, alice: User, bob: User) -> None:
    """Those without any message come last, and none is lost."""
    made = [
        services.create_conversation(owner=alice, participants=[bob], kind="group")
        for _ in range(5)
    ]
    say(bob, made[0])
    seen, path = [], "/conversations/?limit=2"
    while path:
        page = api(alice)("GET", path)
        seen += [each["id"] for each in page["results"]]
        path = page["next"]
    assert seen == [made[0].pk, made[4].pk, made[3].pk, made[2].pk, made[1].pk]


def test_unread_counts_are_over_all_conversations(
    api: Any, group: Conversation, direct: Conversation, alice: User, bob: User
) -> None:
    say(alice, group)
    say(alice, direct)
    assert api(bob).get("/me/")["unread_count"] == 2


def test_the_same_external_id_is_the_same_conversation(
    api: Any, bob: User, service_key: str
) -> None:
    """A repeated request answers 200 with what is there; ``test_names_taken`` has other ones."""
    body = {"kind": "group", "external_id": "maths/hello", "participants": ["bob"]}
    first = api(service_key).post("/conversations/", body, status=201)
    assert api(service_key).post("/conversations/", body)["id"] == first["id"]


def test_the_same_user_again_is_the_same_user(api: Any, service_key: str) -> None:
    body = {"username": "erin", "display_name": "Erin"}
    first = api(service_key).post("/users/", body, status=201)
    assert api(service_key).post("/users/", body) == first


def test_summaries_of_many_messages_report_those_one_may_not_see(
    api: Any, group: Conversation, direct: Conversation, alice: User, bob: User, carol: User
) -> None:
    """One by one, in order, not fatal."""
    foreign, hidden, own = say(alice, direct), say(alice, group), say(carol, group)
    results = api(carol).get(f"/receipts/?messages={own.pk},{hidden.pk},{foreign.pk},999999")[
        "results"
    ]
    assert [each.get("code", each.get("overall_status")) for each in results] == [
        "sent", "permission_denied", "not_found", "not_found",
    ]  # fmt: skip
