"""Imports into live conversations, unsorted files, several backups, and what records may tell."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from chat.models import Conversation, ConversationParticipant, Departure, Message, User
from receipts import services
from receipts.models import MessageStatus, ReceiptEvent
from receipts.reads.selectors import unread_of
from receipts.reads.watermarks import show_watermarks
from receipts.upkeep.checking import Check
from tests.support.commands import Killed, Statements, run_fails
from tests.support.history import START, Record, history_time, import_records, refused
from tests.support.positions import up_to

pytestmark = pytest.mark.django_db

at = history_time


def participant(name: str, joined: int | None = 0, left: int | None = None) -> Record:
    times = {"joined_at": joined, "left_at": left}
    given = {name: START + second for name, second in times.items() if second is not None}
    return {"type": "participant", "conversation": "tea", "user": name, **given}


def message(name: str, sender: str, sent: int, **fields: Any) -> Record:
    return {"type": "message", "id": name, "conversation": "tea", "sender": sender,
            "sent_at": START + sent, "body": name, **fields}  # fmt: skip


def receipt(name: str, user: str, **fields: Any) -> Record:
    times = {key: START + value if key.endswith("_at") else value for key, value in fields.items()}
    return {"type": "receipt", "message": name, "user": user, **times}


def read_up_to(name: str, user: str, second: int, **fields: Any) -> Record:
    return {"type": "watermark", "conversation": "tea", "user": user, "read_up_to": name,
            "at": START + second, **fields}  # fmt: skip


def seen(user: str, name: str | None = None) -> Record:
    return {"type": "seen", "conversation": "tea", "user": user, "up_to": name}


PEOPLE: list[Record] = [
    *({"type": "user", "id": name} for name in ("ann", "ben", "cat")),
    {"type": "conversation", "id": "tea"},
]
ALL_THREE = [*PEOPLE, participant("ann"), participant("ben"), participant("cat")]
TALK = [*ALL_THREE, message("m1", "ann", 10), message("m2", "ann", 20), message("m3", "ann", 30)]


def row(name: str, user: str) -> MessageStatus:
    return MessageStatus.objects.get(message__external_id=name, recipient__username=user)


def shown(user: str) -> ConversationParticipant:
    (participant,) = found = list(ConversationParticipant.objects.filter(user__username=user))
    show_watermarks(found)
    return participant


def refusal(record: Record) -> str:
    said = import_records([*TALK, record])
    (line,) = (line for line in said if line.startswith("line "))
    return line.partition(": ")[2]


# --- Into a live conversation --------------------------------------------------------------------


@pytest.fixture
def live() -> Message:
    """Ann wrote to ben here; he has not read it."""
    users = {name: User.objects.create(username=name) for name in ("ann", "ben")}
    talk = services.create_conversation(
        owner=users["ann"], participants=users.values(), kind="group", external_id="tea"
    )
    return services.send_message(conversation_id=talk.pk, sender=users["ann"], body="now").message


OLD = [participant("ben"), message("old", "ann", 10), read_up_to("old", "ben", 15)]


def test_an_imported_watermark_covers_no_message_that_was_sent_here(live: Message) -> None:
    """Rule 7: the live message stays unread in every view."""
    import_records(OLD)
    ben = shown("ben")
    assert ben.last_read_message == Message.objects.get(external_id="old")
    assert ben.last_read_at == at(15)
    assert row("old", "ben").read_at == at(15)
    assert live.statuses.get().seen_at is None
    assert unread_of(ben.user_id).count() == 1


def test_an_old_message_that_comes_in_unread_holds_a_live_watermark_back(live: Message) -> None:
    """Rule 7, until it is read."""
    ben = User.objects.get(username="ben")
    services.bulk_mark_read(position=up_to(ben, live.pk))
    import_records(OLD[:2])
    assert shown("ben").last_read_message_id is None
    services.bulk_mark_read(position=up_to(ben, live.pk))
    assert shown("ben").last_read_message_id == live.pk


def test_a_late_read_after_a_live_message_reaches_only_up_to_it(live: Message) -> None:
    """Rule 7: a bridge hands over what happened beside the live talk."""
    hour_ago = timezone.now() - timedelta(hours=1)
    Message.objects.update(created_at=hour_ago)
    MessageStatus.objects.update(sent_at=hour_ago)
    sent = hour_ago + timedelta(milliseconds=2)
    bridged = message("b", "ann", 0) | {"sent_at": sent.isoformat()}
    mark = read_up_to("b", "ben", 0) | {"at": timezone.now().isoformat()}
    import_records([participant("ben"), bridged, mark])
    assert row("b", "ben").read_at is not None
    assert live.statuses.get().read_at is None
    assert shown("ben").last_read_message_id is None


# --- Any order -----------------------------------------------------------------------------------


def test_messages_stand_by_time_whatever_the_order_of_the_lines() -> None:
    """Rule 7: replies ride inside their root post."""
    records = [*ALL_THREE, message("m3", "ann", 30), message("m1", "ann", 10),
               message("m2", "ann", 20), read_up_to("m2", "ben", 25)]  # fmt: skip
    import_records(records)
    assert [row(name, "ben").read_at for name in ("m1", "m2", "m3")] == [at(25), at(25), None]


@pytest.mark.parametrize("newer_first", [False, True])
def test_two_backups_may_come_in_either_order(newer_first: bool) -> None:
    """Rules 1, 2 and 7: the newer one says how far ben has read, and that he left."""
    older = [*ALL_THREE, message("m1", "ann", 10)]
    newer = [*PEOPLE, participant("ann"), participant("ben", 0, 25), message("m2", "ann", 20),
             message("m3", "ann", 30), read_up_to("m1", "ben", 15)]  # fmt: skip
    files = [newer, older] if newer_first else [older, newer]
    for _ in range(2):
        for file in files:
            import_records(file)
    assert row("m1", "ben").read_at == at(15)
    assert row("m2", "ben").withdrawn_at == at(25)
    assert not MessageStatus.objects.filter(
        message__external_id="m3", recipient__username="ben"
    ).exists()
    ben = ConversationParticipant.objects.get(user__username="ben")
    assert (ben.is_active, ben.left_at) == (False, at(25))


@pytest.mark.parametrize("private_first", [False, True])
def test_no_watermark_of_a_leaver_covers_a_private_read(private_first: bool) -> None:
    """Rule 13: ben read m2 privately, m3 openly, and left. Importing it again changes nothing."""
    people = [*PEOPLE, participant("ann"), participant("ben", 0, 60), *TALK[-3:]]
    files = [[*people, receipt("m2", "ben", read_at=25, private=True)],
             [*people, read_up_to("m1", "ben", 15), read_up_to("m3", "ben", 35)]]  # fmt: skip
    for file in [*(files if private_first else reversed(files)), *files]:
        import_records(file)
    ben = shown("ben")
    assert (ben.last_read_message, ben.last_read_at) == (
        Message.objects.get(external_id="m1"),
        at(15),
    )


def test_a_stay_that_comes_later_adds_its_rows_and_counts() -> None:
    """Rules 1 and 19."""
    import_records([*PEOPLE, participant("ann"), *TALK[-3:]])
    import_records([participant("ben", 15)])
    assert row("m2", "ben").seen_at is None
    counts = Message.objects.order_by("created_at").values_list("recipient_count", flat=True)
    assert list(counts) == [0, 1, 1]


def test_a_message_whose_only_recipient_had_left_before_counts_none() -> None:
    """Rules 1 and 19: a later file ends ben's stay before the message, so its one row goes."""
    import_records([*PEOPLE, participant("ann"), participant("ben"), message("m1", "ann", 50)])
    assert Message.objects.get().recipient_count == 1
    import_records([participant("ben", left=40)])
    assert not MessageStatus.objects.exists()
    assert Message.objects.get().recipient_count == 0


