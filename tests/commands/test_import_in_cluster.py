"""An import in a cluster works on a local copy; simulated on one server, run as it is on Citus."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chat.models import Conversation, ConversationName, Message
from receipts.importing.copying import _COPIED
from receipts.models import MessageStatus
from receipts.upkeep.distributing.tables import tables_of_coordinator
from tests.support.history import import_records

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

PEOPLE = [
    *({"type": "user", "id": user} for user in ("ann", "ben")),
    {"type": "conversation", "id": "tea"},
    *({"type": "participant", "conversation": "tea", "user": user} for user in ("ann", "ben")),
]
TALK = {"type": "message", "id": "m1", "conversation": "tea", "sender": "ann", "sent_at": 0}
READ = {"type": "receipt", "message": "m1", "user": "ben", "read_at": 9}


@pytest.mark.usefixtures("in_cluster")
def test_no_statement_joins_the_copy_with_a_table_of_the_coordinator(statements: Any) -> None:
    """Citus takes the temporary table for one that is not distributed, and refuses."""
    with statements() as counted:
        import_records([*PEOPLE, TALK, READ])
        import_records([TALK | {"edited_at": 5, "body": "Tea?"}, TALK | {"deleted_at": 7}])
    assert MessageStatus.objects.filter(read_at__isnull=False).count() == 1
    named = [{*re.findall(r"\w+", sql)} for sql in counted.sql]
    on_copy = [words for words in named if not words.isdisjoint(_COPIED)]
    assert on_copy
    assert [words & {*tables_of_coordinator()} for words in on_copy] == [set()] * len(on_copy)


@pytest.mark.usefixtures("in_cluster")
def test_a_reply_to_a_reply_of_an_earlier_file_is_of_its_thread() -> None:
    """The copy has the root, too, which the second file does not name."""
    reply = TALK | {"id": "m2", "sent_at": 2, "thread": "m1"}
    import_records([*PEOPLE, TALK, reply])
    import_records([TALK | {"id": "m3", "sent_at": 3, "thread": "m2"}])
    root = Message.objects.get(external_id="m1")
    assert set(Message.objects.filter(thread=root.pk).values_list("external_id", flat=True)) == {
        "m2", "m3"
    }  # fmt: skip


@pytest.mark.usefixtures("in_cluster")
def test_each_of_many_conversations_has_its_own_name() -> None:
    """Citus answers the ids of new rows in the order of its shards."""
    import_records([{"type": "conversation", "id": f"tea-{number}"} for number in range(20)])
    found = dict(Conversation.objects.values_list("pk", "external_id"))
    named = dict(ConversationName.objects.values_list("conversation_id", "name"))
    assert named == {pk: f"ext:{name}" for pk, name in found.items()}
    assert len(found) == 20
