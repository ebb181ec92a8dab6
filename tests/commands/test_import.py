"""``import_history``: what a file says becomes rows, once, and nothing beyond."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from chat.models import Conversation, ConversationParticipant, Message, Tracking, User
from receipts import services
from receipts.importing import report as reports
from receipts.models import MessageStatus
from receipts.reads.watermarks import show_watermarks
from receipts.upkeep.checking import Check
from tests.support.commands import Statements, run, run_fails, run_refused, statements_of
from tests.support.racing import at_once

pytestmark = pytest.mark.django_db

Record = dict[str, Any]
Import = Callable[..., list[str]]

#: The times below are seconds from here.
START = 1_600_000_000


def user(name: str, **fields: Any) -> Record:
    return {"type": "user", "id": name, **fields}


def conversation(name: str = "tea", **fields: Any) -> Record:
    return {"type": "conversation", "id": name, **fields}


def participant(name: str, joined: int | None = 0, left: int | None = None, **how: Any) -> Record:
    record = {"type": "participant", "conversation": "tea", "user": name, **how}
    if joined is not None:
        record["joined_at"] = START + joined
    if left is not None:
        record["left_at"] = START + left
    return record


def message(name: str, sender: str, sent: int, **fields: Any) -> Record:
    return {
        "type": "message", "id": name, "conversation": "tea",
        "sender": sender, "sent_at": START + sent, "body": f"This is {name}.",
    } | fields  # fmt: skip


def receipt(name: str, reader: str, **times: int) -> Record:
    times = {time: START + second for time, second in times.items()}
    return {"type": "receipt", "message": name, "user": reader, **times}


def read_up_to(name: str, reader: str, at: int) -> Record:
    return {
        "type": "watermark", "conversation": "tea",
        "user": reader, "read_up_to": name, "at": START + at,
    }  # fmt: skip


def delivered_up_to(name: str, reader: str, at: int) -> Record:
    record = read_up_to(name, reader, at)
    record["delivered_up_to"] = record.pop("read_up_to")
    return record


PEOPLE = [user("ann"), user("ben"), user("cat"), conversation()]
ALL_THREE = [*PEOPLE, participant("ann"), participant("ben"), participant("cat")]
#: Ann asks twice, ben answers, ann thanks.
TALK = [
    *ALL_THREE,
    message("m1", "ann", 10),
    message("m2", "ann", 20),
    message("m3", "ben", 30),
    message("m4", "ann", 40),
]
#: Somebody joins, somebody leaves, all kinds of evidence, and several times for one thing.
STORY = [
    *TALK,
    user("dan", display_name="Dan"),
    participant("dan", joined=25, left=60),
    message("m5", "cat", 50),
    message("m6", "ann", 70),
    read_up_to("m2", "ben", 30),
    read_up_to("m4", "ben", 45),
    read_up_to("m1", "ben", 90),
    delivered_up_to("m4", "cat", 41),
    receipt("m1", "cat", delivered_at=11, read_at=15),
    receipt("m1", "cat", read_at=13),
    receipt("m3", "dan", read_at=35),
    read_up_to("m5", "ann", 55),
]


@pytest.fixture
def history(tmp_path: Path) -> Import:
    """``history(records)`` imports them, and gives back what the command said."""

    def run(records: list[Record | str], **options: Any) -> list[str]:
        file = tmp_path / "history.ndjson"
        lines = [line if isinstance(line, str) else json.dumps(line) for line in records]
        file.write_text("\n".join(lines) + "\n")
        return command(file, **options)

    return run


def command(file: Path | str, **options: Any) -> list[str]:
    out = io.StringIO()
    call_command("import_history", str(file), stdout=out, stderr=out, **options)
    return out.getvalue().splitlines()


def at(second: int) -> datetime:
    return datetime.fromtimestamp(START + second, UTC)


def row(name: str, recipient: str) -> MessageStatus:
    return MessageStatus.objects.get(message__external_id=name, recipient__username=recipient)


def imported(name: str) -> Message:
    return Message.objects.get(external_id=name)


def recipients(name: str) -> set[str]:
    rows = MessageStatus.objects.filter(message__external_id=name)
    return set(rows.values_list("recipient__username", flat=True))


def everything() -> list[list[tuple[Any, ...]]]:
    """All that an import writes, told without ids of ours, which depend on its order."""
    here = Message.objects.filter(conversation=OuterRef("conversation"))
    newest = here.filter(pk=OuterRef("last_read_message")).values("external_id")
    reached = here.filter(pk=OuterRef("last_delivered_message")).values("external_id")
    told = [
        User.objects.values_list("username", "display_name"),
        Conversation.objects.values_list("external_id", "kind", "title"),
        ConversationParticipant.objects.values_list(
            "user__username", "role", "is_active", "joined_at", "left_at",
            "last_delivered_at", "last_read_at", Subquery(reached), Subquery(newest),
        ),
        Message.objects.values_list(
            "external_id", "sender__username", "body", "created_at", "tracking",
            "recipient_count", "delivered_count", "read_count", "failed_count",
        ),
        MessageStatus.objects.values_list(
            "message__external_id", "recipient__username", "sent_at",
            "delivered_at", "seen_at", "read_at", "withdrawn_at",
        ),
    ]  # fmt: skip
    return [sorted(rows, key=str) for rows in told]


def assert_no_drift() -> None:
    check = Check(say=print)
    check.run()
    # An import that was stopped has not withdrawn the rows of those who left: see ``left_open``.
    assert (check.drifted, check.strays) == (0, 0)


# --- What a file says is there afterwards ------------------------------------------------------


def test_a_message_arrives_with_its_sender_text_and_time(history: Import) -> None:
    history(TALK)
    message = imported("m3")
    assert (message.sender.username, message.body) == ("ben", "This is m3.")
    assert message.created_at == at(30)
    assert message.conversation.external_id == "tea"


def test_no_text_is_made_up_where_only_its_length_is_known(history: Import) -> None:
    history([*ALL_THREE, message("m1", "ann", 10, body=None, length=47)])
    assert imported("m1").body == ""


def test_users_keep_their_name_and_get_no_password(history: Import) -> None:
    history([user("dan", display_name="Dan Petrov")])
    dan = User.objects.get(username="dan")
    assert dan.display_name == "Dan Petrov"
    assert not dan.has_usable_password()


def test_ids_grow_with_the_time_and_then_with_the_ids_of_the_source(history: Import) -> None:
    """Rule 7: whatever the order of the lines. Numbers stand by number."""
    names = [f"m{number}" for number in range(30)]
    messages = [message(name, "ann", int(name[1:]) // 10) for name in names]
    random.Random(1).shuffle(messages)
    history([*ALL_THREE, *messages], batch_size=7)
    ordered = Message.objects.order_by("pk").values_list("external_id", flat=True)
    assert list(ordered) == names


def test_times_may_be_unix_seconds_or_iso(history: Import) -> None:
    history(
        [
            *ALL_THREE,
            message("m1", "ann", 0, sent_at=START + 0.5),
            message("m2", "ann", 0, sent_at="2020-09-13T14:26:40.500+02:00"),
        ]
    )
    assert imported("m1").created_at == imported("m2").created_at


def test_a_time_in_the_future_is_held_to_now(history: Import) -> None:
    """Rule 6."""
    history([*TALK, read_up_to("m1", "ben", 10**9)])
    assert at(10) < row("m1", "ben").read_at <= timezone.now()


# --- Recipients ----------------------------------------------------------------------------------


def test_recipients_are_who_took_part_when_it_was_sent(history: Import) -> None:
    """Rule 1: dan came after m2 and left before m6."""
    history(STORY)
    assert recipients("m2") == {"ben", "cat"}
    assert recipients("m3") == {"ann", "cat", "dan"}
    assert recipients("m6") == {"ben", "cat"}
    assert imported("m3").recipient_count == 3


def test_who_came_back_missed_what_was_said_in_between(history: Import) -> None:
    """Rule 2: rejoining makes one a recipient of later messages only."""
    stays = [participant("ben", 0, left=15), participant("ben", 35)]
    history([*PEOPLE, participant("ann"), *stays, *TALK[-4:-2], message("m4", "ann", 40)])
    assert [recipients(name) for name in ("m1", "m2", "m4")] == [{"ben"}, set(), {"ben"}]
    ben = ConversationParticipant.objects.get(user__username="ben")
    assert (ben.is_active, ben.joined_at) == (True, at(0))


def test_of_several_records_for_one_stay_the_last_end_counts(history: Import) -> None:
    stay = [participant("ben", 0, left=15), participant("ben", 0), participant("ben", 0, left=5)]
    history(
        [*PEOPLE, participant("ann"), *stay, message("m1", "ann", 10), message("m2", "ann", 20)]
    )
    assert (recipients("m1"), recipients("m2")) == ({"ben"}, set())
    assert ConversationParticipant.objects.get(user__username="ben").left_at == at(15)


def test_without_a_time_of_joining_one_was_there_from_the_start(history: Import) -> None:
    history([*TALK, user("dan"), participant("dan", joined=None)])
    assert "dan" in recipients("m1")
    assert ConversationParticipant.objects.get(user__username="dan").joined_at == at(10)


def test_within_one_second_the_order_of_the_messages_says_who_came_first(history: Import) -> None:
    """Rule 1: ben joins and speaks in the second of three messages of ann's."""
    history(
        [
            *PEOPLE,
            participant("ann"),
            participant("ben", joined=10),
            message("m1", "ann", 10),
            message("m2", "ben", 10),
            message("m3", "ann", 10),
        ]
    )
    assert (recipients("m1"), recipients("m3")) == (set(), {"ben"})


