"""Ids of a history are stored as they are, and change imported messages only."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, ConversationParticipant, Message, MessageName, User
from receipts.models import MessageStatus
from tests.support.cast import say
from tests.support.history import START, Record, history_time, import_records
from tests.support.named import say_named

pytestmark = pytest.mark.django_db

#: Names as bridges make them: Matrix, XMPP occupants, WhatsApp, and the longest that fit.
NAMES = [
    "$Xp3/a b+c%2F:tea.example",
    "room@chat.example/Ann Ö.",
    "wamid." + "H" * 249,
    "import:7",
    "ext:7",
    "7",
    "-" * 255,
]


def message(name: str, sender: str = "ann", sent: int = 10, **fields: Any) -> Record:
    return {"type": "message", "id": name, "conversation": "tea", "sender": sender,
            "sent_at": START + sent, "body": name[:9], **fields}  # fmt: skip


def participant(name: str) -> Record:
    return {"type": "participant", "conversation": "tea", "user": name, "joined_at": START}


PEOPLE: list[Record] = [
    *({"type": "user", "id": name} for name in ("ann", "ben")),
    {"type": "conversation", "id": "tea"},
    participant("ann"),
    participant("ben"),
]


@pytest.fixture
def tea() -> Conversation:
    """A history of one message, in a conversation that is live since."""
    import_records([*PEOPLE, message("m1")])
    return Conversation.objects.get(external_id="tea")


@pytest.fixture
def sent(tea: Conversation) -> Message:
    """Sent here by Ann, as ``order-7``."""
    return say_named("order-7", User.objects.get(username="ann"), tea)


def lines_refused(said: list[str]) -> list[str]:
    return [line for line in said if line.startswith("line ")]


@pytest.mark.parametrize("name", NAMES)
def test_a_message_keeps_its_id_as_it_is(name: str) -> None:
    read = {"type": "receipt", "message": name, "user": "ben", "read_at": START + 20}
    said = import_records([*PEOPLE, message(name), read])
    assert lines_refused(said) == []
    (stored,) = Message.objects.all()
    assert (stored.external_id, stored.client_id, stored.is_imported) == (name, None, True)
    named = MessageName.objects.get(external_id=name)
    assert (named.message_id, named.conversation_id) == (stored.pk, stored.conversation_id)
    assert MessageStatus.objects.get().read_at == history_time(20)


@pytest.mark.parametrize("name", ["room@chat.example/Ann", "a/b/c d", "u" * 255, "Ö" * 255])
def test_a_user_keeps_their_id_as_it_is(name: str) -> None:
    people = [{"type": "user", "id": name}, participant(name)]
    said = import_records([*PEOPLE, *people, message("m1", sender=name)])
    assert lines_refused(said) == []
    assert Message.objects.get().sender.username == name


def test_an_import_again_changes_nothing(tea: Conversation) -> None:
    said = import_records([*PEOPLE, message("m1"), message("m2", sent=11)])
    assert "messages: 1 imported, 1 already existed" in said
    assert list(MessageName.objects.order_by("pk").values_list("pk", flat=True)) == ["m1", "m2"]
    said = import_records([*PEOPLE, message("m1"), message("m2", sent=11)])
    assert "Nothing changed: everything already existed." in said


NAMING: list[tuple[str, Record]] = [
    ("message", {"type": "receipt", "user": "ben", "read_at": START + 20}),
    ("read_up_to", {"type": "watermark", "conversation": "tea", "user": "ben", "at": START + 20}),
    ("delivered_up_to",
     {"type": "watermark", "conversation": "tea", "user": "ben", "at": START + 20}),
    ("up_to", {"type": "seen", "conversation": "tea", "user": "ben"}),
]  # fmt: skip


@pytest.mark.parametrize(("field", "record"), NAMING)
def test_a_record_cannot_mark_what_was_sent_here(sent: Message, field: str, record: Any) -> None:
    said = import_records([*PEOPLE, {**record, field: "order-7"}])
    assert lines_refused(said) == [f"line 6: {field}: message order-7 was sent here, not imported"]
    row = MessageStatus.objects.get(message=sent)
    assert (row.delivered_at, row.seen_at, row.read_at) == (None, None, None)
    # Nor is it marked where the conversation is named by another line.
    import_records([*PEOPLE, {**record, field: "order-7"}, message("m2", sent=12)])
    row.refresh_from_db()
    assert (row.delivered_at, row.seen_at, row.read_at) == (None, None, None)
    ben = ConversationParticipant.objects.get(user__username="ben")
    assert (ben.last_delivered_message_id, ben.last_read_message_id) == (None, None)


@pytest.mark.parametrize("same", [True, False], ids=["the same message", "another one"])
def test_a_record_cannot_be_a_message_that_was_sent_here(sent: Message, same: bool) -> None:
    """Its text, edit or deletion changes nothing, whatever else is equal."""
    record = message("order-7", edited_at=START + 10**8, deleted_at=START + 10**8, body="changed")
    if same:
        record |= {"sent_at": sent.created_at.isoformat(), "edited_at": None, "deleted_at": None}
    said = import_records([*PEOPLE, record, message("m2", sent=12)])
    assert lines_refused(said) == ["line 6: id: message order-7 was sent here, not imported"]
    assert "messages: 1 imported, 0 already existed" in said
    before = Message.objects.values().get(pk=sent.pk)
    sent.refresh_from_db()
    assert (sent.body, sent.edited_at, sent.deleted_at) == ("hello", None, None)
    assert before["is_imported"] is False


def test_a_client_id_is_no_name(tea: Conversation) -> None:
    """Nor does what it begins with matter any more."""
    ann = User.objects.get(username="ann")
    here = say(ann, tea, client_id="import:m9")
    said = import_records([*PEOPLE, message("m9"), message("import:m9", sent=11)])
    assert lines_refused(said) == []
    assert (Message.objects.get(pk=here.pk).is_imported, Message.objects.count()) == (False, 4)


# --- System lines --------------------------------------------------------------------------------


def test_a_system_line_is_stored_without_receipts(tea: Conversation) -> None:
    """Rule 15: shown, but received by nobody, and its sender need not take part."""
    eve = {"type": "user", "id": "eve"}
    said = import_records([*PEOPLE, eve, message("s1", sender="eve", sent=20, kind="system")])
    assert lines_refused(said) == []
    line = Message.objects.get(external_id="s1")
    assert (line.tracking, line.recipient_count, line.is_activity) == ("system", 0, False)
    assert not MessageStatus.objects.filter(message=line).exists()
    again = import_records([*PEOPLE, eve, message("s1", sender="eve", sent=20, kind="system")])
    assert "Nothing changed: everything already existed." in again


def test_a_system_line_may_count_as_activity(tea: Conversation) -> None:
    import_records([*PEOPLE, message("s1", sent=20, kind="system", activity=True)])
    assert Message.objects.get(external_id="s1").is_activity
    assert Message.objects.get(external_id="m1").is_activity


def test_nobody_receives_a_system_line_by_a_stay_of_a_later_file(tea: Conversation) -> None:
    import_records([*PEOPLE, message("s1", sent=20, kind="system")])
    cat = [{"type": "user", "id": "cat"}, participant("cat")]
    import_records([*PEOPLE, *cat])
    received = MessageStatus.objects.filter(recipient__username="cat")
    assert list(received.values_list("message__external_id", flat=True)) == ["m1"]


def test_a_receipt_of_a_system_line_is_refused_and_a_watermark_at_it_covers_what_is_before(
    tea: Conversation,
) -> None:
    line = message("s1", sent=20, kind="system")
    read = {"type": "receipt", "message": "s1", "user": "ben", "read_at": START + 30}
    mark = {"type": "watermark", "conversation": "tea", "user": "ben", "read_up_to": "s1",
            "at": START + 40}  # fmt: skip
    said = import_records([*PEOPLE, line, read, mark])
    assert lines_refused(said) == ["line 7: user: ben is not a recipient of message s1"]
    assert MessageStatus.objects.get().read_at == history_time(40)
    ben = ConversationParticipant.objects.get(user__username="ben")
    assert ben.last_read_message == Message.objects.get(external_id="m1")


def test_an_id_is_of_a_message_or_of_a_system_line(tea: Conversation) -> None:
    said = import_records([*PEOPLE, message("m1", kind="system")])
    assert lines_refused(said) == [
        "line 6: id: message m1 has a different conversation, sender, kind or sent_at"
        " in an earlier import"
    ]
