"""How far somebody has been told: a place in the events that skips none, whatever commits when.

Events are numbered when they are written and seen when they commit, so a number alone would skip
those that commit late. On PostgreSQL a position is a snapshot: what was to be seen in it has been
told, and what was not, has not, whenever it began. It ends at the newest event that was visible in
it, since a crash can give later transaction ids out again (docs/decisions/0013). On SQLite, where
one writes at a time, it is the last event's id.
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
    """What came after this cursor is no longer there: load everything anew."""


@dataclass(frozen=True)
class Position:
    """Everything up to ``seen`` has been told; of what ``until`` adds, everything up to ``last``.

    ``taken_at`` are Unix seconds. ``until`` is empty except between the pages of one look.
    """

    seen: str
    taken_at: int
    until: str = ""
    last: tuple[int, int] = NOTHING

    @property
    def oldest(self) -> int:
        """No event of a lower transaction can be new."""
        return int(self.seen.split(":")[0])

    @property
    def newest(self) -> int:
        """No event of this transaction or a later one has been told; on SQLite, of a later id."""
        return int(self.seen.split(":")[1 if ":" in self.seen else 0])

    def towards(self, until: str, last: tuple[int, int] = NOTHING) -> Position:
        """The same, some events further on the way to another one, which is nowhere before it."""
        return replace(self, until=until, last=last)

    def cursor(self, whose: str) -> str:
        """As the caller keeps it: who can read nothing in it, nor change it, nor use another's.

        Encrypted, since numbers that count everybody's doings would tell of private ones (rule 13).
        """
        told = f"{self.taken_at:x} {self.seen} {self.until} {self.last[0]} {self.last[1]} {whose}"
        return _cipher(settings.SECRET_KEY).encrypt(told.encode()).decode()


def position_of(cursor: str, whose: str) -> Position:
    """The position that a cursor stands for; raises ``BadCursor``."""
    try:
        told = _cipher(settings.SECRET_KEY).decrypt(cursor.encode()).decode()
    except (InvalidToken, ValueError) as error:
        raise BadCursor from error
    taken_at, seen, until, xid, number, owner = told.split(" ", 5)
    if owner != whose or (":" in seen) != (connection.vendor == "postgresql"):
        raise BadCursor  # ours, but of somebody else, or of another kind of database
    return Position(seen, int(taken_at, 16), until, (int(xid), int(number)))


@lru_cache(maxsize=1)
def _cipher(secret: str) -> Fernet:
    """Encrypts and signs; with a key of its own, made from the service's secret."""
    digest = hashlib.sha256(b"receipts.feed.cursor " + secret.encode()).digest()
    return Fernet(urlsafe_b64encode(digest))


def newest_position() -> Position:
    """Where the feed is now: nothing that is committed comes after it."""
    vendor = connection.vendor
    ((now, newest),) = fetch_rows(f"SELECT {NOW[vendor]}, {NEWEST_EVENT[vendor]}")
    return Position(seen=up_to_event(str(now), newest), taken_at=int(time.time()))


def is_ahead(position: Position) -> bool:
    """Whether a position is of a later database than this one, which is an older copy of it."""
    ((now,),) = fetch_rows(f"SELECT {NOW[connection.vendor]}")
    return position.newest > Position(str(now), 0).newest


def up_to_event(now: str, newest: int | None) -> str:
    """What a position keeps of ``now``: nothing beyond ``newest``, the newest visible event's.

    Of transactions after it, none has an event that is visible, so nothing is published twice. Nor
    is anything skipped after a crash, which forgets the ids of transactions that left nothing on
    disk and gives them out again: the newest event was committed, so ids up to its own are durable.
    """
    if ":" not in now:
        return now
    oldest, end, running = now.split(":")
    kept = min(int(end), (newest or 0) + 1)
    still = ",".join(xid for xid in running.split(",") if xid and int(xid) < kept)
    return f"{min(int(oldest), kept)}:{kept}:{still}"


#: What has been told to one who has been told everything, in SQL.
NOW = {
    "postgresql": "pg_current_snapshot()",
    # The number last given, whether its event is still there or pruned.
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
