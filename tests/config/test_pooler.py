"""PgBouncer before the database, simulated by what shows it: another process than was announced."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from chat.models import Conversation, User
from config.environment import choice
from receipts.sql import pooler
from receipts.sql.pooler import limit_waits
from tests.support.cast import say
from tests.support.live import connected_to

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def new_connection() -> Iterator[None]:
    """Each test begins with none, as in a server whose waits are limited."""
    pooler._tell_once.cache_clear()
    connection.close()
    limit_waits(1_234)
    yield
    limit_waits(None)
    connection.close()


@pytest.fixture
def behind_a_pooler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psycopg.ConnectionInfo, "backend_pid", property(lambda info: 1))


class Asked(psycopg.RawCursor[Any]):
    """Counts the questions to new connections."""

    count = 0

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        Asked.count += 1
        return super().execute(*args, **kwargs)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> type[Asked]:
    monkeypatch.setattr(pooler, "RawCursor", Asked)
    Asked.count = 0
    return Asked


def value_of(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


PREPARED = "SELECT COUNT(*) FROM pg_prepared_statements"
LOCK_TIMEOUT = "SELECT current_setting('lock_timeout')"


def mark_all(api: Any, sender: User, reader: User, group: Conversation) -> None:
    """Everything that is prepared elsewhere: a message, marks of all kinds."""
    message = say(sender, group)
    for path in (
        f"messages/{message.pk}/delivered", f"messages/{message.pk}/read",
        f"conversations/{group.pk}/mark-read",
    ):  # fmt: skip
        assert api(reader).client.post(f"/api/v1/{path}/").status_code == 200


def test_statements_are_prepared_in_a_session_of_our_own(
    api: Any, alice: User, bob: User, group: Conversation
) -> None:
    mark_all(api, alice, bob, group)
    assert value_of(PREPARED) > 3
    assert value_of(LOCK_TIMEOUT) == "1234ms"


@pytest.mark.usefixtures("behind_a_pooler")
def test_nothing_is_left_in_the_session_of_a_pooler(
    api: Any, alice: User, bob: User, group: Conversation, caplog: pytest.LogCaptureFixture
) -> None:
    """No prepared statement and no setting; the log says once what does not hold there."""
    pooler._tell_once.cache_clear()
    with caplog.at_level(logging.INFO, logger="seenby.database"):
        connection.close()
        mark_all(api, alice, bob, group)
        connection.close()
        mark_all(api, alice, bob, group)
    assert value_of(PREPARED) == 0
    assert value_of(LOCK_TIMEOUT) == "0"
    told = [record.getMessage() for record in caplog.records if record.name == "seenby.database"]
    assert ["DB_PREPARE=on" in told[0], "DB_LOCK_TIMEOUT_MS=0" in told[1]] == [True, True]
    assert len(told) == 2


@pytest.mark.usefixtures("behind_a_pooler")
def test_a_pooler_that_keeps_statements_is_believed(
    api: Any, alice: User, bob: User, group: Conversation, settings: Any
) -> None:
    """DB_PREPARE=on."""
    settings.DB_PREPARE = "on"
    connection.close()
    mark_all(api, alice, bob, group)
    assert value_of(PREPARED) > 3


@pytest.mark.usefixtures("behind_a_pooler")
def test_an_import_refuses_a_pooler(tmp_path: Path) -> None:
    """Its temporary tables are of one session."""
    file = tmp_path / "history"
    file.write_text(json.dumps({"type": "user", "id": "ann"}))
    with pytest.raises(CommandError, match="PostgreSQL's own address") as raised:
        call_command("import_history", str(file))
    assert raised.value.returncode == 1


def test_a_new_connection_is_asked_once_and_a_request_never(
    api: Any, alice: User, bob: User, group: Conversation, asked: type[Asked]
) -> None:
    connection.close()
    mark_all(api, alice, bob, group)
    assert asked.count == 1


def test_a_pooled_connection_is_asked_once_however_often_it_is_lent(asked: type[Asked]) -> None:
    """Django's own pool announces a connection at each request."""
    options = connection.settings_dict["OPTIONS"] | {"pool": {"min_size": 1}}
    with connected_to(OPTIONS=options, CONN_MAX_AGE=0):
        for _ in range(3):
            assert value_of(LOCK_TIMEOUT) == "1234ms"
            connection.close()
        connection.close_pool()
    assert asked.count == 1


def test_a_connection_that_gives_no_answer_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is asked anew."""
    connection.close()
    with monkeypatch.context() as patch:
        patch.setattr(pooler, "_EXAMINE", "SELECT 1 / 0, $1::int, $2::int")
        with pytest.raises(Exception, match="division"):
            value_of(PREPARED)
    assert value_of(LOCK_TIMEOUT) == "1234ms"


@pytest.mark.parametrize(
    ("given", "found"),
    [("", "auto"), ("AUTO", "auto"), ("1", "on"), ("on", "on"), ("0", "off"), ("off", "off")],
)
def test_the_old_values_stay(monkeypatch: pytest.MonkeyPatch, given: str, found: str) -> None:
    monkeypatch.setenv("SEENBY_X", given)
    assert choice("SEENBY_X") == found
