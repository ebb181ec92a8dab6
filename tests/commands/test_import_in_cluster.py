"""An import in a cluster works on a local copy; simulated on one server, run as it is on Citus."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chat import distributed
from receipts.importing.copying import _COPIED
from receipts.management.commands import import_history
from receipts.models import MessageStatus
from receipts.upkeep.distributing.tables import tables_of_coordinator
from tests.support.distributed import ON_CITUS
from tests.support.history import import_records

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

PEOPLE = [
    *({"type": "user", "id": user} for user in ("ann", "ben")),
    {"type": "conversation", "id": "tea"},
    *({"type": "participant", "conversation": "tea", "user": user} for user in ("ann", "ben")),
]
TALK = {"type": "message", "id": "m1", "conversation": "tea", "sender": "ann", "sent_at": 0}
READ = {"type": "receipt", "message": "m1", "user": "ben", "read_at": 9}


@pytest.fixture
def in_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    if not ON_CITUS:
        monkeypatch.setattr(distributed, "_found", [True])
        monkeypatch.setattr(import_history, "is_at_worker", lambda: False)


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
