"""``distribute``: over the nodes of a cluster, once; and what it refuses, with nothing changed."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection

from chat.models import MODERATORS, ConversationName, Message, User
from receipts import services
from receipts.models import InsightsChange, InsightsConversationDay, InsightsPart
from receipts.sql.distributed import forget_what_was_found, is_distributed
from receipts.sql.run import execute, fetch_rows
from receipts.upkeep.distributing import checks, running, statements
from receipts.upkeep.distributing.tables import tables_of_coordinator
from tests.support.cast import ON_POSTGRES, say
from tests.support.commands import Statements, run, run_fails
from tests.support.entering import ON_CITUS

pytestmark = pytest.mark.django_db

_KEYS = "SELECT pg_get_constraintdef(oid) FROM pg_constraint ORDER BY oid"
_PLACES = """
    SELECT CAST(logicalrelid AS text), partmethod, colocationid, repmodel FROM pg_dist_partition
     ORDER BY 1"""


def refused() -> str:
    """The one line with which the command refuses, when it has printed nothing else."""
    said, error = run_fails("distribute", code=1)
    assert said == []
    assert "\n" not in error
    return error


@pytest.fixture
def as_if_undistributed(monkeypatch: pytest.MonkeyPatch) -> None:
    """On one server: as in a cluster whose tables are not distributed yet."""
    if ON_CITUS:
        pytest.skip("about tables that are not distributed")
    monkeypatch.setattr(running, "check_database", lambda: None)
    monkeypatch.setattr(statements, "_PLACED", "SELECT 'nothing' WHERE FALSE")
    monkeypatch.setattr(statements, "_KNOWN", "SELECT 'nothing' WHERE FALSE")
    monkeypatch.setattr(statements, "node_statements", list)
    monkeypatch.setattr(statements, "new_id_statements", list)


@pytest.mark.skipif(ON_CITUS, reason="about a server without it")
def test_a_server_without_the_extension_is_refused_and_unchanged() -> None:
    if ON_POSTGRES:
        before = fetch_rows(_KEYS)
        assert refused().startswith("The database has no extension citus;")
        assert fetch_rows(_KEYS) == before
    else:
        assert refused() == (
            "DATABASE_URL names SQLite; only PostgreSQL with Citus can distribute tables."
        )


@pytest.mark.postgres
@pytest.mark.usefixtures("as_if_undistributed")
@pytest.mark.whole_tables
def test_a_dry_run_prints_the_statements_and_runs_none() -> None:
    before = fetch_rows(_KEYS)
    written = []

    def note(execute: Any, sql: str, *call: Any) -> Any:
        written.append(sql)
        return execute(sql, *call)

    with connection.execute_wrapper(note):
        said = run("distribute", "--dry-run")
    assert all(sql.lstrip().startswith("SELECT") for sql in written)
    assert said[-1].endswith("statements; nothing was changed")
    assert "SELECT create_reference_table('chat_user');" in said
    assert "ALTER TABLE chat_message ADD PRIMARY KEY (conversation_id, id);" in said
    distributed = "SELECT create_distributed_table('{}', '{}', colocate_with => '{}');"
    assert distributed.format("chat_conversation", "id", "none") in said
    of_conversation = ("conversation_id", "chat_conversation")
    assert distributed.format("receipts_messagestatus", *of_conversation) in said
    assert fetch_rows(_KEYS) == before


@pytest.mark.postgres
@pytest.mark.usefixtures("as_if_undistributed")
def test_every_table_with_a_conversation_is_distributed_by_it() -> None:
    """A model that is added later is not forgotten."""
    said = " ".join(run("distribute", "--dry-run"))
    found = [
        model
        for model in apps.get_models()
        if "conversation" in {field.name for field in model._meta.fields}
        and model not in (InsightsPart, InsightsChange, InsightsConversationDay)  # the rollup
    ]
    assert Message in found
    for model in found:
        assert f"_table('{model._meta.db_table}'" in said, model.__name__


@pytest.mark.postgres
@pytest.mark.usefixtures("as_if_undistributed")
def test_a_table_of_others_that_refers_to_ours_is_in_the_way() -> None:
    execute("CREATE TABLE payroll (person bigint REFERENCES chat_user (id))")
    assert refused() == (
        "The table payroll, which is not of this project, refers to chat_user:"
        " drop its foreign key payroll_person_fkey first."
    )


@pytest.mark.postgres
@pytest.mark.usefixtures("as_if_undistributed")
@pytest.mark.whole_tables
@pytest.mark.parametrize(
    ("added", "reason"),
    [
        ("UNIQUE (body)", "The unique constraint strange of chat_message does not name the"),
        (
            "FOREIGN KEY (id) REFERENCES django_session (session_key)",
            "The foreign key strange of chat_message refers to django_session, which is not",
        ),
    ],
)
def test_a_key_that_no_node_can_keep_is_in_the_way(added: str, reason: str) -> None:
    if "REFERENCES" in added:
        execute("ALTER TABLE chat_message ADD COLUMN session varchar(40)")
        added = added.replace("(id)", "(session)")
    execute(f"ALTER TABLE chat_message ADD CONSTRAINT strange {added}")
    assert refused().startswith(reason)


@pytest.mark.postgres
@pytest.mark.usefixtures("as_if_undistributed")
def test_a_trigger_is_in_the_way() -> None:
    execute("CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
    execute(
        "CREATE TRIGGER watching AFTER INSERT ON chat_message"
        " FOR EACH ROW EXECUTE FUNCTION nothing()"
    )
    assert refused() == "The table chat_message has the trigger watching: drop it first."


@pytest.mark.postgres
@pytest.mark.usefixtures("as_if_undistributed")
def test_what_the_server_refuses_is_said_in_one_line_and_changes_nothing() -> None:
    """Here it has no such function."""
    before = fetch_rows(_KEYS)
    said, error = run_fails("distribute", code=1)
    assert said[-1] == "SELECT create_reference_table('chat_user');"
    assert error.startswith("Nothing was changed: ")
    assert "\n" not in error
    assert fetch_rows(_KEYS) == before


@pytest.mark.citus
def test_a_second_run_changes_nothing() -> None:
    before = fetch_rows(_KEYS), fetch_rows(_PLACES)
    assert run("distribute") == ["All tables are distributed already."]
    assert run("distribute", "--dry-run") == ["All tables are distributed already."]
    assert (fetch_rows(_KEYS), fetch_rows(_PLACES)) == before


@pytest.mark.citus
def test_what_belongs_to_a_conversation_lies_on_one_node() -> None:
    """Each table by conversation is in the same group of tables; users are on every node."""
    places = {table: rest for table, *rest in fetch_rows(_PLACES)}
    of_messages = places["chat_message"]
    assert of_messages[0] == "h"
    for table in checks.BY_CONVERSATION:
        assert places[table] == of_messages
    assert places["chat_user"][0] == "n"
    assert places["chat_user"][2] == "t"


@pytest.mark.citus
def test_what_lies_on_the_coordinator_is_found_from_all_nodes() -> None:
    """A model that is added later is not forgotten."""
    places = {table: rest for table, *rest in fetch_rows(_PLACES)}
    for table in tables_of_coordinator():
        method, _, model = places[table]
        assert (method, model) == ("n", "s"), table


@pytest.mark.citus
@pytest.mark.django_db(transaction=True)
def test_ids_of_messages_are_unique_whichever_node_gives_them(alice: User, bob: User) -> None:
    """Workers give ids from ranges of their own."""
    room = services.create_conversation(owner=alice, participants=[bob], kind="group")
    given = {say(alice, room).pk for _ in range(3)}
    found = fetch_rows(
        "SELECT result FROM run_command_on_workers("
        "'SELECT nextval(pg_get_serial_sequence(''chat_message'', ''id''))') WHERE success"
    )
    numbers = {int(number) for (number,) in found}
    assert len(numbers) == len(found) > 1
    assert not given & numbers


@pytest.mark.citus
def test_ids_go_on_where_they_were(alice: User) -> None:
    """Also of tables that Citus places anew since they refer to users: a migration made a group."""
    assert Group.objects.create(name="Readers").pk > Group.objects.get(name=MODERATORS).pk


@pytest.mark.citus
def test_a_name_of_a_conversation_is_unique_over_all_nodes(alice: User, bob: User) -> None:
    room = services.create_conversation(
        owner=alice, participants=[bob], kind="group", external_id="tea"
    )
    assert ConversationName.objects.get(pk="ext:tea").conversation_id == room.pk
    again, created = services.create_once(
        owner=alice, participants=[bob], kind="group", external_id="tea"
    )
    assert (again.pk, created) == (room.pk, False)


def test_asking_whether_tables_are_distributed_is_no_statement_of_a_request() -> None:
    forget_what_was_found()
    counted = Statements()
    with connection.execute_wrapper(counted):
        assert is_distributed() == ON_CITUS
    assert counted.count == 0
