"""The feed of several nodes: each event is judged by the snapshot of the node that wrote it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, User
from receipts import services
from receipts.feed.cluster import NodeSilent, newest_snapshots
from receipts.feed.positions import Position, position_of
from receipts.feed.reading import of_listeners
from receipts.feed.snapshots import earlier, parse_snapshots, snapshots_text
from receipts.models import EventKind, ReceiptEvent
from tests.support.cast import say
from tests.support.committing import on_its_own, write
from tests.support.nodes import Answer, Reader, written

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

NOTHING_SEEN = {1: "1:1:", 2: "1:1:"}


@pytest.fixture
def bobs(api: Any, bob: User) -> Callable[[dict[int, str]], Reader]:
    """``bobs(seen)``: bob follows from there."""
    return lambda seen: Reader(api(bob), "bob", seen)


def test_each_event_is_judged_by_the_snapshot_of_its_own_node(
    answer: Answer, bobs: Any, group: Conversation, direct: Conversation, alice: User
) -> None:
    """Node 1 has committed its transaction 12; that of node 2 with the same id is running."""
    reader = bobs(NOTHING_SEEN)
    first = written(alice, group, node=1, xid=12)
    second = written(alice, direct, node=2, xid=12)
    answer({1: "20:20:", 2: "12:20:12"})
    assert reader.messages() == [first]
    answer({1: "20:20:", 2: "20:20:"})
    assert reader.messages() == [second]
    assert reader.messages() == []


@pytest.mark.parametrize("known", [(1,), (3,), (1, 3)])
def test_all_events_of_a_node_that_is_not_in_the_cursor_are_new(
    answer: Answer,
    bobs: Any,
    group: Conversation,
    direct: Conversation,
    alice: User,
    known: tuple[int, ...],
) -> None:
    """It was added after the cursor was given; its transactions begin at low ids."""
    reader = bobs(dict.fromkeys(known, "900:900:"))
    for node in known:
        written(alice, group, node=node, xid=899)
    added = written(alice, direct, node=2, xid=7)
    answer({2: "8:8:"} | dict.fromkeys(known, "900:900:"))
    assert reader.messages() == [added]
    assert reader.messages() == []


def test_events_of_a_node_that_is_gone_are_told_once(
    answer: Answer, bobs: Any, group: Conversation, direct: Conversation, alice: User
) -> None:
    """Its shards were moved, with the last events that it wrote."""
    reader = bobs({1: "10:10:", 2: "10:14:11"})
    written(alice, group, node=2, xid=9)
    written(alice, group, node=2, xid=13)
    late = written(alice, group, node=2, xid=11)
    last = written(alice, group, node=2, xid=17)
    answer({1: "30:30:"})
    assert reader.messages() == [late, last]
    assert reader.messages() == []
    other = written(alice, direct, node=1, xid=29)
    assert reader.messages() == [other]


def test_a_node_that_was_gone_continues_where_it_was(
    answer: Answer, bobs: Any, group: Conversation, alice: User
) -> None:
    """It gets shards again: what it wrote earlier is not new, what it writes now is."""
    reader = bobs(NOTHING_SEEN)
    early = written(alice, group, node=2, xid=17)
    answer({1: "30:30:"})
    assert reader.messages() == [early]
    again = written(alice, group, node=2, xid=19)
    answer({1: "30:30:", 2: "18:20:18"})
    assert reader.messages() == [again]


def test_a_node_with_shards_that_does_not_answer_is_an_error(
    answer: Answer, group: Conversation, alice: User
) -> None:
    """Its running transactions are unknown, so going on might lose them."""
    written(alice, group, node=2, xid=17)
    answer({1: "30:30:"}, with_shards=(2,))
    with pytest.raises(NodeSilent, match=r"\[2\]"):
        of_listeners(Position(snapshots_text(NOTHING_SEEN), 0), 10, [alice.pk], backends=False)


@pytest.mark.parametrize("limit", [1, 2, 3, 200])
def test_pages_of_any_size_cover_all_nodes(
    answer: Answer, bobs: Any, group: Conversation, direct: Conversation, alice: User, limit: int
) -> None:
    reader = bobs(NOTHING_SEEN)
    sent = [
        written(alice, room, node=node, xid=xid)
        for node, room in ((1, group), (2, direct))
        for xid in (5, 6, 6)
    ]
    answer({1: "9:9:", 2: "7:7:"})
    assert reader.messages(limit) == sent


def test_what_happens_between_two_pages_comes_after_them_on_every_node(
    answer: Answer, bobs: Any, group: Conversation, direct: Conversation, alice: User
) -> None:
    """Also what commits late with a lower transaction id, on a node that was passed already."""
    reader = bobs(NOTHING_SEEN)
    first = written(alice, group, node=1, xid=8)
    second = written(alice, direct, node=2, xid=5)
    answer({1: "6:9:6", 2: "9:9:"})
    page = reader.page(1)
    assert [event["message"]["id"] for event in page["results"]] == [first]
    late = written(alice, group, node=1, xid=6)
    answer({1: "9:9:", 2: "9:9:"})
    page = reader.page(1)
    assert [event["message"]["id"] for event in page["results"]] == [second]
    assert reader.messages(1) == [late]


def test_a_cursor_from_before_tables_were_distributed_goes_on(
    answer: Answer, bobs: Any, group: Conversation, direct: Conversation, alice: User
) -> None:
    """Its events were written on the coordinator, node 0, which has no shards afterwards."""
    old = written(alice, group, node=0, xid=40)
    reader = bobs({0: "41:41:", 1: "1:1:"})
    missed = written(alice, group, node=0, xid=43)
    new = written(alice, direct, node=1, xid=4)
    answer({1: "5:5:"})
    assert old not in (told := reader.messages())
    assert sorted(told) == sorted([missed, new])


def test_events_of_a_moved_conversation_stay_in_their_order(
    answer: Answer, bobs: Any, group: Conversation, alice: User
) -> None:
    reader = bobs(NOTHING_SEEN)
    before = [written(alice, group, node=2, xid=xid) for xid in (50, 51)]
    after = [written(alice, group, node=1, xid=xid) for xid in (7, 8)]
    answer({1: "9:9:", 2: "60:60:"})
    assert reader.messages() == before + after


def test_a_cursor_that_is_ahead_of_one_node_has_expired(
    answer: Answer, api: Any, bob: User
) -> None:
    """That node was restored from an older copy."""
    answer({1: "50:50:", 2: "50:50:"})
    position = Position("1=50:50:;2=51:51:", int(timezone.now().timestamp()))
    api(bob).get(f"/events/?after={position.cursor('bob')}", status=410)


def test_the_newest_position_ends_at_the_newest_event_of_each_node(
    answer: Answer, group: Conversation, direct: Conversation, alice: User
) -> None:
    """Decision 13: later ids may be given again after a crash of that node."""
    written(alice, group, node=1, xid=10)
    written(alice, direct, node=3, xid=70)
    answer({1: "8:30:8,20", 2: "40:40:"})
    assert newest_snapshots() == {1: "8:11:8", 2: "1:1:", 3: "71:71:"}


def test_a_poll_without_news_forgets_no_running_transaction(
    answer: Answer, bobs: Any, group: Conversation, alice: User
) -> None:
    reader = bobs({1: "8:11:8", 2: "1:1:"})
    written(alice, group, node=1, xid=10)
    answer({1: "8:30:8,20", 2: "40:40:"})
    assert reader.messages() == []
    assert parse_snapshots(position_of(reader.cursor, "bob").seen)[1] == "8:11:8"
    late = written(alice, group, node=1, xid=8)
    answer({1: "20:30:20", 2: "40:40:"})
    assert reader.messages() == [late]


def test_the_first_of_a_nodes_snapshots_counts() -> None:
    """Its shards answer one after the other; what only the later one shows may be missing."""
    assert earlier("5:9:5,7", "7:9:7") == earlier("7:9:7", "5:9:5,7") == "5:9:5,7"
    assert earlier("9:9:", "9:12:9") == "9:9:"


def follow_to_the_end(get: Callable[[str], Any], cursor: str) -> list[int]:
    """What pages of all sizes tell until nothing is left beside or after "the end"."""
    told, bodies = list[int](), set[str]()
    while True:
        page = get(f"/events/?after={cursor}&limit={random.choice((1, 3, 10, 200))}")
        told += [event["message"]["id"] for event in page["results"]]
        bodies |= {event["message"]["body"] for event in page["results"]}
        cursor = page["cursor"]
        if "the end" in bodies and not page["more"]:
            return told


@pytest.mark.usefixtures("two_nodes")
def test_whatever_commits_when_each_event_is_told_once(api: Any, alice: User, bob: User) -> None:
    rooms = [
        services.create_conversation(owner=alice, participants=[bob], kind="group")
        for _ in range(4)
    ]
    call, first = api(bob), Position(snapshots_text(newest_snapshots()), 2**32).cursor("bob")
    with ThreadPoolExecutor(len(rooms) + 1) as pool:
        paged = pool.submit(on_its_own, follow_to_the_end, call.get, first)
        for writer in [pool.submit(on_its_own, write, alice, room) for room in rooms]:
            writer.result()
        say(alice, rooms[0], "the end")
        told = Counter(paged.result())
    events = ReceiptEvent.objects.filter(kind=EventKind.MESSAGE_CREATED)
    assert set(events.values_list("node", flat=True)) == {1, 2}
    sent = Counter(messages[0] for messages in events.values_list("messages", flat=True))
    assert told == sent
