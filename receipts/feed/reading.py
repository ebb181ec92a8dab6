"""The events after a position, in pages; each page is one statement, and so one snapshot."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection

from receipts.feed.event import COLUMNS, Event, events_of
from receipts.feed.positions import (
    NEWEST_EVENT,
    NOW,
    CursorExpired,
    Position,
    is_ahead,
    up_to_event,
)
from receipts.models import EventHorizon, EventKind
from receipts.sql.run import fetch_rows

#: An event is stamped when its transaction begins or its statement does, and is seen when it
#: commits; a cursor may be older than the horizon by as much and still miss nothing.
SLACK = timedelta(hours=1)


#: What comes after a position; parameters ``seen``, ``oldest``, ``xid`` and ``id``.
_AFTER = {
    "postgresql": """event.xid >= %(oldest)s
          AND NOT pg_visible_in_snapshot(CAST(CAST(event.xid AS text) AS xid8),
                                         CAST(%(seen)s AS pg_snapshot))
          AND pg_visible_in_snapshot(CAST(CAST(event.xid AS text) AS xid8), look.until)
          AND (event.xid, event.id) > (%(xid)s, %(id)s)""",
    "sqlite": """event.xid = 0 AND event.id > MAX(%(seen)s, %(id)s)
          AND event.id <= look.until""",
}
#: How far this look goes: to where its first page found the feed, or the caller says.
_UNTIL = {
    "postgresql": "CAST(%(until)s AS pg_snapshot)",
    "sqlite": "CAST(%(until)s AS integer)",
}
_LOOK = {
    vendor: f"SELECT COALESCE({_UNTIL[vendor]}, {now}) AS until, {NEWEST_EVENT[vendor]} AS newest"
    for vendor, now in NOW.items()
}
#: All events, but for what people have read: that is for themselves (rule 13).
_EVERYBODY = f"""
    SELECT {COLUMNS} FROM look JOIN receipts_receiptevent AS event ON {{after}}
     WHERE event.kind <> '{EventKind.CONVERSATION_READ.value}'
     ORDER BY event.xid, event.id LIMIT %(limit)s"""
_ALL = f"""
    SELECT {COLUMNS} FROM look JOIN receipts_receiptevent AS event ON {{after}}
     ORDER BY event.xid, event.id LIMIT %(limit)s"""
#: One's own, and those of the conversations in which one takes part, since one does.
_ONES = f"""
    SELECT * FROM (
        SELECT {COLUMNS} FROM look
          JOIN receipts_receiptevent AS event ON event.audience_id = %(user)s AND {{after}}
        UNION ALL
        SELECT {COLUMNS} FROM look
          JOIN chat_conversationparticipant AS participant
            ON participant.user_id = %(user)s AND participant.is_active
          JOIN receipts_receiptevent AS event ON event.audience_id IS NULL
           AND event.conversation_id = participant.conversation_id AND {{after}}
    ) AS event ORDER BY xid, id LIMIT %(limit)s"""


@dataclass(frozen=True)
class Page:
    """Some events, the position behind them, and whether there are more already."""

    events: list[Event]
    position: Position
    more: bool

    def first(self, count: int, position: Position) -> Page:
        """The first of its events; ``position`` is the one that all of them come after."""
        until = self.position.until or self.position.seen
        last = self.events[count - 1]
        return Page(self.events[:count], position.towards(until, (last.xid, last.id)), more=True)


def of_user(position: Position, user_id: int, limit: int) -> Page:
    """What one user has not been told."""
    return _page(_ONES, position, limit, {"user": user_id})


def of_everybody(position: Position, limit: int) -> Page:
    """What a backend has not been told: everything but what people have read."""
    return _page(_EVERYBODY, position, limit, {})


def of_all(position: Position, limit: int) -> Page:
    """All events after a position, whoever they are for."""
    return _page(_ALL, position, limit, {})


def check_not_expired(position: Position) -> None:
    """Raises ``CursorExpired`` where events after the position may have been pruned.

    Or where it was taken on another database, of which this one is an older copy: it is ahead.
    """
    horizon = EventHorizon.objects.values_list("pruned_before", flat=True).first()
    taken_at = datetime.fromtimestamp(position.taken_at, UTC)
    if horizon is not None and taken_at < horizon + SLACK:
        raise CursorExpired
    if is_ahead(position):
        raise CursorExpired


def _page(query: str, position: Position, limit: int, params: dict[str, int]) -> Page:
    taken_at = int(time.time())
    vendor = connection.vendor
    after = query.format(after=_AFTER[vendor])
    place = {
        "seen": position.seen if vendor == "postgresql" else int(position.seen),
        "oldest": position.oldest,
        "until": position.until or None,
        "xid": position.last[0],
        "id": position.last[1],
        "limit": limit + 1,
    }
    rows = fetch_rows(
        f"WITH look AS ({_LOOK[vendor]}) SELECT look.until, look.newest, event.*"
        f" FROM look LEFT JOIN ({after}) AS event ON TRUE ORDER BY xid, id",
        {**params, **place},
    )
    until = position.until or up_to_event(str(rows[0][0]), rows[0][1])
    rows = [row[2:] for row in rows if row[2] is not None]
    if len(rows) > limit:
        xid, number, *_ = rows[limit - 1]
        ahead = position.towards(until, (xid, number))
        return Page(events_of(rows[:limit]), ahead, more=True)
    # What ``until`` was before this page, it was at a time that nobody knows any more.
    return Page(
        events_of(rows), Position(until, position.taken_at if position.until else taken_at), False
    )