def test_a_participant_whom_the_file_does_not_mention_is_a_recipient(history: Import) -> None:
    history(TALK)
    history([message("m7", "ann", 80)])
    assert recipients("m7") == {"ben", "cat"}


def test_who_left_unread_is_withdrawn_when_they_left(history: Import) -> None:
    """Rule 2: dan was sent m3 to m5, read m3, and left."""
    history(STORY)
    assert [row(name, "dan").withdrawn_at for name in ("m3", "m4", "m5")] == [None, at(60), at(60)]
    assert imported("m4").recipient_count == 2
    assert_no_drift()


def test_who_came_back_is_withdrawn_from_what_they_left_unread(history: Import) -> None:
    """Rule 2: also where they take part again by now."""
    history([*PEOPLE, participant("ann"), participant("ben", 0, left=15), participant("ben", 35),
             message("m1", "ann", 10), message("m4", "ann", 40)])  # fmt: skip
    assert row("m1", "ben").withdrawn_at == at(15)
    assert row("m4", "ben").withdrawn_at is None


def test_a_deactivated_user_is_withdrawn_from_what_they_did_not_read(history: Import) -> None:
    """Rule 2."""
    history(ALL_THREE)
    services.deactivate_user(user=User.objects.get(username="ben"))
    history([*TALK, read_up_to("m1", "ben", 15)])
    assert row("m1", "ben").withdrawn_at is None
    assert row("m2", "ben").withdrawn_at is not None
    assert_no_drift()