def test_a_participant_who_changed_here_since_stays_as_they_are() -> None:
    import_records(TALK)
    talk, ben = Conversation.objects.get(), User.objects.get(username="ben")
    services.remove_participant(conversation_id=talk.pk, user=ben)
    import_records([participant("ben", 0), participant("ben", 40)])
    assert not ConversationParticipant.objects.get(user=ben).is_active


def test_who_left_here_receives_nothing_that_was_sent_later() -> None:
    """Rule 2: though no file tells of an end of their stay."""
    import_records(TALK)
    talk, ben = Conversation.objects.get(), User.objects.get(username="ben")
    services.remove_participant(conversation_id=talk.pk, user=ben)
    hour_ago = timezone.now() - timedelta(hours=1)
    ConversationParticipant.objects.filter(user=ben).update(left_at=hour_ago)
    Departure.objects.update(at=hour_ago)
    later = (hour_ago + timedelta(minutes=30)).isoformat()
    import_records([*TALK, message("m9", "ann", 0) | {"sent_at": later}])
    rows = MessageStatus.objects.filter(message__external_id="m9")
    assert set(rows.values_list("recipient__username", flat=True)) == {"cat"}


# --- What records may tell -----------------------------------------------------------------------


@pytest.mark.parametrize("apart", [False, True])
def test_a_failed_delivery_keeps_its_latest_time_and_reason(apart: bool) -> None:
    """Rule 11: in one file or several."""
    import_records(TALK)
    told = [receipt("m1", "ben", failed_at=13, reason="full"), receipt("m1", "ben", failed_at=13),
            receipt("m1", "ben", failed_at=12, reason="off"),
            receipt("m2", "ben", failed_at=22, reason="off", delivered_at=25)]  # fmt: skip
    for records in [[each] for each in told] if apart else [told]:
        import_records(records)
    assert (row("m1", "ben").failed_at, row("m1", "ben").failure_reason) == (at(13), "full")
    assert (row("m2", "ben").failed_at, row("m2", "ben").delivered_at) == (None, at(25))
    assert Message.objects.get(external_id="m1").failed_count == 1


