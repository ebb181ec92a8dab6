"""Ids of messages on one server: the column's own, in the statements that a send takes anyway.

Several nodes: tests/feed/test_any_node.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, User
from receipts.services import storing
from receipts.sql import new_ids
from receipts.sql.run import fetch_rows
from tests.support.cast import say

pytestmark = [pytest.mark.django_db, pytest.mark.one_server]

_NEXT = "SELECT nextval(pg_get_serial_sequence('chat_message', 'id'))"


def test_a_send_does_not_ask_where_ids_come_from(
    group: Conversation, alice: User, monkeypatch: pytest.MonkeyPatch, statements: Any
) -> None:
    monkeypatch.setattr(storing, "message_id_sql", lambda: pytest.fail("it was asked"))
    with statements() as counted:
        say(alice, group)
    [insert] = [sql for sql in counted.sql if "INSERT INTO chat_message " in sql]
    assert "seenby" not in insert
    assert "(id," not in insert.split("RETURNING")[0]


@pytest.mark.postgres
def test_without_the_function_of_distribute_the_columns_default_gives_the_id(
    group: Conversation, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a cluster after an upgrade, before ``distribute`` has run again."""
    new_ids._is_defined.cache_clear()
    monkeypatch.setattr(storing, "is_distributed", lambda: True)
    ((before,),) = fetch_rows(_NEXT)
    assert say(alice, group).pk == before + 1
