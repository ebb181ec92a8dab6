"""System lines (rule 26): shown in the conversation, received by nobody, and unread by nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, ConversationParticipant, Message, User
from receipts.models import MessageStatus
from tests.support.cast import say

LINE = {"kind": "system", "body": "Alice renamed the group."}


def line(api: Any, key: str, chat: Conversation, status: int = 201, **fields: Any) -> Any:
    return api(key).post(f"/conversations/{chat.pk}/messages/", {**LINE, **fields}, status)


def test_it_is_listed_and_has_no_receipts(
    api: Any, group: Conversation, bob: User, service_key: str
) -> None:
    sent = line(api, service_key, group)
    assert (sent["kind"], sent["tracked"], sent["untracked_reason"]) == ("system", False, "system")
    assert (sent["sender"], sent["receipts"]["total_recipients"]) == ("backend", 0)
    (listed,) = api(bob).get(f"/conversations/{group.pk}/messages/")["results"]
    assert (listed["kind"], listed["body"]) == ("system", LINE["body"])
    assert not MessageStatus.objects.exists()


def test_other_messages_are_of_the_other_kind(api: Any, group: Conversation, bob: User) -> None:
    path = f"/conversations/{group.pk}/messages/"
    for fields in {}, {"kind": "message"}, {"kind": "message", "activity": False}:
        assert api(bob).post(path, {"body": "hello", **fields}, 201)["kind"] == "message"


def test_nothing_is_unread(
    api: Any, group: Conversation, alice: User, bob: User, service_key: str
) -> None:
    """Rule 7: neither counted nor the first of what is unread."""
    line(api, service_key, group)
    message = say(alice, group)
    line(api, service_key, group, activity=True)
    shown = api(bob).get(f"/conversations/{group.pk}/")
    assert (shown["unread_count"], shown["first_unread_message"]) == (1, message.pk)
    assert api(bob).get("/me/")["unread_count"] == 1


def test_nobody_marks_it(api: Any, group: Conversation, bob: User, service_key: str) -> None:
    """Rule 4: there are no recipients."""
    pk = line(api, service_key, group)["id"]
    for mark in ("delivered", "read"):
        refused = api(bob).post(f"/messages/{pk}/{mark}/", status=403)
        assert refused["code"] == "not_recipient"
    failure = {"user": "bob", "reason": "no device"}
    assert api(service_key).post(f"/messages/{pk}/failed/", failure, 403)["code"] == "not_recipient"
    items = {"receipts": [{"message": pk, "state": "read"}]}
    (result,) = api(bob).post("/receipts/", items)["results"]
    assert result["result"] == "not_recipient"
    assert not api(bob).get("/events/")["results"]


def test_its_status_and_recipients_are_empty(
    api: Any, group: Conversation, service_key: str
) -> None:
    pk = line(api, service_key, group)["id"]
    status = api(service_key).get(f"/messages/{pk}/status/")
    assert (status["tracked"], status["overall_status"]) == (False, "sent")
    assert api(service_key).get(f"/messages/{pk}/recipients/")["results"] == []
    (summary,) = api(service_key).get(f"/receipts/?messages={pk}")["results"]
    assert summary["tracked"] is False


def test_a_mark_up_to_it_covers_what_stands_before(
    api: Any, group: Conversation, alice: User, bob: User, service_key: str
) -> None:
    """Rule 7: the watermark ends at the last message, and a later message stays unread."""
    message = say(alice, group)
    pk = line(api, service_key, group)["id"]
    say(alice, group)
    marked = api(bob).post(f"/conversations/{group.pk}/mark-read/", {"up_to_message": pk})
    assert (marked["up_to_message"], marked["marked"], marked["unread_count"]) == (pk, 1, 1)
    assert api(bob).get(f"/conversations/{group.pk}/participants/bob/")["last_read_message"] == (
        message.pk
    )


@pytest.mark.parametrize("count", [1, 1_000])
def test_the_watermark_is_found_behind_many(
    api: Any, group: Conversation, alice: User, bob: User, service_key: str, count: int
) -> None:
    """A group of which people come and go may end with nothing else."""
    message = say(alice, group)
    backend = User.objects.get(username="backend")
    Message.objects.bulk_create(
        Message(
            conversation=group, sender=backend, body="…", tracking="system", is_activity=False,
            created_at=message.created_at + timedelta(milliseconds=1 + place),
        )
        for place in range(count)
    )  # fmt: skip
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    own = api(bob).get(f"/conversations/{group.pk}/participants/bob/")
    assert (own["last_read_message"], own["last_delivered_message"]) == (message.pk, message.pk)
    assert api(bob).get(f"/conversations/{group.pk}/")["last_message"]["id"] == message.pk


def test_it_marks_nothing_for_the_person_it_names(
    api: Any, group: Conversation, alice: User, bob: User, dave: User, service_key: str
) -> None:
    """Rule 9 is about people who write; whoever is named need not take part."""
    say(alice, group)
    assert line(api, service_key, group, sender="bob")["sender"] == "bob"
    assert line(api, service_key, group, sender="dave")["sender"] == "dave"
    assert api(bob).get("/me/")["unread_count"] == 1
    own = ConversationParticipant.objects.get(conversation=group, user=bob)
    assert own.last_read_message_id is None
    assert own.last_delivered_message_id is None


def test_only_a_service_account_sends_one(
    api: Any, group: Conversation, alice: User, moderator: User
) -> None:
    path = f"/conversations/{group.pk}/messages/"
    for who in (alice, moderator):
        assert api(who).post(path, LINE, 403)["code"] == "permission_denied"
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "system", "request_receipts": True}, "request_receipts"),
        ({"kind": "system", "mark_read": True}, "mark_read"),
        ({"kind": "system", "sender": "nobody"}, "sender"),
        ({"kind": "message", "sender": "alice", "activity": True}, "activity"),
        ({"sender": "alice", "activity": True}, "activity"),
        ({"kind": "event", "sender": "alice"}, "kind"),
    ],
)
def test_what_its_kind_does_not_have_is_refused(
    api: Any, group: Conversation, service_key: str, fields: dict[str, Any], field: str
) -> None:
    path = f"/conversations/{group.pk}/messages/"
    assert set(api(service_key).post(path, {"body": "hello", **fields}, 400)) == {field}
    assert not Message.objects.exists()


def test_the_same_client_id_is_the_same_line(
    api: Any, group: Conversation, service_key: str
) -> None:
    first = line(api, service_key, group, client_id="l-1")
    assert line(api, service_key, group, 200, client_id="l-1") == first
    for other in ({"body": "Another"}, {"activity": True}):
        refused = line(api, service_key, group, 409, client_id="l-1", **other)
        assert refused["code"] == "conflict"
    assert Message.objects.count() == 1


@pytest.mark.parametrize("name", ["client_id", "external_id"])
def test_a_line_and_a_message_are_never_the_same(
    api: Any, group: Conversation, alice: User, service_key: str, name: str
) -> None:
    """Whichever was there first, and though all else is the same."""
    path = f"/conversations/{group.pk}/messages/"
    message = {"sender": "alice", "body": "hello", name: "one"}
    as_line = {"kind": "system", "activity": True}
    api(service_key).post(path, message, 201)
    refused = api(service_key).post(path, {**message, **as_line}, 409)
    assert refused["detail"].endswith(" in: kind.")
    message[name] = "two"
    sent = api(service_key).post(path, {**message, **as_line}, 201)
    assert api(service_key).post(path, {**message, **as_line}) == sent
    assert api(service_key).post(path, message, 409)["detail"].endswith(" in: kind.")


def test_a_live_line_is_later_than_all_others(
    api: Any, group: Conversation, alice: User, service_key: str
) -> None:
    """Rule 7: also than a message of a server whose clock is ahead."""
    ahead = timezone.now() + timedelta(minutes=5)
    Message.objects.filter(pk=say(alice, group).pk).update(created_at=ahead)
    sent = line(api, service_key, group)
    (newest, _) = api(alice).get(f"/conversations/{group.pk}/messages/")["results"]
    assert newest["id"] == sent["id"]


def test_it_stands_where_its_time_says(
    api: Any, group: Conversation, alice: User, bob: User, service_key: str
) -> None:
    """Rule 7: one that comes late opens nothing, and a live one is the newest."""
    message = say(alice, group)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    early = (timezone.now() - timedelta(hours=1)).isoformat()
    late = line(api, service_key, group, sent_at=early)["id"]
    live = line(api, service_key, group)["id"]
    listed = api(bob).get(f"/conversations/{group.pk}/messages/")["results"]
    assert [each["id"] for each in listed] == [live, message.pk, late]
    own = api(bob).get(f"/conversations/{group.pk}/participants/bob/")
    assert own["last_read_message"] == message.pk


@pytest.mark.django_db(transaction=True)
def test_it_is_published_as_messages_are(
    api: Any, group: Conversation, alice: User, dave: User, service_key: str
) -> None:
    cursors = {who: api(who).get("/events/")["cursor"] for who in (alice, dave)}
    sent = line(api, service_key, group)
    (event,) = api(alice).get(f"/events/?after={cursors[alice]}")["results"]
    assert (event["kind"], event["message"]["id"]) == ("message.created", sent["id"])
    assert event["message"]["kind"] == "system"
    assert not api(dave).get(f"/events/?after={cursors[dave]}")["results"]


def test_its_text_is_the_applications(
    api: Any, group: Conversation, alice: User, moderator: User, service_key: str
) -> None:
    """Whom it names may neither edit nor delete it; a moderator may delete it."""
    path = f"/messages/{line(api, service_key, group, sender='alice')['id']}/"
    for who in (alice, moderator):
        api(who).patch(path, {"body": "Bob did."}, 403)
    api(alice).delete(path, 403)
    assert api(service_key).patch(path, {"body": "Better."})["edited_at"]
    api(service_key).delete(path)
    assert api(service_key).post(f"{path}restore/")["body"] == "Better."
    api(moderator).delete(path)


def test_insights_leave_it_out(
    api: Any, group: Conversation, alice: User, moderator: User, service_key: str
) -> None:
    say(alice, group)
    before = api(moderator).get("/insights/")["total"]
    line(api, service_key, group)
    line(api, service_key, group, sender="alice", activity=True)
    assert api(moderator).get("/insights/")["total"] == before


def test_it_takes_few_statements(
    api: Any, group: Conversation, service_key: str, statements: Any
) -> None:
    call, path = api(service_key), f"/conversations/{group.pk}/messages/"
    call.post(path, LINE, 201)
    with statements() as counted:
        call.post(path, {**LINE, "client_id": "l-1"}, 201)
    assert len(counted) <= 8, counted.sql