@pytest.mark.parametrize(("given", "kept"), [("x" * 2_000, "x" * 999 + "…"), ("a\nb", "a b")])
def test_a_reason_of_any_length_is_kept_as_one_line(given: str, kept: str) -> None:
    """Rule 11: as the API keeps it."""
    import_records([*TALK, receipt("m1", "ben", failed_at=12, reason=given)])
    assert row("m1", "ben").failure_reason == kept


def test_a_private_read_is_a_delivery_to_everybody_else() -> None:
    """Rule 13; a private watermark moves the delivered one alone."""
    import_records([*TALK, receipt("m1", "ben", read_at=15, private=True),
                    read_up_to("m2", "cat", 25, private=True)])  # fmt: skip
    for name, user, second in (("m1", "ben", 15), ("m2", "cat", 25)):
        found = row(name, user)
        assert (found.seen_at, found.delivered_at) == (at(second), at(second))
        assert found.read_at is None
    cat = shown("cat")
    assert cat.last_read_message is None
    assert cat.last_delivered_message == Message.objects.get(external_id="m2")


@pytest.mark.parametrize(("asked", "is_open"), [(None, False), (False, True), (True, False)])
def test_whose_switch_is_off_reads_privately_unless_the_record_says_otherwise(
    asked: bool | None, is_open: bool
) -> None:
    """Rule 13."""
    User.objects.create(username="ben", read_receipts_enabled=False)
    import_records([*TALK, receipt("m1", "ben", read_at=15, private=asked),
                    read_up_to("m2", "ben", 25, private=asked)])  # fmt: skip
    assert [row(name, "ben").read_at is not None for name in ("m1", "m2")] == [is_open] * 2


def test_switching_receipts_off_takes_back_nothing_that_was_imported() -> None:
    """Rule 13: also where the file is imported again."""
    records = [*TALK, receipt("m1", "ben", read_at=15), read_up_to("m2", "ben", 25)]
    import_records(records)
    User.objects.update(read_receipts_enabled=False)
    said = import_records(records)
    assert [row(name, "ben").read_at for name in ("m1", "m2")] == [at(15), at(25)]
    assert said[-1] == "Nothing changed: everything already existed."


def test_an_acknowledgement_comes_with_an_open_read() -> None:
    """Rule 12: of several the first by its text; none with a private read."""
    import_records([*TALK, receipt("m1", "ben", read_at=15, content="yes"),
                    receipt("m1", "ben", read_at=16, content="aye"),
                    receipt("m2", "ben", read_at=25, content="yes", private=True)])  # fmt: skip
    assert (row("m1", "ben").content, row("m2", "ben").content) == ("aye", None)


def test_edits_and_deletions_are_kept_with_receipts_from_before() -> None:
    """Rule 21."""
    edited = message("m4", "ann", 40, edited_at=START + 45)
    deleted = message("m5", "ann", 50, deleted_at=START + 60)
    import_records([*TALK, edited, deleted, read_up_to("m5", "ben", 55)])
    m4, m5 = (Message.objects.get(external_id=name) for name in ("m4", "m5"))
    assert (m4.edited_at, m5.deleted_at) == (at(45), at(60))
    assert row("m5", "ben").read_at == at(55)


def test_a_later_backup_brings_edits_and_deletions() -> None:
    import_records(TALK)
    changed = message("m1", "ann", 10, edited_at=START + 45) | {"body": "new words"}
    import_records([changed, message("m2", "ann", 20, deleted_at=START + 60)])
    import_records(TALK)
    m1, m2 = (Message.objects.get(external_id=name) for name in ("m1", "m2"))
    assert (m1.body, m1.edited_at, m2.deleted_at) == ("new words", at(45), at(60))


# --- Seen ----------------------------------------------------------------------------------------


def test_seen_clears_unread_counts_and_tells_nobody() -> None:
    """Rules 13 and 15: no receipt, no count, no watermark, no event."""
    import_records([*TALK, seen("ben", "m2"), seen("cat")])
    first = row("m1", "ben")
    assert (first.seen_at, first.delivered_at, first.read_at) == (at(10), None, None)
    ben, cat = (User.objects.get(username=name) for name in ("ben", "cat"))
    assert (unread_of(ben.pk).count(), unread_of(cat.pk).count()) == (1, 0)
    assert shown("ben").last_delivered_message is None
    assert {m.overall_status for m in Message.objects.all()} == {"sent"}
    assert not ReceiptEvent.objects.exists()