@pytest.mark.parametrize("role", ["owner", "member"])
@pytest.mark.parametrize("policy", ["everyone", "admins", "off"])
@pytest.mark.parametrize("most", [1, 2])
def test_a_message_is_tracked_as_if_it_were_sent(
    history: Import, settings: Any, role: str, policy: str, most: int
) -> None:
    """Rules 15 and 16: the import and ``send_message`` decide alike, but for positions."""
    settings.RECEIPTS_MAX_RECIPIENTS = most
    history([*PEOPLE, participant("ann", role=role), participant("ben"), participant("cat")])
    tea = Conversation.objects.get()
    Conversation.objects.update(receipt_policy=policy)
    history([message("m1", "ann", 10)])
    ann = User.objects.get(username="ann")
    sent = services.send_message(conversation_id=tea.pk, sender=ann, body="now").message
    message_ = imported("m1")
    if sent.tracking == Tracking.BY_POSITION:
        assert (message_.tracking, message_.recipient_count) == ("too_many_recipients", 0)
    else:
        assert message_.tracking == sent.tracking
        assert message_.recipient_count == sent.recipient_count
    assert len(recipients("m1")) == sent.statuses.count()


# --- Receipts and watermarks ---------------------------------------------------------------------


def test_a_watermark_reads_everything_up_to_it_and_no_further(history: Import) -> None:
    """Rule 7."""
    history([*TALK, read_up_to("m2", "cat", 25)])
    assert [row(name, "cat").read_at for name in ("m1", "m2", "m3")] == [at(25), at(25), None]
    assert row("m1", "ben").delivered_at is None


