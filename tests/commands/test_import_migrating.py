"""What earlier versions imported, after the migration to names (chat/0006)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Message, MessageName
from tests.support.history import START, import_records
from tests.support.migrating import migrate, migrate_all

#: Citus refuses to alter distributed tables as a migration does.
pytestmark = [pytest.mark.one_server, pytest.mark.django_db(transaction=True)]

BEFORE = [("chat", "0005_order_by_time"), ("receipts", "0009_history_of_imports")]


@pytest.fixture
def old() -> Iterator[Any]:
    """The models of the version before; afterwards all is migrated again."""
    yield migrate(BEFORE)
    migrate_all()


def add(old: Any, sender: Any, tea: Any, client_id: str | None, at: datetime) -> int:
    message = old.get_model("chat", "Message").objects.create(
        conversation=tea, sender=sender, client_id=client_id, created_at=at
    )
    return int(message.pk)


def test_imported_messages_get_their_ids_as_names(old: Any) -> None:
    """Others keep their ``client_id``. Of two with one name the first has it."""
    ann, ben = (
        old.get_model("chat", "User").objects.create(username=name) for name in ("ann", "ben")
    )
    tea = old.get_model("chat", "Conversation").objects.create(kind="group", external_id="tea")
    now = timezone.now()
    imported = add(old, ann, tea, "import:m1/a%2F", now)
    twice = add(old, ben, tea, "import:m1/a%2F", now)
    sent = [add(old, ann, tea, client_id, now) for client_id in (None, "m1", "IMPORT:m2")]

    migrate_all()
    found = {
        message.pk: (message.external_id, message.client_id, message.is_imported)
        for message in Message.objects.all()
    }
    assert found == {
        imported: ("m1/a%2F", None, True),
        twice: (None, None, True),
        sent[0]: (None, None, False),
        sent[1]: (None, "m1", False),
        sent[2]: (None, "IMPORT:m2", False),
    }
    assert list(MessageName.objects.values_list("external_id", "message", "conversation")) == [
        ("m1/a%2F", imported, tea.pk)
    ]


def test_an_import_after_the_migration_finds_what_was_imported_before(old: Any) -> None:
    ann = old.get_model("chat", "User").objects.create(username="ann")
    tea = old.get_model("chat", "Conversation").objects.create(kind="group", external_id="tea")
    add(old, ann, tea, "import:m1", datetime.fromtimestamp(START, timezone.get_default_timezone()))
    migrate_all()
    said = import_records(
        [
            {"type": "participant", "conversation": "tea", "user": "ann", "joined_at": START},
            {"type": "message", "id": "m1", "conversation": "tea", "sender": "ann",
             "sent_at": START},
        ]
    )  # fmt: skip
    assert "messages: 0 imported, 1 already existed" in said
    assert Message.objects.count() == 1


def test_going_back_restores_the_former_ids(old: Any) -> None:
    ann = old.get_model("chat", "User").objects.create(username="ann")
    tea = old.get_model("chat", "Conversation").objects.create(kind="group", external_id="tea")
    add(old, ann, tea, "import:m1", timezone.now())
    migrate_all()
    message = migrate(BEFORE).get_model("chat", "Message").objects.get()
    assert message.client_id == "import:m1"
