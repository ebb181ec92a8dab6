"""Receipts of large groups by position: no rows, one write for each reader (rule 16)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, Message, Tracking, User
from receipts import services
from receipts.models import MemberPosition, MessageStatus, PrivateStretch, ReceiptEvent
from tests.support.cast import ON_POSTGRES, STAMP, say

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def large(settings: Any) -> None:
    """A group of three is large: two recipients are more than rows are written for."""
    settings.RECEIPTS_MAX_RECIPIENTS = 1


def status(caller: Any, message: Message) -> tuple[Any, ...]:
    answer = caller.get(f"/messages/{message.pk}/status/")
    return tuple(answer[name] for name in ("total_recipients", "delivered_count", "read_count"))


def states(caller: Any, message: Message, query: str = "") -> dict[str, str]:
    found = caller.get(f"/messages/{message.pk}/recipients/{query}")["results"]
    return {each["user"]: each["state"] for each in found}


def test_the_answer_says_how_receipts_are_kept(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """No row and no unread message; the counts are at ``/status/``, not in messages."""
    path = f"/conversations/{group.pk}/messages/"
    sent = api(alice).post(path, {"body": "all"}, status=201)
    assert (sent["tracked"], sent["untracked_reason"]) == (True, None)
    assert (sent["receipts_by"], sent["receipts"]) == ("position", None)
    summary = api(alice).get(f"/messages/{sent['id']}/status/")
    assert (summary["tracked"], summary["receipts_by"]) == (True, "position")
    assert (summary["summary_text"], summary["total_recipients"]) == ("Sent", 2)
    assert not MessageStatus.objects.exists()
    assert api(bob).get("/me/")["unread_count"] == 0


def test_counts_text_and_overall_status_follow_from_positions(
    api: Any, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Rules 19 and 20, by the same table as for rows."""
    message, told = say(alice, group), []
    for reader, state in ((bob, "delivered"), (bob, "read"), (carol, "delivered"), (carol, "read")):
        api(reader).post(f"/messages/{message.pk}/{state}/")
        summary = api(alice).get(f"/messages/{message.pk}/status/")
        told.append((summary["overall_status"], summary["summary_text"], summary["read"]))
    assert told == [
        ("partial", "Delivered to 1 of 2", "none"),
        ("partial", "Read by 1 of 2", "some"),
        ("delivered", "Read by 1 of 2", "some"),
        ("read", "Read by all", "all"),
    ]