def test_of_several_watermarks_the_earliest_counts_for_each_message(history: Import) -> None:
    """Rule 6: ben had m1 and m2 at 30, the rest at 45; what he says at 90 is old news."""
    history(STORY)
    assert [row(name, "ben").read_at for name in ("m1", "m2", "m4")] == [at(30), at(30), at(45)]


def test_a_later_watermark_further_down_does_not_hide_an_earlier_one_above(history: Import) -> None:
    """Rule 6: whoever reads m4 at 45 has read m1 by then, whatever is said of m1 later."""
    history([*TALK, read_up_to("m1", "cat", 90), read_up_to("m4", "cat", 45)])
    assert row("m1", "cat").read_at == at(45)


def test_nothing_is_read_before_it_was_sent(history: Import) -> None:
    """Rule 5: a clock was wrong."""
    history([*TALK, read_up_to("m4", "cat", 25), receipt("m1", "cat", delivered_at=-5)])
    assert row("m2", "cat").read_at == at(25)
    assert row("m4", "cat").read_at == row("m4", "cat").delivered_at == at(40)
    assert row("m1", "cat").delivered_at == at(10)


def test_a_delivery_is_no_read(history: Import) -> None:
    history([*TALK, delivered_up_to("m2", "cat", 25)])
    delivered = row("m2", "cat")
    assert (delivered.delivered_at, delivered.seen_at, delivered.read_at) == (at(25), None, None)


def test_a_read_implies_the_delivery(history: Import) -> None:
    """Rule 5."""
    history([*TALK, receipt("m1", "cat", read_at=15)])
    assert row("m1", "cat").delivered_at == row("m1", "cat").read_at == at(15)


def test_deliveries_and_reads_each_keep_their_earliest_time(history: Import) -> None:
    """Rule 6, for one row named by two receipts and two watermarks."""
    history(
        [
            *TALK,
            receipt("m1", "cat", delivered_at=12, read_at=30),
            receipt("m1", "cat", delivered_at=14, read_at=20),
            delivered_up_to("m2", "cat", 21),
            read_up_to("m2", "cat", 25),
        ]
    )
    first, second = row("m1", "cat"), row("m2", "cat")
    assert (first.delivered_at, first.read_at) == (at(12), at(20))
    assert (second.delivered_at, second.read_at) == (at(21), at(25))


def test_counts_and_overall_status_follow_the_rows(history: Import) -> None:
    """Rule 19."""
    history([*TALK, read_up_to("m2", "ben", 25), receipt("m1", "cat", read_at=15)])
    statuses = [imported(name).overall_status for name in ("m1", "m2", "m3")]
    assert statuses == ["read", "partial", "sent"]
    assert_no_drift()


