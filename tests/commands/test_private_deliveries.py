"""Imports and backfills of somebody who receives privately (rule 13)."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, ConversationParticipant, Message, User
from receipts.models import MessageStatus
from receipts.reads.watermarks import show_watermarks
from tests.support.cast import say
from tests.support.commands import run
from tests.support.history import START, Record, history_time, import_records

pytestmark = pytest.mark.django_db

at = history_time


def participant(name: str, left: int | None = None) -> Record:
    stay = {"type": "participant", "conversation": "tea", "user": name, "joined_at": START}
    return stay if left is None else stay | {"left_at": START + left}


def talk(left: int | None = None) -> list[Record]:
    """Ann writes three messages to ben."""
    return [
        *({"type": "user", "id": name} for name in ("ann", "ben")),
        {"type": "conversation", "id": "tea"},
        participant("ann"),
        participant("ben", left),
        *(
            {"type": "message", "id": f"m{number}", "conversation": "tea", "sender": "ann",
             "sent_at": START + 10 * number, "body": f"m{number}"}
            for number in (1, 2, 3)
        ),
    ]  # fmt: skip


def receipt(name: str, **fields: Any) -> Record:
    times = {key: START + value if key.endswith("_at") else value for key, value in fields.items()}
    return {"type": "receipt", "message": name, "user": "ben", **times}


def watermark(state: str, name: str, second: int, **fields: Any) -> Record:
    return {"type": "watermark", "conversation": "tea", "user": "ben", f"{state}_up_to": name,
            "at": START + second, **fields}  # fmt: skip


def times(name: str) -> tuple[Any, ...]:
    row = MessageStatus.objects.get(message__body=name, recipient__username="ben")
    return row.received_at, row.delivered_at, row.seen_at, row.read_at


def shown() -> tuple[str | None, str | None]:
    """The watermarks of ben as others see them, by the messages' texts."""
    (ben,) = found = list(ConversationParticipant.objects.filter(user__username="ben"))
    show_watermarks(found)
    texts = dict(Message.objects.values_list("pk", "body"))
    return (
        texts.get(ben.last_delivered_message_id or 0),
        texts.get(ben.last_read_message_id or 0),
    )


@pytest.fixture
def ben(db: None) -> User:
    return User.objects.create(username="ben", delivery_receipts_enabled=False)


def test_an_imported_delivery_is_private_while_the_switch_is_off(ben: User) -> None:
    """By a receipt and by a watermark, which moves nothing."""
    import_records([*talk(), receipt("m3", delivered_at=35), watermark("delivered", "m2", 25)])
    assert [times(name) for name in ("m1", "m2", "m3")] == [
        (at(25), None, None, None),
        (at(25), None, None, None),
        (at(35), None, None, None),
    ]
    assert shown() == (None, None)
    assert not Message.objects.exclude(overall_status="sent").exists()


def test_an_imported_open_read_discloses_the_delivery_at_its_time(ben: User) -> None:
    """Rule 13: whatever said before when it arrived."""
    import_records([*talk(), watermark("delivered", "m3", 31), watermark("read", "m2", 40)])
    assert times("m1") == (at(31), at(40), at(40), at(40))
    assert times("m3") == (at(31), None, None, None)
    assert shown() == ("m2", "m2")


def test_an_imported_private_read_is_no_delivery(ben: User) -> None:
    """``"private": true`` keeps its meaning: a delivery, which is private here."""
    import_records([*talk(), receipt("m1", read_at=15, private=True),
                    watermark("read", "m2", 25, private=True)])  # fmt: skip
    assert times("m1") == (at(15), None, at(15), None)
    assert times("m2") == (at(25), None, at(25), None)
    assert shown() == (None, None)


def test_a_failure_outlasts_an_imported_private_delivery(ben: User) -> None:
    """Rule 11."""
    import_records([*talk(), receipt("m1", failed_at=12, reason="off", delivered_at=15)])
    row = MessageStatus.objects.get(message__body="m1")
    assert (row.failed_at, row.failure_reason, row.received_at) == (at(12), "off", at(15))


