"""``backfill_receipts``: messages that were loaded by hand get the rows that are known of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.db import connection

from chat.models import Conversation, ConversationParticipant, Message, Tracking, User
from receipts import services
from receipts.models import MessageStatus
from receipts.upkeep.checking import Check
from tests.support.cast import counts
from tests.support.commands import Killed, Statements, run, run_fails, run_refused, statements_of
from tests.support.loading import START, at, load, row

pytestmark = pytest.mark.django_db


def part(user: User, conversation: Conversation, **fields: Any) -> None:
    """Change a participation as another tool writes it; watermarks are given by message."""
    mine = ConversationParticipant.objects.filter(user=user, conversation=conversation)
    assert mine.update(**fields) == 1


def read_up_to(user: User, message: Message, minute: int) -> None:
    part(user, message.conversation, last_read_message=message, last_read_at=at(minute))
    delivered_up_to(user, message, minute)


def delivered_up_to(user: User, message: Message, minute: int) -> None:
    part(user, message.conversation, last_delivered_message=message, last_delivered_at=at(minute))


def backfill(*arguments: str) -> list[str]:
    return run("backfill_receipts", *arguments)


def times(message: Message, recipient: User) -> tuple[datetime | None, ...]:
    """Delivered, seen, read, withdrawn."""
    found = row(message, recipient)
    return found.delivered_at, found.seen_at, found.read_at, found.withdrawn_at


def recipients(message: Message) -> set[str]:
    rows = MessageStatus.objects.filter(message=message)
    return set(rows.values_list("recipient__username", flat=True))


def everything() -> list[Any]:
    """All that a backfill writes."""
    columns = (
        "message",
        "recipient",
        "conversation",
        "sent_at",
        "delivered_at",
        "seen_at",
        "read_at",
    )
    return [
        *MessageStatus.objects.order_by("message", "recipient").values_list(*columns),
        *Message.objects.order_by("pk").values_list(
            "pk", "tracking", "recipient_count", "delivered_count", "read_count", "overall_status"
        ),
    ]


def assert_no_drift() -> None:
    """Rule 19; messages whose counts are right and who still wait for rows are none."""
    check = Check(say=print)
    check.run()
    assert check.left == 0


@pytest.fixture
def loaded(group: Conversation, alice: User, bob: User, carol: User) -> list[Message]:
    """Four messages by alice; bob has read two of them, and three reached carol."""
    ConversationParticipant.objects.update(joined_at=START)
    messages = [load(alice, group, minute) for minute in (10, 20, 30, 40)]
    read_up_to(bob, messages[1], 25)
    delivered_up_to(carol, messages[2], 35)
    return messages


# --- Who gets a row ------------------------------------------------------------------------------


def test_everybody_who_took_part_gets_a_row_but_the_sender(loaded: list[Message]) -> None:
    """Rule 1."""
    backfill()
    assert [recipients(message) for message in loaded] == [{"bob", "carol"}] * 4
    found = MessageStatus.objects.first()
    assert found is not None
    assert (found.sent_at, found.conversation_id) == (at(10), loaded[0].conversation_id)


def test_who_joined_later_gets_none(loaded: list[Message], bob: User) -> None:
    """Rule 1: the set never grows."""
    part(bob, loaded[0].conversation, joined_at=at(20))
    backfill()
    assert [recipients(message) for message in loaded] == [{"carol"}] + [{"bob", "carol"}] * 3


def test_who_had_left_gets_none(loaded: list[Message], bob: User) -> None:
    """Rule 2: nothing is sent to somebody who is gone."""
    part(bob, loaded[0].conversation, is_active=False, left_at=at(30))
    backfill()
    assert [recipients(message) for message in loaded] == [{"bob", "carol"}] * 2 + [{"carol"}] * 2


def test_a_message_that_has_any_row_is_left_alone(loaded: list[Message], bob: User) -> None:
    """Rule 1: whoever sent it said who its recipients are."""
    MessageStatus.objects.create(
        message=loaded[0], recipient=bob, conversation=loaded[0].conversation, sent_at=at(10)
    )
    assert backfill()[0].startswith("3 messages had no rows; 6 rows written")
    assert recipients(loaded[0]) == {"bob"}


@pytest.mark.parametrize(
    "fields", [{"tracking": each} for each in Tracking if each != Tracking.TRACKED]
)
def test_an_untracked_message_gets_none(loaded: list[Message], fields: dict[str, Any]) -> None:
    """Tracked messages only."""
    Message.objects.filter(pk=loaded[0].pk).update(**fields)
    backfill()
    assert recipients(loaded[0]) == set()


def test_an_archived_message_keeps_its_counts_and_gets_none(loaded: list[Message]) -> None:
    fields = {"recipient_count": 2, "delivered_count": 2, "read_count": 2}
    Message.objects.filter(pk=loaded[0].pk).update(archived_at=at(60), **fields)
    backfill()
    assert (recipients(loaded[0]), counts(loaded[0])) == (set(), (2, 2, 2, 0))


def test_a_message_that_nobody_received_is_none_that_waits(
    loaded: list[Message], bob: User, carol: User
) -> None:
    """Rule 3."""
    for user in (bob, carol):
        part(user, loaded[0].conversation, joined_at=at(50))
    assert backfill() == ["0 messages had no rows; 0 rows written"]


def test_a_message_with_too_many_recipients_is_untracked_and_told(
    loaded: list[Message], settings: Any, carol: User
) -> None:
    """Rule 16; before carol came there were not too many."""
    settings.RECEIPTS_MAX_RECIPIENTS = 1
    part(carol, loaded[0].conversation, joined_at=at(20))
    Message.objects.update(recipient_count=2)
    expected = [
        "1 messages had no rows; 1 rows written: 1 read",
        "3 messages with more than 1 recipients made untracked",
    ]
    assert backfill("--dry-run") == [line.replace("rows w", "rows would be w").replace(
        "recipients made", "recipients would be made") for line in expected]  # fmt: skip
    assert backfill() == expected
    assert (recipients(loaded[0]), recipients(loaded[1])) == ({"bob"}, set())
    assert [counts(message) for message in loaded] == [(1, 1, 1, 0), *[(0, 0, 0, 0)] * 3]
    assert [message.tracking for message in loaded] == ["tracked", *["too_many_recipients"] * 3]


def test_a_deleted_message_gets_its_rows(api: Any, loaded: list[Message], carol: User) -> None:
    """Rule 21: for moderators, and for the day it is restored; nobody has it unread."""
    Message.objects.filter(pk=loaded[3].pk).update(deleted_at=at(60))
    backfill()
    assert recipients(loaded[3]) == {"bob", "carol"}
    assert api(carol).get("/me/")["unread_count"] == 3


# --- What the rows say -----------------------------------------------------------------------


def test_what_is_known_is_told_by_the_watermarks(
    loaded: list[Message], bob: User, carol: User
) -> None:
    """At the latest time it can have been: when the watermark came to stand where it stands."""
    backfill()
    assert [times(message, bob) for message in loaded] == [
        *[(at(25), at(25), at(25), None)] * 2,
        *[(None, None, None, None)] * 2,
    ]
    assert [times(message, carol) for message in loaded] == [
        *[(at(35), None, None, None)] * 3,
        (None, None, None, None),
    ]


def test_the_counts_become_what_the_rows_say_whatever_stood_there(loaded: list[Message]) -> None:
    """Rule 19."""
    Message.objects.update(recipient_count=9, delivered_count=8, read_count=7, failed_count=6)
    backfill()
    assert [counts(message) for message in loaded] == [
        (2, 2, 1, 0), (2, 2, 1, 0), (2, 1, 0, 0), (2, 0, 0, 0),
    ]  # fmt: skip
    statuses = [message.overall_status for message in loaded]
    assert statuses == ["delivered", "delivered", "partial", "sent"]
    assert_no_drift()


@pytest.mark.parametrize(("minute", "since"), [(24, 1), (25, 1), (26, 0)])
def test_a_watermark_tells_whether_a_read_was_before_the_edit(
    loaded: list[Message], minute: int, since: int
) -> None:
    """bob had read it by minute 25."""
    Message.objects.filter(pk=loaded[0].pk).update(edited_at=at(minute))
    backfill()
    loaded[0].refresh_from_db()
    assert (loaded[0].read_count, loaded[0].read_since_edit_count) == (1, since)
    assert_no_drift()


@pytest.mark.parametrize("minute", [5, None])
def test_no_time_is_before_the_message(
    loaded: list[Message], bob: User, minute: int | None
) -> None:
    """Rule 5; a watermark may also come without its time."""
    when = None if minute is None else at(minute)
    part(bob, loaded[0].conversation, last_read_at=when, last_delivered_at=when)
    backfill()
    assert times(loaded[0], bob) == (at(10), at(10), at(10), None)


def test_a_read_implies_the_delivery(loaded: list[Message], bob: User) -> None:
    """Rule 5: also where the delivered watermark stands lower, or came to stand there later."""
    delivered_up_to(bob, loaded[0], 50)
    backfill()
    assert [times(message, bob)[0] for message in loaded[:2]] == [at(25), at(25)]


def test_a_delivery_keeps_its_time_before_the_read(loaded: list[Message], bob: User) -> None:
    delivered_up_to(bob, loaded[1], 22)
    backfill()
    assert times(loaded[0], bob) == (at(22), at(25), at(25), None)


def test_a_watermark_tells_a_disclosed_read_whatever_the_switch_says_now(
    loaded: list[Message], bob: User
) -> None:
    """Rule 13: it never moved past a private read, and the switch retracts nothing."""
    User.objects.filter(pk=bob.pk).update(read_receipts_enabled=False)
    backfill("--assume", "read")
    assert row(loaded[0], bob).read_at == at(25)


def test_what_is_left_unread_is_unread(api: Any, loaded: list[Message], bob: User) -> None:
    """Rule 7; and can be marked."""
    backfill()
    assert api(bob).get("/me/")["unread_count"] == 2
    path = f"/conversations/{loaded[0].conversation_id}/mark-read/"
    assert api(bob).post(path)["marked"] == 2
    assert_no_drift()


# --- What may be assumed ---------------------------------------------------------------------


def test_a_delivery_is_assumed_where_nothing_says_more(
    loaded: list[Message], bob: User, carol: User
) -> None:
    """At the message's own time; what watermarks say stays as they say it."""
    backfill("--assume", "delivered")
    assert [times(message, bob)[:2] for message in loaded] == [
        (at(25), at(25)), (at(25), at(25)), (at(30), None), (at(40), None),
    ]  # fmt: skip
    assert [times(message, carol)[0] for message in loaded] == [at(35), at(35), at(35), at(40)]