def test_an_untracked_message_is_seen_and_tells_nothing(history: Import) -> None:
    """Rule 15."""
    history(ALL_THREE)
    Conversation.objects.update(receipt_policy="off")
    history([*TALK, read_up_to("m2", "cat", 25)])
    assert (row("m1", "cat").seen_at, row("m1", "cat").read_at) == (at(25), None)
    assert imported("m1").tracking == Tracking.POLICY
    assert imported("m1").delivered_count == 0
    assert ConversationParticipant.objects.get(user__username="cat").last_read_message is None


def test_a_participants_watermark_moves_with_their_reading(history: Import) -> None:
    """Rule 7; the delivered one moves with a read."""
    history([*TALK, read_up_to("m2", "cat", 25), delivered_up_to("m3", "cat", 31)])
    cat = ConversationParticipant.objects.get(user__username="cat")
    assert (cat.last_read_message, cat.last_read_at) == (imported("m2"), at(25))
    assert (cat.last_delivered_message, cat.last_delivered_at) == (imported("m3"), at(31))


def test_a_participants_watermark_never_moves_back(history: Import) -> None:
    """Rule 7."""
    history([*TALK, read_up_to("m3", "cat", 35)])
    history([*TALK, read_up_to("m1", "cat", 15)])
    cat = ConversationParticipant.objects.get(user__username="cat")
    assert (cat.last_read_message, cat.last_read_at) == (imported("m3"), at(35))


def test_a_private_read_stays_private_and_holds_the_watermark(history: Import) -> None:
    """Rule 13: cat read m2 here and told nobody, before the file says by when she had."""
    history(TALK)
    MessageStatus.objects.filter(pk=row("m2", "cat").pk).update(delivered_at=at(21), seen_at=at(22))
    history([*TALK, read_up_to("m3", "cat", 35)])
    assert (row("m1", "cat").read_at, row("m2", "cat").read_at) == (at(35), None)
    cat = ConversationParticipant.objects.get(user__username="cat")
    show_watermarks([cat])
    assert (cat.last_delivered_message, cat.last_read_message) == (imported("m3"), imported("m1"))
    assert cat.last_read_at == at(35)


def test_a_watermark_says_nothing_of_messages_that_were_sent_here(history: Import) -> None:
    """A live message may stand before the history that is brought in after it."""
    history(ALL_THREE)
    ann, tea = User.objects.get(username="ann"), Conversation.objects.get()
    live = services.send_message(conversation_id=tea.pk, sender=ann, body="now").message
    history([*TALK, read_up_to("m4", "cat", 45)])
    assert live.statuses.get(recipient__username="cat").seen_at is None


# --- Again, in any order, and after a stop -------------------------------------------------------


def test_a_second_run_changes_nothing_and_says_so(history: Import) -> None:
    """Rule 5, for a whole file."""
    history(STORY)
    before = everything()
    said = history(STORY)
    assert everything() == before
    assert "messages: 0 imported, 6 already existed" in said
    assert "status rows marked: 0" in said
    assert said[-1] == "Nothing changed: everything already existed."


def test_a_second_run_leaves_what_was_marked_unread_since(history: Import) -> None:
    """Rule 10: the user's own view is theirs."""
    history(STORY)
    MessageStatus.objects.filter(recipient__username="ben").update(seen_at=None)
    history(STORY)
    assert row("m1", "ben").seen_at is None


def test_a_second_run_passes_over_what_was_archived_since(history: Import) -> None:
    """``prune_receipts`` took the rows that the file's receipts are about."""
    records = [*TALK, *(receipt("m1", reader, read_at=15) for reader in ("ben", "cat"))]
    history(records)
    run("prune_receipts", "--older-than", "30")
    before = everything()
    said = history(records, strict=True)
    assert everything() == before
    assert said[-1] == "Nothing changed: everything already existed."
    assert not MessageStatus.objects.filter(message=imported("m1")).exists()


def test_what_a_user_changed_since_is_left_as_it_is(history: Import) -> None:
    history([user("ann", display_name="Ann")])
    User.objects.update(display_name="Ann Moreau")
    history([user("ann", display_name="Ann")])
    assert User.objects.get().display_name == "Ann Moreau"


