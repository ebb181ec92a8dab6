"""The feed where tables are distributed, on a real Citus cluster (`--leg citus`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection

from chat.models import Conversation, User
from receipts import services
from receipts.feed import cluster
from receipts.feed.positions import newest_position
from receipts.feed.reading import of_user
from receipts.models import ReceiptEvent
from receipts.sql.nodes import BEACONS, node_statements, nodes_with_shards
from receipts.sql.run import execute, fetch_rows
from tests.support.cast import say
from tests.support.distributed import entering_by, nodes

pytestmark = [pytest.mark.citus, pytest.mark.django_db(transaction=True)]

#: On a shard of events: those of other nodes or transactions than the rows themselves, which may
#: bear the id of a savepoint within the transaction.
_STRANGE = """
    SELECT count(*) FROM %s
     WHERE node <> seenby_node() OR xmin::text::bigint NOT BETWEEN xid AND xid + 9"""
_SHARDS = """
    SELECT shardid, nodename, nodeport
      FROM pg_dist_shard JOIN pg_dist_shard_placement USING (shardid)
     WHERE logicalrelid = CAST('receipts_receiptevent' AS regclass)"""
_PLACE = f"""{_SHARDS}
       AND shardid = get_shard_id_for_distribution_column('receipts_receiptevent', %(room)s)"""
_NODES = """SELECT nodename, nodeport FROM pg_dist_node WHERE shouldhaveshards ORDER BY groupid"""
_MOVE = "SELECT citus_move_shard_placement({}, '{}', {}, '{}', {}, 'block_writes')"
Move = Callable[[int, str, int, str, int], None]


@pytest.fixture
def move() -> Iterator[Move]:
    """Moves a shard from a node to another one, by the coordinator; at the end, all go back."""
    before = {shard: node for shard, *node in fetch_rows(_SHARDS)}

    def move(shard: int, *places: Any) -> None:
        with entering_by(nodes()[0]):
            fetch_rows(_MOVE.format(shard, *places))

    yield move
    for shard, *node in fetch_rows(_SHARDS):
        if node != before[shard]:
            move(shard, *node, *before[shard])
    # What was left behind still refers to the users.
    with entering_by(nodes()[0]):
        execute("CALL citus_cleanup_orphaned_resources()")


@pytest.fixture
def elsewhere() -> Callable[[str, int], tuple[str, int]]:
    """Another node than the given one."""
    return lambda *node: next(other for other in fetch_rows(_NODES) if other != node)


class Pages:
    """A user who follows the feed in pages from now on."""

    def __init__(self, call: Any) -> None:
        self.call, self.cursor = call, call.get("/events/")["cursor"]

    def messages(self, limit: int = 100) -> list[int]:
        told: list[int] = []
        while True:
            page = self.call.get(f"/events/?after={self.cursor}&limit={limit}")
            told += [event["message"]["id"] for event in page["results"] if "message" in event]
            self.cursor = page["cursor"]
            if not page["more"]:
                return told


def test_where_no_node_has_news_a_page_is_empty(bob: User) -> None:
    """Citus refuses a join of whose condition nothing is left."""
    position = newest_position()
    assert of_user(position.towards(position.seen), bob.pk, 10).events == []


def test_events_carry_the_node_and_the_transaction_that_write_their_rows(
    api: Any, group: Conversation, direct: Conversation, alice: User, bob: User, carol: User
) -> None:
    for room in group, direct:
        message = say(alice, room).pk
        api(bob).post(f"/messages/{message}/delivered/")
        api(bob).post(f"/conversations/{room.pk}/mark-read/")
    services.delete_message(message_id=message, by=alice)
    services.deactivate_user(user=carol)
    services.delete_conversation(conversation_id=group.pk)
    kinds = set(ReceiptEvent.objects.values_list("kind", flat=True))
    assert len(kinds) >= 5, kinds
    answers = fetch_rows(
        "SELECT success, result FROM run_command_on_shards('receipts_receiptevent', %(sql)s)",
        {"sql": _STRANGE},
    )
    assert set(answers) == {(True, "0")}


@contextmanager
def prepared(room: Conversation, message: int) -> Iterator[None]:
    """An event of a transaction that its node commits at the end of the block, in two phases.

    As the coordinator does it, which has committed long before the last node has.
    """
    ((shard, host, port),) = fetch_rows(_PLACE, {"room": room.pk})
    name = str(connection.settings_dict["NAME"])
    login = {"user": connection.settings_dict["USER"] or "postgres"}
    with psycopg.connect(host=host, port=port, dbname=name, autocommit=True, **login) as node:
        node.execute("BEGIN")
        node.execute(
            f"""INSERT INTO receipts_receiptevent_{shard} (id, node, xid, kind, conversation_id,
                       is_delivery, messages, message_count, first_message, created_at)
                SELECT 9000000 + {message}, seenby_node(),
                       CAST(CAST(pg_current_xact_id() AS text) AS bigint), 'message.edited',
                       {room.pk}, FALSE, '[{message}]', 1, {message}, now()"""
        )
        node.execute("PREPARE TRANSACTION 'late'")
        yield
        node.execute("COMMIT PREPARED 'late'")


def test_what_a_node_commits_late_is_told_when_it_is_there(
    api: Any, group: Conversation, direct: Conversation, alice: User, bob: User
) -> None:
    early = say(alice, group).pk
    pages = Pages(api(bob))
    with prepared(group, early):
        sent = [say(alice, room).pk for room in (direct, group)]
        assert sorted(pages.messages()) == sorted(sent)
        middle = Pages(api(bob))
        sent = [say(alice, room).pk for room in (direct, group)]
        assert sorted(pages.messages(1)) == sorted(sent)
    assert pages.messages() == [early]
    assert sorted(middle.messages()) == sorted([*sent, early])


def test_events_of_a_moved_shard_are_told_once_and_in_order(
    api: Any, group: Conversation, alice: User, bob: User, move: Move, elsewhere: Any
) -> None:
    pages, later = Pages(api(bob)), Pages(api(bob))
    sent = [say(alice, group).pk]
    assert pages.messages() == sent
    ((shard, *node),) = fetch_rows(_PLACE, {"room": group.pk})
    for source, target in (node, elsewhere(*node)), (elsewhere(*node), node):
        before = say(alice, group).pk
        move(shard, *source, *target)
        after = say(alice, group).pk
        assert pages.messages() == [before, after]
        assert pages.messages() == []
        sent += [before, after]
    assert sorted(later.messages(2)) == sorted(sent)


def test_a_node_that_has_lost_all_shards_loses_no_event(
    api: Any, group: Conversation, direct: Conversation, alice: User, bob: User,
    move: Move, elsewhere: Any,
) -> None:  # fmt: skip
    ((_, *gone),) = fetch_rows(_PLACE, {"room": group.pk})
    pages, sent = Pages(api(bob)), [say(alice, room).pk for room in (group, direct)]
    holders = nodes_with_shards()
    for shard, *node in fetch_rows(_SHARDS):
        if node == gone:
            move(shard, *node, *elsewhere(*node))
    assert len(nodes_with_shards()) == len(holders) - 1
    new = Pages(api(bob))
    assert sorted(pages.messages()) == sorted(sent)
    assert pages.messages() == new.messages() == []
    sent = [say(alice, room).pk for room in (group, direct)]
    assert sorted(pages.messages()) == sorted(new.messages()) == sorted(sent)


def test_a_node_without_its_rows_is_an_error_until_tables_are_distributed_again(
    group: Conversation, alice: User
) -> None:
    """As after a shard was split and one half moved."""
    say(alice, group)
    assert node_statements() == []
    execute(f"DELETE FROM {BEACONS}")
    try:
        with pytest.raises(cluster.NodeSilent):
            cluster.newest_snapshots()
    finally:
        for statement in node_statements():
            execute(statement)
    assert cluster.newest_snapshots().keys() == nodes_with_shards()
    assert node_statements() == []