def test_a_read_is_assumed_where_nothing_says_it(
    loaded: list[Message], bob: User, carol: User
) -> None:
    """At the message's own time, and so delivered then, too (rule 5)."""
    backfill("--assume", "read")
    assert [row(message, bob).read_at for message in loaded] == [at(25), at(25), at(30), at(40)]
    assert times(loaded[2], carol) == (at(30), at(30), at(30), None)
    assert counts(loaded[3]) == (2, 2, 2, 0)


@pytest.mark.parametrize(("mandatory", "read_at"), [(False, None), (True, at(40))])
def test_an_assumed_read_is_private_if_its_readers_switch_is_off(
    loaded: list[Message], carol: User, settings: Any, mandatory: bool, read_at: datetime | None
) -> None:
    """Rules 13 and 14."""
    settings.RECEIPTS_MANDATORY = mandatory
    User.objects.filter(pk=carol.pk).update(read_receipts_enabled=False)
    said = backfill("--assume", "read")
    assert times(loaded[3], carol) == (at(40), at(40), read_at, None)
    assert ("delivered" in said[0]) is not mandatory
    assert_no_drift()


# --- Who is gone -----------------------------------------------------------------------------


def test_who_has_left_since_is_withdrawn_from_what_they_had_not_read(
    loaded: list[Message], bob: User
) -> None:
    """Rule 2: a disclosed read keeps counting."""
    part(bob, loaded[0].conversation, is_active=False, left_at=at(50))
    backfill()
    assert [row(message, bob).withdrawn_at for message in loaded] == [None, None, at(50), at(50)]
    assert [counts(message)[0] for message in loaded] == [2, 2, 1, 1]