@pytest.mark.parametrize("seed", range(5))
def test_records_may_come_in_any_order(history: Import, seed: int) -> None:
    """Rule 6; only the messages of a conversation keep theirs."""
    history(STORY)
    expected = everything()
    for model in (MessageStatus, Message, ConversationParticipant, Conversation, User):
        model.objects.all().delete()
    messages = iter([record for record in STORY if record["type"] == "message"])
    shuffled = random.Random(seed).sample(STORY, len(STORY))
    history([next(messages) if r["type"] == "message" else r for r in shuffled])
    assert everything() == expected


def test_the_size_of_a_batch_changes_nothing(history: Import) -> None:
    history(STORY)
    expected = everything()
    for model in (MessageStatus, Message, ConversationParticipant, Conversation, User):
        model.objects.all().delete()
    history(STORY, batch_size=1)
    assert everything() == expected


class Killed(BaseException):
    """Nothing may catch it."""


@pytest.mark.parametrize("percent", range(5, 100, 10))
def test_a_run_that_was_killed_is_completed_by_the_next(history: Import, percent: int) -> None:
    """Wherever it was killed: each batch is whole or not there."""
    statements = 0

    def count(execute: Any, *call: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*call)

    def kill(execute: Any, *call: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed
        return execute(*call)

    with connection.execute_wrapper(count):
        history(STORY, batch_size=3)
    expected = everything()
    for model in (MessageStatus, Message, ConversationParticipant, Conversation, User):
        model.objects.all().delete()
    left = statements * percent // 100
    with connection.execute_wrapper(kill), pytest.raises(Killed):
        history(STORY, batch_size=3)
    assert_no_drift()
    history(STORY, batch_size=3)
    assert everything() == expected
    check = Check(say=print)
    check.run()
    assert check.left == 0


def test_ctrl_c_ends_with_what_was_imported_so_far(tmp_path: Path) -> None:
    """And says nothing of the rest of the file, which was not looked at."""
    file = tmp_path / "history.ndjson"
    file.write_text("\n".join(map(json.dumps, STORY)))
    count = statements_of("import_history", str(file))
    for model in (MessageStatus, Message, ConversationParticipant, Conversation, User):
        model.objects.all().delete()
    with connection.execute_wrapper(Statements(count * 3 // 4, KeyboardInterrupt)):
        said, last_words = run_fails("import_history", str(file), code=130)
    assert said[:2] == ["users: 4 imported", "conversations: 1 imported"]
    assert last_words == "stopped; run it again to continue"


def test_nothing_of_the_file_stays_in_the_session(history: Import) -> None:
    history(STORY)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM import_message")


# --- Bad lines -----------------------------------------------------------------------------------

MARK = read_up_to("m1", "ben", 30)

BAD_LINES: list[tuple[str, Any]] = [
    ("is not JSON", '{"type": "user", "id": "x"'),
    ("is not JSON", '"\\ud800"'),
    ("is not a JSON object", "[1]"),
    ("type: must be one of user, conversation", {"type": "reaction"}),
    ("type: must be one of user, conversation", {"type": ["user"]}),
    ("'colour' is not a field of a user", user("x", colour="red")),
    ("id: is missing", {"type": "user"}),
    ("id: must be text", user("x") | {"id": 7}),
    ("id: may not be empty", user("")),
    ("id: May not hold control characters, nor begin or end with a blank", user("ann ")),
    ("id: Ensure this value has at most 255 characters", user("x" * 256)),
    ("id: May not hold control characters", conversation("tea\ntime")),
    ("id: may not contain NUL", conversation("tea\x00")),
    ("id: Ensure this value has at most 255 characters", conversation("x" * 256)),
    ("kind: must be one of direct, group", conversation("x", kind="channel")),
    ("title: may not contain control characters", conversation("x", title="a\x07")),
    ("title: may not be longer than 255 characters", conversation("x", title="x" * 256)),
    ("role: must be one of owner, admin, member", participant("ann", role="king")),
    ("left_at: is before joined_at", participant("ann", 10, left=5)),
    ("user: is missing", {"type": "participant", "conversation": "tea"}),
    ("user: there is no user x", participant("x")),
    ("conversation: there is no conversation x", participant("ann", conversation="x")),
    ("id: Ensure this value has at most 255 characters", message("x" * 256, "ann", 1)),
    ("kind: must be one of message, system", message("x", "ann", 1, kind="notice")),
    ("activity: must be true or false", message("x", "ann", 1, kind="system", activity="yes")),
    ("activity: only for a system line", message("x", "ann", 1, activity=True)),
    ("body: may not contain NUL", message("x", "ann", 1, body="a\x00")),
    ("length: must be a non-negative whole number", message("x", "ann", 1, length=-1)),
    ("sent_at: must be Unix seconds or an ISO", message("x", "ann", 1, sent_at=True)),
    ("sent_at: must be Unix seconds or an ISO", message("x", "ann", 1, sent_at="yesterday")),
    ("sent_at: looks like milliseconds; must be", message("x", "ann", 1, sent_at=START * 1000)),
    ("sent_at: must have a time zone", message("x", "ann", 1, sent_at="2020-09-13T12:26:40")),
    ("sent_at: may not be before 1970", message("x", "ann", 1, sent_at=-1)),
    ("sender: there is no user z", message("x", "z", 1)),
    ("conversation: there is no conversation z", message("x", "ann", 1, conversation="z")),
    ("sender: dan is not a participant of tea", message("x", "dan", 1)),
    (
        "id: message m1 has a different conversation, sender, kind or sent_at in an earlier line",
        message("m1", "ben", 10),
    ),
    ("needs delivered_at, read_at or failed_at", receipt("m1", "ben")),
    ("user: there is no user z", receipt("m1", "z", read_at=1)),
    ("message: there is no message x", receipt("x", "ben", read_at=1)),
    ("user: ann is not a recipient of message m1", receipt("m1", "ann", read_at=11)),
    ("needs either delivered_up_to or read_up_to", MARK | {"read_up_to": None}),
    ("needs either delivered_up_to or read_up_to", MARK | {"delivered_up_to": "m1"}),
    ("user: there is no user z", MARK | {"user": "z"}),
    ("conversation: there is no conversation z", MARK | {"conversation": "z"}),
    ("user: dan is not a participant of tea", MARK | {"user": "dan"}),
    (
        "read_up_to: there is no message m1 in other",
        MARK | {"conversation": "other", "user": "dan"},
    ),
]


@pytest.mark.parametrize(("reason", "line"), BAD_LINES)
def test_a_bad_line_is_told_by_number_and_skipped(history: Import, reason: str, line: Any) -> None:
    others = [user("dan"), conversation("other"), participant("dan", conversation="other")]
    said = history([*TALK, *others, line, read_up_to("m1", "cat", 20)])
    (told,) = [line for line in said if line.startswith("line ")]
    assert told.startswith(f"line {len(TALK) + 4}: {reason}")
    assert "lines skipped: 1" in said
    assert (Message.objects.count(), row("m1", "cat").read_at) == (4, at(20))


def test_an_id_of_an_earlier_import_cannot_be_another_message(history: Import) -> None:
    history(TALK)
    said = history([user("ann"), message("m1", "ben", 10)])
    reason = "message m1 has a different conversation, sender, kind or sent_at in an earlier import"
    assert f"line 2: id: {reason}" in said
    assert Message.objects.count() == 4


def test_a_direct_conversation_takes_no_third(history: Import) -> None:
    people = [user("ann"), user("ben"), user("cat"), conversation(kind="direct")]
    parts = [participant("ann"), participant("ben"), participant("ann"), participant("cat")]
    said = history([*people, *parts])
    assert "line 8: conversation: a direct conversation has two participants" in said
    assert ConversationParticipant.objects.count() == 2


def test_empty_lines_are_nothing(history: Import) -> None:
    assert history(["", user("ann"), "  "])[-1] == "lines skipped: 0"


def test_a_line_without_end_is_told_and_skipped(
    history: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receipts.importing.source.MAX_LINE_BYTES", 100)
    monkeypatch.setattr("receipts.importing.records.MAX_LINE_BYTES", 100)
    said = history([user("ann"), "x" * 1000, user("ben")])
    assert "line 2: is longer than 100 bytes" in said
    assert (said[-1], User.objects.count()) == ("lines skipped: 1", 2)


@pytest.mark.parametrize("broken", [2, 5])
def test_so_many_bad_lines_are_told_and_the_rest_counted(
    history: Import, monkeypatch: pytest.MonkeyPatch, broken: int
) -> None:
    """Whether they cannot be read, or make no sense."""
    monkeypatch.setattr(reports, "LINES_TOLD", 3)
    said = history([*["?"] * broken, *(participant(f"p{n}") for n in range(7 - broken)), *TALK])
    assert len([line for line in said if line.startswith("line ")]) == 3
    assert said[-1] == "lines skipped: 7, of which 4 not shown"


def test_a_strict_run_stops_at_the_first_bad_line_and_has_written_nothing(history: Import) -> None:
    with pytest.raises(CommandError, match="line 4: id: is missing"):
        history([user("ann"), user("ben"), user("cat"), {"type": "user"}], strict=True)
    assert not User.objects.exists()


def test_a_strict_run_stops_at_a_message_of_nobody_and_has_written_none(history: Import) -> None:
    with pytest.raises(CommandError, match="line 12: sender: there is no user z"):
        history([*TALK, message("m5", "z", 50)], strict=True)
    assert not Message.objects.exists()


# --- Where it is read from -----------------------------------------------------------------------


def packed(records: list[Record]) -> bytes:
    return gzip.compress("\n".join(map(json.dumps, records)).encode())


def test_a_gzip_file_is_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "history.ndjson.gz"
    file.write_bytes(packed(TALK))
    assert "messages: 4 imported, 0 already existed" in command(file)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_dash_is_the_standard_input(
    monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    """Compressed or not: its first bytes say so."""
    text = "\n".join(map(json.dumps, TALK)).encode()
    stream = io.TextIOWrapper(io.BufferedReader(io.BytesIO(pack(text))))  # type: ignore[arg-type]
    monkeypatch.setattr("sys.stdin", stream)
    assert "messages: 4 imported, 0 already existed" in command("-")


def test_a_file_from_windows_is_read(tmp_path: Path) -> None:
    file = tmp_path / "history.ndjson"
    file.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(json.dumps(r).encode() for r in TALK))
    assert command(file)[-1] == "lines skipped: 0"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"FILE: .*nowhere.ndjson: No such file"):
        command(tmp_path / "nowhere.ndjson")


def test_a_file_that_breaks_off_has_written_nothing(tmp_path: Path) -> None:
    file = tmp_path / "history.ndjson.gz"
    file.write_bytes(packed(TALK)[:-20])
    with pytest.raises(CommandError, match="not a complete gzip file"):
        command(file)
    assert not User.objects.exists()


@pytest.mark.parametrize("size", ["0", "-1", "x", "1000001"])
def test_a_batch_size_that_makes_no_sense_is_refused(size: str) -> None:
    assert "--batch-size" in run_refused("import_history", "-", "--batch-size", size)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_write_everything_once(tmp_path: Path) -> None:
    """Rules 1 and 22: they wait for each other, and share the work."""
    file = tmp_path / "history.ndjson"
    file.write_text("\n".join(map(json.dumps, STORY)))
    at_once([lambda: command(file, batch_size=1)] * 3)
    assert (Message.objects.count(), MessageStatus.objects.count()) == (6, 15)
    assert_no_drift()