@pytest.mark.parametrize("seen_first", [False, True])
def test_a_read_counts_more_than_seen_in_either_order(seen_first: bool) -> None:
    files = [[*TALK, seen("ben")], [*TALK, read_up_to("m1", "ben", 15)]]
    for file in files if seen_first else reversed(files):
        import_records(file)
    assert (row("m1", "ben").read_at, row("m1", "ben").seen_at) == (at(15), at(15))
    assert (row("m2", "ben").read_at, row("m2", "ben").seen_at) == (None, at(20))


def test_assume_seen_leaves_nothing_unread_for_anybody() -> None:
    import_records([*TALK, receipt("m1", "ben", read_at=15)], assume_seen=True)
    assert not MessageStatus.objects.filter(seen_at=None).exists()
    assert row("m1", "ben").read_at == row("m1", "ben").seen_at == at(15)
    assert MessageStatus.objects.filter(delivered_at=None).count() == 5


# --- Refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (receipt("m1", "ben", read_at=12, reason="x"), "reason: needs failed_at"),
        (receipt("m1", "ben", failed_at=12, reason=5), "reason: must be text"),
        (receipt("m1", "ben", failed_at=12, reason="a\x00"), "reason: may not contain NUL"),
        (receipt("m1", "ben", delivered_at=12, private=True), "private: needs read_at"),
        (receipt("m1", "ben", read_at=12, private="no"), "private: must be true or false"),
        (receipt("m1", "ben", delivered_at=12, content="x"), "content: needs read_at"),
        (receipt("m1", "ben", read_at=12, content=""), "content: may not be empty"),
        (receipt("m1", "ben", read_at=12, content="x" * 2001), "content: may not be longer"),
        (
            read_up_to("m1", "ben", 12, private=True)
            | {"read_up_to": None, "delivered_up_to": "m1"},
            "private: needs read_up_to",
        ),
        (message("x", "ann", 10, edited_at=START), "edited_at: is before sent_at"),
        (message("x", "ann", 10, deleted_at=START), "deleted_at: is before sent_at"),
        (message("x", "ann", 10) | {"sent_at": "2999-01-01T00:00Z"}, "sent_at: is in the future"),
        (message("x", "ann", 10) | {"sent_at": START * 1000}, "sent_at: looks like milliseconds"),
        (seen("dan"), "user: there is no user dan"),
        (seen("ben", "x"), "up_to: there is no message x in tea"),
        (message("m1", "ann", 11), "id: message m1 has a different conversation"),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_with_its_field(record: Record, reason: str) -> None:
    assert refusal(record).startswith(reason)


def test_seen_is_refused_for_who_takes_no_part() -> None:
    said = import_records([*TALK, {"type": "user", "id": "dan"}, seen("dan")])
    assert f"line {len(TALK) + 2}: user: dan is not a participant of tea" in said
    assert refused(said) == 1


@pytest.mark.parametrize("text", ["", "\n", '{"type": "post"}\n', "[{}]\n"])
def test_a_file_of_which_nothing_could_be_used_exits_with_1(tmp_path: Path, text: str) -> None:
    file = tmp_path / "export.json"
    file.write_text(text)
    _, last_words = run_fails("import_history", str(file), code=1)
    assert last_words == "nothing of the file could be used"


@pytest.mark.parametrize("percent", range(10, 100, 20))
def test_a_later_backup_that_was_killed_is_completed_by_the_next_run(percent: int) -> None:
    """Late stays, their rows and what they withdraw: wherever it was stopped."""

    def all_rows() -> set[tuple[Any, ...]]:
        return set(
            MessageStatus.objects.values_list(
                "message__external_id", "recipient__username", "read_at", "withdrawn_at"
            )
        )

    older = [*PEOPLE, participant("ann"), participant("ben", 0, 15), *TALK[-3:]]
    newer = [participant("ben", 10, 25), participant("cat", 15), read_up_to("m2", "cat", 22)]
    with transaction.atomic():
        import_records(older)
        counted = Statements()
        with connection.execute_wrapper(counted):
            import_records(newer, batch_size=1)
        expected = all_rows()
        transaction.set_rollback(True)
    import_records(older)
    killer = Statements(counted.count * percent // 100)
    with connection.execute_wrapper(killer), pytest.raises(Killed):
        import_records(newer, batch_size=1)
    import_records(newer, batch_size=1)
    assert all_rows() == expected
    assert row("m1", "ben").withdrawn_at == at(25)
    check = Check(say=print)
    check.run()
    assert check.left == 0