def test_a_mark_of_one_message_marks_everything_up_to_it(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """A position cannot know of single messages; the answer is the caller's own row."""
    first, second, third = (say(alice, group) for _ in range(3))
    answer = api(bob).post(f"/messages/{second.pk}/read/")
    assert (answer["message"], answer["user"], answer["state"]) == (second.pk, "bob", "read")
    assert answer["seen_at"] == answer["read_at"] == answer["delivered_at"] is not None
    assert [status(api(alice), each) for each in (first, second, third)] == [
        (2, 1, 1), (2, 1, 1), (2, 0, 0),
    ]  # fmt: skip


def test_a_bulk_mark_writes_one_row_however_many_messages(
    api: Any, group: Conversation, alice: User, bob: User, statements: Any
) -> None:
    """One write for each reader."""
    messages = [say(alice, group) for _ in range(30)]
    before = {each.pk: each for each in MemberPosition.objects.all()}
    call = api(bob)
    with statements() as counted:
        answer = call.post(f"/conversations/{group.pk}/mark-read/")
    changed = [
        each
        for each in MemberPosition.objects.all()
        if vars(each) | {"_state": 0} != vars(before[each.pk]) | {"_state": 0}
    ]
    assert [(each.recipient_id, each.read_up_to) for each in changed] == [(bob.pk, messages[-1].pk)]
    assert (answer["marked"], MessageStatus.objects.count()) == (0, 0)
    # The end of the mark, the move, the stamp of no row, the unread count.
    writes = [sql for sql in counted.sql if sql.lstrip().startswith(("INSERT", "UPDATE"))]
    assert sum("receipts_memberposition" in sql for sql in writes) == 1
    assert len(counted) == 3 + STAMP


@pytest.mark.one_server  # it counts statements
def test_sending_writes_no_row_for_a_recipient(
    api: Any, group: Conversation, alice: User, statements: Any
) -> None:
    """The first message writes the positions; later ones cost what they cost among nobody."""
    say(alice, group)
    alone = services.create_conversation(owner=alice, participants=[], kind="group")
    positions = list(MemberPosition.objects.exclude(recipient=alice).values())
    call, path = api(alice), f"/conversations/{group.pk}/messages/"
    with statements() as counted:
        call.post(path, {"body": "again"}, status=201)
    assert list(MemberPosition.objects.exclude(recipient=alice).values()) == positions
    with statements() as among_nobody:
        call.post(f"/conversations/{alone.pk}/messages/", {"body": "again"}, status=201)
    # More by one: the sender's own position. On SQLite the other one writes rows, and watermarks.
    assert len(counted) == len(among_nobody) + (1 if ON_POSTGRES else -1)
    assert not any("COUNT(" in sql and "participant" in sql for sql in counted.sql)
    assert sum("receipts_memberposition" in sql for sql in counted.sql) == 1


def test_reads_of_messages_ask_for_a_fixed_number_of_statements(
    api: Any, group: Conversation, alice: User, bob: User, statements: Any
) -> None:
    """``/status/``, the list of recipients, and many summaries in one more than without them."""
    messages = [say(alice, group) for _ in range(10)]
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    call, pk = api(alice), messages[4].pk
    call.get(f"/messages/{pk}/status/")
    found = []
    ids = ",".join(str(each.pk) for each in messages)
    for path in (
        f"/messages/{pk}/status/",
        f"/messages/{pk}/recipients/",
        f"/receipts/?messages={ids}",
    ):
        with statements() as counted:
            answer = call.get(path)
        found.append(len([sql for sql in counted.sql if "receipts_memberposition" in sql]))
    assert found == [1, 1, 1]
    assert [each["read_count"] for each in answer["results"]] == [1] * 10


def test_nobody_is_told_of_each_reader(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """The sender asks for ``/status/``: a million events for one message help nobody."""
    message = say(alice, group)
    before = ReceiptEvent.objects.count()
    api(bob).post(f"/messages/{message.pk}/read/")
    assert ReceiptEvent.objects.count() == before


@pytest.mark.parametrize("who", ["alice", "dave"])
def test_the_sender_and_a_late_joiner_are_refused(
    api: Any, group: Conversation, alice: User, who: str
) -> None:
    """Rule 4."""
    message, dave = say(alice, group), User.objects.create(username="dave")
    api(alice).post(f"/conversations/{group.pk}/participants/", {"user": "dave"}, status=201)
    caller = api({"alice": alice, "dave": dave}[who])
    refused = caller.post(f"/messages/{message.pk}/read/", status=403)
    assert refused["code"] == "not_recipient"
    caller.post(f"/conversations/{group.pk}/mark-read/")
    assert status(api(alice), message) == (2, 0, 0)


def test_who_left_counts_if_they_had_read(
    api: Any, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Rule 2: an open read keeps counting; otherwise a recipient who is gone is withdrawn."""
    message = say(alice, group)
    api(bob).post(f"/messages/{message.pk}/read/")
    for username in ("bob", "carol"):
        api(alice).delete(f"/conversations/{group.pk}/participants/{username}/")
    assert status(api(alice), message) == (1, 1, 1)
    assert states(api(alice), message) == {"bob": "read", "carol": "withdrawn"}
    api(bob).post(f"/messages/{message.pk}/read/", status=404)


def test_who_rejoins_receives_later_messages_only(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 2: a rejoin is a new stay."""
    missed = say(alice, group)
    api(alice).delete(f"/conversations/{group.pk}/participants/bob/")
    away = say(alice, group)
    api(alice).post(f"/conversations/{group.pk}/participants/", {"user": "bob"}, status=201)
    back = say(alice, group)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    assert away.tracking == Tracking.TRACKED  # to one recipient: with a row
    assert [status(api(alice), each) for each in (missed, back)] == [(1, 0, 0), (2, 1, 1)]


def test_a_private_read_is_a_delivery_for_others(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 13: it stays one after a later open read, until an open mark asks for it."""
    first, path = say(alice, group), f"/conversations/{group.pk}/mark-read/"
    own = api(bob).post(f"/messages/{first.pk}/read/", {"private": True})
    assert (own["state"], own["seen_at"] is not None) == ("delivered", True)
    second = say(alice, group)
    api(bob).post(path)
    assert [status(api(alice), each) for each in (first, second)] == [(2, 1, 0), (2, 1, 1)]
    assert states(api(alice), first, "?state=delivered") == {"bob": "delivered"}
    api(bob).post(path, {"private": False})
    assert status(api(alice), first) == (2, 1, 1)


def test_who_always_reads_privately_has_no_stretches(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """One write a reader, for them too."""
    api(bob).patch("/me/", {"read_receipts_enabled": False})
    for _ in range(3):
        message = say(alice, group)
        api(bob).post(f"/messages/{message.pk}/read/")
    assert status(api(alice), message) == (2, 1, 0)
    assert not PrivateStretch.objects.exists()


def test_a_private_read_that_may_be_older_hides_an_open_one(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rules 6 and 13: a position knows its last time only; in doubt the private read counts."""
    message = say(alice, group)
    opened = api(bob).post(f"/messages/{message.pk}/read/")["read_at"]
    later = timezone.now().isoformat()
    path = f"/messages/{message.pk}/read/"
    assert api(bob).post(path, {"private": True, "at": later})["state"] == "read"
    assert api(bob).post(path, {"private": True, "at": opened})["state"] == "delivered"
    assert status(api(alice), message) == (2, 1, 0)


def test_retracting_makes_positions_private(
    api: Any, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Rule 13: of those who left, too, who are withdrawn then (rule 2)."""
    message = say(alice, group)
    for reader in (bob, carol):
        api(reader).post(f"/messages/{message.pk}/read/")
    api(carol).delete(f"/conversations/{group.pk}/participants/carol/")
    for reader in (bob, carol):
        api(reader).post("/me/retract-receipts/")
    assert status(api(alice), message) == (1, 1, 0)
    assert states(api(alice), message) == {"bob": "delivered", "carol": "withdrawn"}


def test_a_private_delivery_is_seen_by_nobody_until_an_open_read(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 13: and where that is retracted, it is hidden again."""
    message = say(alice, group)
    api(bob).patch("/me/", {"delivery_receipts_enabled": False})
    own = api(bob).post(f"/messages/{message.pk}/delivered/")
    assert (own["state"], own["received_at"] is not None) == ("pending", True)
    assert status(api(alice), message) == (2, 0, 0)
    api(bob).post(f"/messages/{message.pk}/read/")
    assert status(api(alice), message) == (2, 1, 1)
    api(bob).post("/me/retract-receipts/")
    assert status(api(alice), message) == (2, 0, 0)


def test_mandatory_receipts_overrule_the_switches(
    api: Any, group: Conversation, alice: User, bob: User, settings: Any
) -> None:
    """Rule 14."""
    settings.RECEIPTS_MANDATORY = True
    api(bob).patch("/me/", {"read_receipts_enabled": False})
    message = say(alice, group)
    api(bob).post(f"/messages/{message.pk}/read/")
    assert status(api(alice), message) == (2, 1, 1)


def test_who_hides_reads_sees_none(
    api: Any, group: Conversation, alice: User, bob: User, settings: Any
) -> None:
    """Rule 14: in counts, in the list and by its filter."""
    settings.RECEIPTS_RECIPROCAL = True
    message = say(alice, group)
    api(bob).post(f"/messages/{message.pk}/read/")
    api(alice).patch("/me/", {"read_receipts_enabled": False})
    assert status(api(alice), message) == (2, 1, 0)
    assert states(api(alice), message, "?state=delivered") == {"bob": "delivered"}
    assert states(api(alice), message, "?state=read") == {}


def test_a_time_that_a_position_does_not_know_is_null(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """It knows when it last moved, and from where: that is the time of what lies between."""
    first = say(alice, group)
    api(bob).post(f"/messages/{first.pk}/read/")
    second, third = say(alice, group), say(alice, group)
    read_at = api(bob).post(f"/messages/{third.pk}/read/")["read_at"]
    told = {}
    for message in (first, second, third):
        rows = api(alice).get(f"/messages/{message.pk}/recipients/?state=read")["results"]
        [told[message]] = [(each["state"], each["read_at"], each["delivered_at"]) for each in rows]
    assert told == {
        first: ("read", None, None),
        second: ("read", read_at, read_at),
        third: ("read", read_at, read_at),
    }


def test_a_given_time_counts_if_it_is_not_before_the_message(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 6."""
    message = say(alice, group)
    early = (message.created_at - timedelta(hours=1)).isoformat()
    answer = api(bob).post(f"/messages/{message.pk}/read/", {"at": early})
    assert answer["read_at"] == message.created_at.isoformat().replace("+00:00", "Z")


def test_an_edit_is_compared_with_times_that_are_known(
    api: Any, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Rule 23: null where it is not known whether a read was before or after."""
    message = say(alice, group)
    api(bob).post(f"/messages/{message.pk}/read/")
    api(alice).patch(f"/messages/{message.pk}/", {"body": "better"})
    api(carol).post(f"/messages/{message.pk}/read/")
    path = f"/messages/{message.pk}/recipients/"
    told = [each["read_before_edit"] for each in api(alice).get(path)["results"]]
    assert told == [True, False]
    say(alice, group)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    told = [each["read_before_edit"] for each in api(alice).get(path)["results"]]
    assert told == [None, False]
    summary = api(alice).get(f"/messages/{message.pk}/status/")
    assert (summary["read_count"], summary["read_since_edit_count"]) == (2, None)


@pytest.mark.parametrize("how", ["policy", "request"])
def test_without_receipts_a_large_message_is_untracked(
    api: Any, group: Conversation, alice: User, bob: User, how: str
) -> None:
    """Rule 15: without rows, too, so the reason is rule 16's."""
    if how == "policy":
        api(alice).patch(f"/conversations/{group.pk}/", {"receipt_policy": "off"})
    fields = {"request_receipts": False} if how == "request" else {}
    path = f"/conversations/{group.pk}/messages/"
    sent = api(alice).post(path, {"body": "psst", **fields}, status=201)
    assert (sent["tracked"], sent["untracked_reason"]) == (False, "too_many_recipients")
    assert (sent["receipts_by"], sent["receipts"]["total_recipients"]) == (None, 0)
    assert not MessageStatus.objects.exists()
    api(bob).post(f"/messages/{sent['id']}/read/", status=403)


def test_a_message_that_comes_late_keeps_no_receipts(
    api: Any, service_key: str, group: Conversation, alice: User, bob: User
) -> None:
    """Positions may be further already, and would say that it was read."""
    newest = say(alice, group)
    api(bob).post(f"/messages/{newest.pk}/read/")
    path = f"/conversations/{group.pk}/messages/"
    late = {"body": "hm", "sender": "alice", "sent_at": "2020-01-01T00:00:00Z"}
    sent = api(service_key).post(path, late, status=201)
    assert (sent["tracked"], sent["untracked_reason"]) == (False, "too_many_recipients")


def test_a_deleted_message_answers_as_elsewhere(
    api: Any, group: Conversation, alice: User, bob: User, moderator: User
) -> None:
    """Rule 21: a mark on it changes nothing; one that passes it counts when it is restored."""
    message = say(alice, group)
    api(alice).delete(f"/messages/{message.pk}/")
    api(alice).get(f"/messages/{message.pk}/status/", status=403)
    assert api(bob).post(f"/messages/{message.pk}/read/")["state"] == "pending"
    say(alice, group)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    api(moderator).post(f"/messages/{message.pk}/restore/")
    assert status(api(alice), message) == (2, 1, 1)


def test_a_failure_is_not_kept(
    api: Any, service_key: str, group: Conversation, alice: User
) -> None:
    """Rule 11 is about rows."""
    message = say(alice, group)
    answer = api(service_key).post(f"/messages/{message.pk}/failed/", {"user": "bob"})
    assert (answer["state"], answer["failed_at"]) == ("pending", None)


def test_a_batch_marks_positions(
    api: Any, service_key: str, group: Conversation, alice: User, statements: Any
) -> None:
    """Of many users at once, in a constant number of statements, each with its result."""
    first, second = say(alice, group), say(alice, group)
    items = [
        {"message": second.pk, "user": "bob", "state": "read"},
        {"message": first.pk, "user": "bob", "state": "read"},
        {"message": first.pk, "user": "carol", "state": "delivered"},
        {"message": first.pk, "user": "carol", "state": "failed"},
        {"message": first.pk, "user": "alice", "state": "read"},
    ]
    call = api(service_key)
    with statements() as counted:
        answer = call.post("/receipts/", {"receipts": items})
    results = [each["result"] for each in answer["results"]]
    assert results == ["applied", "applied", "applied", "unchanged", "not_recipient"]
    assert sum("receipts_memberposition" in sql for sql in counted.sql) == 3
    assert [status(api(alice), each) for each in (first, second)] == [(2, 2, 1), (2, 1, 1)]


def test_marks_over_all_conversations_move_positions(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 8."""
    message = say(alice, group)
    api(bob).post("/me/mark-read/")
    assert status(api(alice), message) == (2, 1, 1)


def test_sending_marks_what_came_before(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 9."""
    message = say(alice, group)
    say(bob, group, mark_read=False)
    assert status(api(alice), message) == (2, 1, 0)
    say(bob, group)
    assert status(api(alice), message) == (2, 1, 1)


def test_when_a_group_shrinks_messages_have_rows_again(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """A bulk mark then marks rows and moves the position."""
    large = say(alice, group)
    api(alice).delete(f"/conversations/{group.pk}/participants/carol/")
    small = say(alice, group)
    assert (small.tracking, MessageStatus.objects.count()) == (Tracking.TRACKED, 1)
    assert api(bob).post(f"/conversations/{group.pk}/mark-read/")["marked"] == 1
    assert [status(api(alice), each) for each in (large, small)] == [(1, 1, 1), (1, 1, 1)]


def test_an_account_that_is_active_again_has_what_it_had(
    api: Any, service_key: str, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 2: what was sent meanwhile is not theirs."""
    before = say(alice, group)
    api(bob).post(f"/messages/{before.pk}/delivered/")
    api(service_key).patch("/users/bob/", {"is_active": False})
    assert status(api(alice), before) == (1, 0, 0)
    api(alice).post(f"/conversations/{group.pk}/participants/", {"user": "mallory"}, status=400)
    User.objects.create(username="erin")
    api(alice).post(f"/conversations/{group.pk}/participants/", {"user": "erin"}, status=201)
    meanwhile = say(alice, group)
    api(service_key).patch("/users/bob/", {"is_active": True})
    after = say(alice, group)
    assert status(api(alice), before) == (2, 1, 0)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    assert [status(api(alice), each) for each in (before, meanwhile, after)] == [
        (2, 1, 1), (2, 0, 0), (3, 1, 1),
    ]  # fmt: skip


def test_a_list_of_messages_counts_no_positions(
    api: Any, group: Conversation, alice: User, statements: Any
) -> None:
    """A page would count a million positions for each of its messages."""
    say(alice, group)
    call = api(alice)
    with statements() as counted:
        [listed] = call.get(f"/conversations/{group.pk}/messages/")["results"]
        [shown] = call.get("/conversations/")["results"]
    assert not any("memberposition" in sql for sql in counted.sql)
    assert (listed["receipts_by"], listed["receipts"]) == ("position", None)
    assert shown["last_message"]["receipts_by"] == "position"


def test_recipients_come_in_pages(api: Any, group: Conversation, alice: User, bob: User) -> None:
    """With ``unread``, a name and a membership as for rows."""
    message = say(alice, group)
    api(bob).post(f"/messages/{message.pk}/read/")
    path = f"/messages/{message.pk}/recipients/"
    page = api(alice).get(f"{path}?limit=1")
    assert [each["user"] for each in page["results"]] == ["bob"]
    following = api(alice)("GET", page["next"])
    assert [each["user"] for each in following["results"]] == ["carol"]
    assert states(api(alice), message, "?state=unread") == {"carol": "pending"}
    assert states(api(alice), message, "?search=car&membership=active") == {"carol": "pending"}
