"""Positions in the feed, which skip no event in whatever order transactions commit.

Events are numbered when they are written and visible when they commit, so a number alone would
skip late commits. On PostgreSQL a position is a snapshot: events visible in it have been published,
all others have not, whenever they began. It ends at the newest event that was visible in
it, since PostgreSQL may reuse later transaction ids after a crash (docs/decisions/0013). On SQLite,
with one writer at a time, it is the last event's id.
"""

from __future__ import annotations

import hashlib
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import connection

from receipts.sql.run import fetch_rows

NOTHING = (0, 0)


class BadCursor(Exception):
    """Not a cursor of this feed."""


class CursorExpired(Exception):
    """Events after this cursor were deleted: the client must reload everything."""


@dataclass(frozen=True)
class Position:
    """Everything up to ``seen`` is published; of what ``until`` adds, everything up to ``last``.

    ``taken_at`` is in Unix seconds. ``until`` is empty except between the pages of one poll.
    """

    seen: str
    taken_at: int
    until: str = ""
    last: tuple[int, int] = NOTHING

    @property
    def oldest(self) -> int:
        """Every event of a lower transaction has been published."""
        return int(self.seen.split(":")[0])

    @property
    def newest(self) -> int:
        """No event from this transaction on has been published; on SQLite, none of a later id."""
        return int(self.seen.split(":")[1 if ":" in self.seen else 0])

    def towards(self, until: str, last: tuple[int, int] = NOTHING) -> Position:
        """This position advanced towards ``until``, which must not precede it."""
        return replace(self, until=until, last=last)

    def cursor(self, whose: str) -> str:
        """An opaque cursor: the caller cannot read or change it, nor use another user's.

        Encrypted, since ids that count all events would reveal private ones (rule 13).
        """
        told = f"{self.taken_at:x} {self.seen} {self.until} {self.last[0]} {self.last[1]} {whose}"
        return _cipher(settings.SECRET_KEY).encrypt(told.encode()).decode()


def position_of(cursor: str, whose: str) -> Position:
    """The position of a cursor; raises ``BadCursor``."""
    try:
        told = _cipher(settings.SECRET_KEY).decrypt(cursor.encode()).decode()
    except (InvalidToken, ValueError) as error:
        raise BadCursor from error
    taken_at, seen, until, xid, number, owner = told.split(" ", 5)
    if owner != whose or (":" in seen) != (connection.vendor == "postgresql"):
        raise BadCursor  # a valid cursor, but another user's or another kind of database's
    return Position(seen, int(taken_at, 16), until, (int(xid), int(number)))


@lru_cache(maxsize=1)
def _cipher(secret: str) -> Fernet:
    """Encrypts and signs, with a key derived from the service's secret."""
    digest = hashlib.sha256(b"receipts.feed.cursor " + secret.encode()).digest()
    return Fernet(urlsafe_b64encode(digest))


def newest_position() -> Position:
    """The current position: no committed event comes after it."""
    vendor = connection.vendor
    ((now, newest),) = fetch_rows(f"SELECT {NOW[vendor]}, {NEWEST_EVENT[vendor]}")
    return Position(seen=up_to_event(str(now), newest), taken_at=int(time.time()))


def is_ahead(position: Position) -> bool:
    """Whether the position is ahead of this database, which must then be an older copy."""
    ((now,),) = fetch_rows(f"SELECT {NOW[connection.vendor]}")
    return position.newest > Position(str(now), 0).newest


def up_to_event(now: str, newest: int | None) -> str:
    """``now`` cut off after ``newest``, the transaction of the newest visible event.

    No later transaction has a visible event, so nothing is published twice. Nor is anything
    skipped after a crash, when PostgreSQL may reuse ids of transactions that left nothing on disk:
    the newest event was committed, so ids up to its own are durable.
    """
    if ":" not in now:
        return now
    oldest, end, running = now.split(":")
    kept = min(int(end), (newest or 0) + 1)
    still = ",".join(xid for xid in running.split(",") if xid and int(xid) < kept)
    return f"{min(int(oldest), kept)}:{kept}:{still}"


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
    "postgresql": "(SELECT MAX(xid) FROM receipts_receiptevent WHERE xid <"
    " CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint))",
    "sqlite": "NULL",
}
