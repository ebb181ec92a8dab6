"""The snapshots of all nodes, where tables are distributed (docs/decisions/0029).

They are taken before events are read: whatever a snapshot shows was committed by then, so the read
finds it, wherever its shard lies. A shard that is moved takes its events with it; they keep the
node and the transaction that wrote them, and are judged by the snapshot of that node.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from receipts.feed.snapshots import Snapshots, all_up_to, earlier, end, oldest, up_to_event
from receipts.sql.distributed import is_distributed
from receipts.sql.nodes import BEACONS, nodes_with_shards
from receipts.sql.run import fetch_rows

#: A node that has just got its first shard answers the next time.
ATTEMPTS = 3


class NodeSilent(Exception):
    """A node has shards of events, but no row to read its snapshot by."""


@dataclass(frozen=True)
class Now:
    """Where the nodes have got, and whether there are events after the position before."""

    snapshots: Snapshots
    has_news: bool


def current_snapshots(seen: Snapshots) -> Snapshots:
    """The snapshots of the nodes that have shards; and the coordinator's own, if ``seen`` has one.

    That one is of events from before the tables were distributed.
    """
    now = _first_of_each(fetch_rows(f"SELECT here, now FROM ({_snapshots_sql()}) AS beacon"))
    if 0 in seen.keys() - now.keys():
        now |= _first_of_each(fetch_rows(f"SELECT here, now FROM ({ONE_SERVER}) AS server"))
    return now


def newest_snapshots() -> Snapshots:
    """The current snapshots, cut off after each node's newest event: none comes after them."""
    return reached_since({node: all_up_to(xid) for node, xid in newest_events()}).snapshots


def reached_since(seen: Snapshots) -> Now:
    """The current snapshots, each cut off after its node's newest event.

    ``seen`` are earlier ones. All events of a node that is not in them are new. A node without
    shards writes nothing, and its events have been moved to others: they are all visible. It is
    kept, since it may get shards again.
    """
    for _ in range(ATTEMPTS):
        now, newest = _ask(seen)
        silent = (seen.keys() | newest.keys()) - now.keys()
        # Asked afterwards: a node that has no shard now has nothing left to commit of what it
        # wrote before.
        if not silent or not silent & nodes_with_shards():
            break
    else:
        raise NodeSilent(f"Nodes {sorted(silent)} have no row in {BEACONS}: distribute again.")
    last = {node: end(snapshot) - 1 for node, snapshot in seen.items()}
    for node, xid in newest.items():
        last[node] = max(last.get(node, 0), xid)
    snapshots = {node: up_to_event(snapshot, last.get(node)) for node, snapshot in now.items()}
    snapshots |= {node: all_up_to(last[node]) for node in silent}
    return Now(snapshots, has_news=bool(newest))


def _ask(seen: Snapshots) -> tuple[dict[int, str], dict[int, int]]:
    """The nodes' snapshots, and the newest transactions of events after ``seen``, by node.

    One statement, in which each shard answers both. A node's first snapshot counts: its other
    shards were read later, so no event that this one shows is missing among the newest.
    """
    new, params = _new_sql(seen)
    rows = fetch_rows(
        f"""SELECT here, now, node, MAX(xid) FROM (
                SELECT beacon.*, CAST(NULL AS integer) AS node, CAST(NULL AS bigint) AS xid
                  FROM ({_snapshots_sql()}) AS beacon
                 UNION ALL
                SELECT event.conversation_id, NULL, NULL, event.node, event.xid
                  FROM receipts_receiptevent AS event WHERE {new}) AS found
             GROUP BY here, now, node""",
        params,
    )
    newest = {node: xid for _, _, node, xid in rows if node is not None}
    return _first_of_each((here, now) for here, now, *_ in rows if here is not None), newest


def _new_sql(seen: Snapshots) -> tuple[str, dict[str, Any]]:
    """SQL condition: an event is not visible in ``seen``; by ranges of nodes, for the index."""
    ranges, params, above = [], dict[str, Any](), -1
    for node in sorted(seen):
        if node > above + 1:
            ranges.append(f"event.node > {above:d} AND event.node < {node:d}")
        ranges.append(f"event.node = {node:d} AND {_unseen_sql(node)}")
        params |= _seen_params(node, seen[node])
        above = node
    ranges.append(f"event.node > {above:d}")
    return _either(ranges), params


def between_sql(seen: Snapshots, until: Snapshots) -> tuple[str, dict[str, Any]]:
    """SQL condition with its parameters: an event is visible in ``until`` and not in ``seen``.

    ``until`` has at least one snapshot, and none that is the same in ``seen``.
    """
    ranges, params = [], dict[str, Any]()
    for node, snapshot in sorted(until.items()):
        visible = f"""event.node = {node:d} AND event.xid < %(end_{node})s
            AND {_visible_sql(f"until_{node}")}"""
        params |= {f"end_{node}": end(snapshot), f"until_{node}": snapshot}
        if node in seen:
            visible += f" AND {_unseen_sql(node)}"
            params |= _seen_params(node, seen[node])
        ranges.append(visible)
    return _either(ranges), params


def _unseen_sql(node: int) -> str:
    return f"event.xid >= %(oldest_{node})s AND NOT {_visible_sql(f'seen_{node}')}"


def _visible_sql(snapshot: str) -> str:
    return f"""pg_visible_in_snapshot(
        CAST(CAST(event.xid AS text) AS xid8), CAST(%({snapshot})s AS pg_snapshot))"""


def _seen_params(node: int, snapshot: str) -> dict[str, Any]:
    return {f"oldest_{node}": oldest(snapshot), f"seen_{node}": snapshot}


def _either(conditions: list[str]) -> str:
    return "(" + " OR ".join(f"({each})" for each in conditions) + ")"


def _snapshots_sql() -> str:
    """SELECT: on each shard, the node and its snapshot."""
    if not is_distributed():
        return ONE_SERVER
    return f"""SELECT conversation_id, seenby_node() AS here,
                      CAST(pg_current_snapshot() AS text) AS now FROM {BEACONS}"""


#: One server is node 0.
ONE_SERVER = "SELECT 0 AS conversation_id, 0 AS here, CAST(pg_current_snapshot() AS text) AS now"


def _first_of_each(answers: Any) -> dict[int, str]:
    """The earliest snapshot of each node, whose shards answer one after the other."""
    found: dict[int, str] = {}
    for node, snapshot in answers:
        found[node] = earlier(found.get(node, snapshot), snapshot)
    return found


def newest_events() -> Iterator[tuple[int, int]]:
    """The nodes that have written events, each with the transaction of its newest one."""
    below = 2**31 - 1
    while rows := fetch_rows(_LAST_EVENT, {"below": below}):
        ((below, xid),) = rows
        yield below, xid


#: By index, as those of the next node are skipped.
_LAST_EVENT = """
    SELECT node, xid FROM receipts_receiptevent WHERE node < %(below)s
     ORDER BY node DESC, xid DESC LIMIT 1"""
