"""Snapshots of the nodes that events are written on: what a position in the feed consists of.

On PostgreSQL, a snapshot is the text of ``pg_snapshot``, ``xmin:xmax:running``: the transactions
below ``xmin`` are over, those from ``xmax`` on have not begun. On SQLite it is an event's id.
Without Citus there is one node, 0 (``receipts.sql.nodes``).
"""

from __future__ import annotations

from collections.abc import Mapping

#: The snapshot of each node, by its id.
Snapshots = Mapping[int, str]


def parse_snapshots(text: str) -> dict[int, str]:
    """The snapshots of a text from ``snapshots_text``, or a single one, of node 0."""
    if "=" not in text:
        return {0: text}
    pairs = (each.split("=") for each in text.split(";"))
    return {int(node): snapshot for node, snapshot in pairs}


def snapshots_text(snapshots: Snapshots) -> str:
    """The snapshots as text without spaces; of node 0 alone, as that is."""
    if snapshots.keys() == {0}:
        return snapshots[0]
    return ";".join(f"{node}={snapshots[node]}" for node in sorted(snapshots))


def oldest(snapshot: str) -> int:
    """Every event of a lower transaction is visible in the snapshot."""
    return int(snapshot.split(":")[0])


def end(snapshot: str) -> int:
    """No event from this transaction on is visible; on SQLite, none of a later id."""
    return int(snapshot.split(":")[1 if ":" in snapshot else 0])


def up_to_event(now: str, newest: int | None) -> str:
    """``now`` cut off after ``newest``, the transaction of the newest visible event.

    No later transaction has a visible event, so nothing is published twice. Nor is anything
    skipped after a crash, when PostgreSQL may reuse ids of transactions that left nothing on disk:
    the newest event was committed, so ids up to its own are durable.
    """
    if ":" not in now:
        return now
    first, last, running = now.split(":")
    kept = min(int(last), (newest or 0) + 1)
    still = ",".join(xid for xid in running.split(",") if xid and int(xid) < kept)
    return f"{min(int(first), kept)}:{kept}:{still}"


def all_up_to(newest: int) -> str:
    """The snapshot in which all transactions up to ``newest`` are over."""
    return f"{newest + 1}:{newest + 1}:"


def earlier(one: str, other: str) -> str:
    """Which of two snapshots of a node was taken first: whatever it shows, the other shows."""
    return min(one, other, key=_moment)


def _moment(snapshot: str) -> tuple[int, int]:
    """Grows with each transaction of the node that begins or ends."""
    _, last, running = snapshot.split(":")
    return int(last), -len(running.split(",")) if running else 0
