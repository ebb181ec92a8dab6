"""Positions in the feed, which skip no event in whatever order transactions commit.

Events are numbered when they are written and visible when they commit, so a number alone would
skip late commits. On PostgreSQL a position is a snapshot: events visible in it have been published,
all others have not, whenever they began. It ends at the newest event that was visible in
it, since PostgreSQL may reuse later transaction ids after a crash (docs/decisions/0013). On SQLite,
with one writer at a time, it is the last event's id. Where tables are distributed, it is a snapshot
of each node (docs/decisions/0029).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from django.db import connection

from chat.sealing import BadSeal, seal, unseal
from receipts.feed import cluster
from receipts.feed.snapshots import Snapshots, end, parse_snapshots, snapshots_text, up_to_event
from receipts.sql.distributed import is_distributed
from receipts.sql.run import fetch_rows

_PURPOSE = "receipts.feed.cursor"
#: The place of an event: its node, its transaction, its id.
EventPlace = tuple[int, int, int]
NOTHING: EventPlace = (0, 0, 0)


class BadCursor(Exception):
    """Not a cursor of this feed."""


class CursorExpired(Exception):
    """Events after this cursor were deleted: the client must reload everything."""


@dataclass(frozen=True)
class Position:
    """Everything up to ``seen`` is published; of what ``until`` adds, everything up to ``last``.

    Both are texts of snapshots. ``taken_at`` is in Unix seconds. ``until`` is empty except between
    the pages of one poll.
    """

    seen: str
    taken_at: int
    until: str = ""
    last: EventPlace = NOTHING

    @property
    def snapshots(self) -> Snapshots:
        """``seen``, by node."""
        return parse_snapshots(self.seen)

    @property
    def is_of_one_node(self) -> bool:
        """Whether it is a position of one server, in tables that are not distributed."""
        return not is_distributed() and "=" not in self.seen

    def towards(self, until: str, last: EventPlace = NOTHING) -> Position:
        """This position advanced towards ``until``, which must not precede it."""
        return replace(self, until=until, last=last)

    def cursor(self, whose: str) -> str:
        """An opaque cursor: the caller cannot read or change it, nor use another user's.

        Encrypted, since ids that count all events would reveal private ones (rule 13).
        """
        node, xid, number = self.last
        place = f"{node}={xid} {number}" if node else f"{xid} {number}"
        told = f"{self.taken_at:x} {self.seen} {self.until} {place} {whose}"
        return seal(_PURPOSE, told)


def position_of(cursor: str, whose: str) -> Position:
    """The position of a cursor; raises ``BadCursor``."""
    try:
        told = unseal(_PURPOSE, cursor)
    except BadSeal as error:
        raise BadCursor from error
    taken_at, seen, until, xid, number, owner = told.split(" ", 5)
    if owner != whose or (":" in seen) != (connection.vendor == "postgresql"):
        raise BadCursor  # a valid cursor, but another user's or another kind of database's
    node, _, xid = xid.rpartition("=")
    return Position(seen, int(taken_at, 16), until, (int(node or 0), int(xid), int(number)))


def newest_position() -> Position:
    """The current position: no committed event comes after it."""
    taken_at = int(time.time())
    if is_distributed():
        return Position(snapshots_text(cluster.newest_snapshots()), taken_at)
    vendor = connection.vendor
    ((now, newest),) = fetch_rows(f"SELECT {NOW[vendor]}, {NEWEST_EVENT[vendor]}")
    return Position(up_to_event(str(now), newest), taken_at)


def is_ahead(position: Position) -> bool:
    """Whether the position is ahead of this database, which must then be an older copy."""
    seen, now = position.snapshots, dict[int, str]()
    if position.is_of_one_node:
        now[0] = str(fetch_rows(f"SELECT {NOW[connection.vendor]}")[0][0])
    else:
        now |= cluster.current_snapshots(seen)
    return any(end(seen[node]) > end(now[node]) for node in seen.keys() & now.keys())


#: SQL: the current position.
NOW = {
    "postgresql": "pg_current_snapshot()",
    # The last id assigned, whether its event still exists or was pruned.
    "sqlite": "(SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence"
    " WHERE name = 'receipts_receiptevent')",
}
#: The transaction of the newest event that is visible now; SQLite's positions are events anyway.
#: A row with a later id was not written here, but in another cluster or by hand.
NEWEST_EVENT = {
    "postgresql": "(SELECT MAX(xid) FROM receipts_receiptevent WHERE node = 0 AND xid <"
    " CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint))",
    "sqlite": "NULL",
}