def test_switching_deliveries_off_takes_back_nothing_that_was_imported() -> None:
    """Also where the file is imported again."""
    records = [*talk(), receipt("m1", delivered_at=15, read_at=16),
               receipt("m2", delivered_at=21), watermark("delivered", "m3", 35)]  # fmt: skip
    import_records(records)
    before = [times(name) for name in ("m1", "m2", "m3")]
    User.objects.update(delivery_receipts_enabled=False)
    said = import_records(records)
    assert [times(name) for name in ("m1", "m2", "m3")] == before
    assert said[-1] == "Nothing changed: everything already existed."
    assert shown() == ("m3", None)


def test_switching_deliveries_on_discloses_nothing_that_was_imported(ben: User) -> None:
    """A position is private as it was first imported, and so is an equal receipt."""
    records = [*talk(), receipt("m1", delivered_at=15), watermark("delivered", "m3", 35)]
    import_records(records)
    User.objects.update(delivery_receipts_enabled=True)
    import_records(records)
    assert [times(name)[1] for name in ("m1", "m2", "m3")] == [None, None, None]
    assert shown() == (None, None)


def test_an_earlier_private_delivery_of_a_later_file_hides_an_open_one() -> None:
    """Rule 6, and no watermark covers it any more."""
    import_records([*talk(), watermark("delivered", "m3", 50)])
    assert shown() == ("m3", None)
    User.objects.update(delivery_receipts_enabled=False)
    import_records([receipt("m2", delivered_at=25)])
    assert times("m2") == (at(25), None, None, None)
    assert shown() == ("m1", None)


def test_of_two_imported_deliveries_at_once_the_private_one_counts() -> None:
    """Rule 6: both are from before the message, and so at its own time."""
    import_records([*talk(), watermark("delivered", "m1", 5)])
    User.objects.update(delivery_receipts_enabled=False)
    import_records([watermark("delivered", "m1", 7)])
    assert times("m1") == (at(10), None, None, None)


@pytest.mark.parametrize("private_first", [False, True])
def test_no_watermark_of_a_leaver_covers_a_private_delivery(private_first: bool) -> None:
    """His rows are withdrawn, and hold nothing back."""
    privately, openly = receipt("m2", delivered_at=25), watermark("delivered", "m3", 50)
    User.objects.create(username="ben")
    import_records(talk(left=60))
    for record in (privately, openly) if private_first else (openly, privately):
        User.objects.update(delivery_receipts_enabled=record is not privately)
        import_records([*talk(left=60), record])
    assert times("m2")[:2] == (at(25), None)
    assert shown() == ("m1", None)


@pytest.fixture
def loaded(group: Conversation, alice: User) -> Message:
    """A message whose rows were never written."""
    message = say(alice, group)
    MessageStatus.objects.all().delete()
    Message.objects.update(recipient_count=0)
    return message


@pytest.mark.parametrize(
    ("assumed", "reads", "expected"),
    [
        ("delivered", True, ("pending", False)),
        ("read", True, ("read", True)),
        ("read", False, ("pending", True)),
    ],
)
def test_a_backfill_assumes_no_delivery_of_somebody_who_receives_privately(
    api: Any, loaded: Message, alice: User, bob: User, assumed: str, reads: bool,
    expected: tuple[str, bool],
) -> None:  # fmt: skip
    """Except with an open read."""
    switches = {"delivery_receipts_enabled": False, "read_receipts_enabled": reads}
    User.objects.filter(pk=bob.pk).update(**switches)
    run("backfill_receipts", "--assume", assumed)
    (row,) = api(alice).get(f"/messages/{loaded.pk}/recipients/?search=bob")["results"]
    seen = loaded.statuses.get(recipient=bob).seen_at is not None
    assert (row["state"], seen) == expected
    assert row["delivered_at"] == row["read_at"]