def test_whose_account_is_off_is_withdrawn_now(
    loaded: list[Message], bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule 2; and not before the message, where that says a time to come."""
    Message.objects.filter(pk=loaded[3].pk).update(created_at=at(90))
    monkeypatch.setattr("django.utils.timezone.now", lambda: at(80))
    User.objects.filter(pk=bob.pk).update(is_active=False)
    backfill()
    assert [row(message, bob).withdrawn_at for message in loaded] == [None, None, at(80), at(90)]


def test_who_is_gone_and_read_privately_looks_like_one_who_never_read(
    loaded: list[Message], carol: User
) -> None:
    """Rules 2 and 13."""
    User.objects.filter(pk=carol.pk).update(read_receipts_enabled=False)
    part(carol, loaded[0].conversation, is_active=False, left_at=at(50))
    backfill("--assume", "read")
    assert times(loaded[3], carol) == (at(40), at(40), None, at(50))
    assert counts(loaded[3])[0] == 1


# --- Which messages, and how they are told ---------------------------------------------------


def test_what_was_written_is_summed_up_by_state(loaded: list[Message], carol: User) -> None:
    part(carol, loaded[0].conversation, is_active=False, left_at=at(40))
    assert backfill() == ["4 messages had no rows; 7 rows written: 2 pending, 2 read, 3 withdrawn"]


def test_a_dry_run_says_it_and_writes_nothing(loaded: list[Message]) -> None:
    before = everything()
    said = backfill("--dry-run")
    assert everything() == before
    assert said == [line.replace("rows written", "rows would be written") for line in backfill()]
    assert said == [
        "4 messages had no rows; 8 rows would be written: 3 pending, 3 delivered, 2 read"
    ]


def test_a_second_run_changes_nothing(loaded: list[Message]) -> None:
    backfill()
    before = everything()
    assert backfill("--assume", "read") == ["0 messages had no rows; 0 rows written"]
    assert everything() == before


def test_only_one_conversation_is_filled_if_one_is_named(
    loaded: list[Message], direct: Conversation, alice: User
) -> None:
    ConversationParticipant.objects.update(joined_at=START)
    other = load(alice, direct, 10)
    backfill("--conversation", str(direct.pk))
    assert [recipients(each) for each in (loaded[0], other)] == [set(), {"bob"}]


@pytest.mark.parametrize(
    ("before", "filled"),
    [("2026-01-01", 0), ("2026-01-02", 4), ("2026-01-01T00:20:00Z", 1), ("2026-01-01T00:20:01", 2),
     ("2026-01-01T01:20:01+01:00", 2)],
)  # fmt: skip
def test_only_messages_before_a_day_or_time_are_filled_if_one_is_named(
    loaded: list[Message], before: str, filled: int
) -> None:
    backfill("--before", before)
    assert [bool(recipients(each)) for each in loaded] == [True] * filled + [False] * (4 - filled)


@pytest.mark.parametrize("size", ["1", "3", "1000000"])
def test_the_size_of_a_batch_changes_nothing(loaded: list[Message], size: str) -> None:
    backfill()
    expected = everything()
    MessageStatus.objects.all().delete()
    Message.objects.update(recipient_count=0, delivered_count=0, read_count=0)
    backfill("--batch-size", size)
    assert everything() == expected


def test_the_walk_goes_on_past_a_stretch(
    loaded: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receipts.upkeep.stretches.stretches.__defaults__", (1,))
    assert backfill()[0].startswith("4 messages")


# --- Being stopped, and bad input ------------------------------------------------------------


@pytest.mark.parametrize("percent", range(5, 100, 10))
def test_a_run_that_was_killed_is_completed_by_the_next(
    loaded: list[Message], percent: int
) -> None:
    """Wherever it was killed: each batch is whole or not there."""
    command = "backfill_receipts", "--batch-size", "1"
    statements = statements_of(*command)
    expected = everything()
    MessageStatus.objects.all().delete()
    Message.objects.update(recipient_count=0, delivered_count=0, read_count=0)
    with connection.execute_wrapper(Statements(statements * percent // 100)), pytest.raises(Killed):
        run(*command)
    assert_no_drift()
    run(*command)
    assert everything() == expected


def test_ctrl_c_ends_with_the_summary_and_its_own_code(loaded: list[Message]) -> None:
    command = "backfill_receipts", "--batch-size", "1"
    stop = Statements(statements_of(*command) - 4, KeyboardInterrupt)
    MessageStatus.objects.all().delete()
    with connection.execute_wrapper(stop):
        said, last_words = run_fails(*command, code=130)
    assert said[0].startswith("3 messages had no rows; 6 rows written")
    assert last_words == "stopped; run it again to continue"


@pytest.mark.parametrize(
    ("argument", "value"),
    [("--assume", "seen"), ("--before", "soon"), ("--before", "2026-13-01"), ("--before", ""),
     ("--before", "0001-01-01T00:00:00+01:00"), ("--batch-size", "0"), ("--batch-size", "-1"),
     ("--batch-size", "x"), ("--batch-size", "1000001"), ("--conversation", "x"),
     ("--conversation", "7000"), ("--conversation", "-1"), ("--conversation", str(10**30))],
)  # fmt: skip
def test_a_wrong_argument_is_named_and_nothing_is_changed(
    loaded: list[Message], argument: str, value: str
) -> None:
    before = everything()
    assert argument in run_refused("backfill_receipts", f"{argument}={value}")
    assert everything() == before


def test_a_conversation_that_is_not_there_is_a_wrong_argument(db: None) -> None:
    run_fails("backfill_receipts", "--conversation", "7", code=2)


def test_live_messages_are_left_as_they_are(
    loaded: list[Message], alice: User, group: Conversation
) -> None:
    """What was sent here has its rows."""
    sent = services.send_message(conversation_id=group.pk, sender=alice, body="live").message
    before = counts(sent)
    backfill("--assume", "read")
    assert counts(sent) == before == (2, 0, 0, 0)
