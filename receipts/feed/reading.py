"""The events after a position, in pages."""

from __future__ import annotations

import time
from collections.abc import Container, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from chat.sql.prepared import fetch_prepared
from receipts.feed.cluster import between_sql, reached_since
from receipts.feed.event import EVENT_COLUMNS, FeedEvent, events_of
from receipts.feed.positions import (
    NEWEST_EVENT,
    NOTHING,
    NOW,
    CursorExpired,
    Position,
    is_ahead,
)
from receipts.feed.snapshots import (
    Snapshots,
    oldest,
    parse_snapshots,
    snapshots_text,
    up_to_event,
)
from receipts.models import ACCOUNT_CLOSED, EventHorizon, EventKind
from receipts.sql.run import among_ids, fetch_rows, id_list

#: An event's time is the start of its transaction or statement, but it is visible at commit, so a
#: cursor must be newer than the horizon by this much to be sure to miss no event.
SLACK = timedelta(hours=1)


#: Events after a position on one node; parameters ``seen`` and ``oldest``.
_AFTER = {
    "postgresql": """event.node = 0 AND event.xid >= %(oldest)s
          AND NOT pg_visible_in_snapshot(CAST(CAST(event.xid AS text) AS xid8),
                                         CAST(%(seen)s AS pg_snapshot))
          AND pg_visible_in_snapshot(CAST(CAST(event.xid AS text) AS xid8), look.until)""",
    "sqlite": """event.node = 0 AND event.xid = 0 AND event.id > %(seen)s
          AND event.id <= look.until""",
}
#: Where this poll ends: at the position of its first page, or at the caller's ``until``.
_UNTIL = {
    "postgresql": "CAST(%(until)s AS pg_snapshot)",
    "sqlite": "CAST(%(until)s AS integer)",
}
_LOOK = {
    vendor: f"SELECT COALESCE({_UNTIL[vendor]}, {now}) AS until, {NEWEST_EVENT[vendor]} AS newest"
    for vendor, now in NOW.items()
}
#: The first events in the order of the feed.
_PAGE = "ORDER BY event.node, event.xid, event.id LIMIT %(limit)s"
#: All events except users' own reads, which are for themselves (rule 13), and their own copies of
#: others.
_EVERYBODY = f"""
    SELECT {EVENT_COLUMNS} FROM {{look}}receipts_receiptevent AS event WHERE {{after}}
       AND event.kind NOT IN ('{EventKind.CONVERSATION_READ.value}', '{ACCOUNT_CLOSED}')
       AND NOT (event.kind = '{EventKind.CONVERSATION_DELETED.value}'
                AND event.audience_id IS NOT NULL)
     {_PAGE}"""
_ALL = f"""
    SELECT {EVENT_COLUMNS} FROM {{look}}receipts_receiptevent AS event WHERE {{after}}
     {_PAGE}"""
#: SQL condition: an event that some of the users ``ids`` may receive; for backends, too.
_HEARD_BY_USERS = "event.audience_id IS NULL OR {} OR (event.is_own_read AND {})"
_HEARD_BY_BACKENDS = f"event.kind = '{EventKind.RECEIPT_UPDATED.value}'"
#: Of more users than this, everybody's events are fetched.
MOST_SELECTED = 1_000
#: A user's own events, and their own reads that are one row with a sender's.
_OWN = f"""
        SELECT {EVENT_COLUMNS} FROM {{look}}receipts_receiptevent AS event
         WHERE event.audience_id = %(user)s AND {{after}}"""
_OWN_READS = _OWN.replace("event.audience_id =", "event.is_own_read AND event.actor_id =")
#: These, and those of their conversations since they joined. PostgreSQL takes a page of each by its
#: index, so that who was away for long does not sort all events at each page.
_ONES = {
    "postgresql": f"""
    SELECT * FROM (
        ({_OWN} {_PAGE})
        UNION ALL
        ({_OWN_READS} {_PAGE})
        UNION ALL
        SELECT shared.* FROM {{look}}chat_conversationparticipant AS participant
         CROSS JOIN LATERAL (
               SELECT {EVENT_COLUMNS} FROM receipts_receiptevent AS event
                WHERE event.audience_id IS NULL
                  AND event.conversation_id = participant.conversation_id AND {{after}}
                {_PAGE}) AS shared
         WHERE participant.user_id = %(user)s AND participant.is_active
    ) AS event ORDER BY node, xid, id LIMIT %(limit)s""",
    "sqlite": f"""
    SELECT * FROM ({_OWN}
        UNION ALL
        {_OWN_READS}
        UNION ALL
        SELECT {EVENT_COLUMNS} FROM {{look}}chat_conversationparticipant AS participant
          JOIN receipts_receiptevent AS event ON event.audience_id IS NULL
           AND event.conversation_id = participant.conversation_id
         WHERE participant.user_id = %(user)s AND participant.is_active AND {{after}}
    ) AS event ORDER BY node, xid, id LIMIT %(limit)s""",
}


@dataclass(frozen=True)
class EventPage:
    """Some events, the position after them, and whether there are more already."""

    events: list[FeedEvent]
    position: Position
    more: bool

    def may_end_before(self, number: int) -> bool:
        """Whether the page can be cut there: not between the two events of a row."""
        return number == 0 or self.events[number - 1].place != self.events[number].place

    def first(self, count: int, position: Position) -> EventPage:
        """The page cut to ``count`` events; ``position`` is the one before them all."""
        until = self.position.until or self.position.seen
        ahead = position.towards(until, self.events[count - 1].place)
        return EventPage(self.events[:count], ahead, more=True)


def of_user(position: Position, user_id: int, limit: int) -> EventPage:
    """Events for one user after a position."""
    page = _page(_ONES[connection.vendor], position, limit, {"user": user_id}, readers=[user_id])
    own = [event for event in page.events if event.audience_id in (None, user_id)]
    return replace(page, events=own)


def of_everybody(position: Position, limit: int) -> EventPage:
    """Events for a backend after a position: all except users' own reads."""
    return _page(_EVERYBODY, position, limit, {}, readers=())


def of_listeners(position: Position, limit: int, users: Set[int], *, backends: bool) -> EventPage:
    """All events after a position that users, and backends, may receive; and perhaps others.

    Most events are for users who are connected to no process, or to another one.
    """
    if len(users) > MOST_SELECTED:
        return _page(_ALL, position, limit, {}, readers=users)
    heard = _HEARD_BY_USERS.format(*map(among_ids, ("event.audience_id", "event.actor_id")))
    if backends:
        heard += f" OR {_HEARD_BY_BACKENDS}"
    query = _ALL.replace("{after}", f"{{after}} AND ({heard})")
    return _page(query, position, limit, {"ids": id_list(users)}, readers=users)


def check_not_expired(position: Position) -> None:
    """Raise ``CursorExpired`` if events after the position may have been pruned.

    Also if the position is ahead of this database, which is then an older copy.
    """
    horizon = EventHorizon.objects.values_list("pruned_before", flat=True).first()
    taken_at = datetime.fromtimestamp(position.taken_at, UTC)
    if horizon is not None and taken_at < horizon + SLACK:
        raise CursorExpired
    if is_ahead(position):
        raise CursorExpired


def _page(
    query: str, position: Position, limit: int, params: dict[str, Any], *, readers: Container[int]
) -> EventPage:
    # If ``until`` is from before this page, the time at which it was taken is unknown.
    taken_at = position.taken_at if position.until else int(time.time())
    params = {**params, "limit": limit + 1}
    read = _of_one_node if position.is_of_one_node else _of_nodes
    rows, until = read(query, position, params)
    if len(rows) > limit:
        node, xid, number, *_ = rows[limit - 1]
        ahead = position.towards(until, (node, xid, number))
        return EventPage(events_of(rows[:limit], readers), ahead, more=True)
    return EventPage(events_of(rows, readers), Position(until, taken_at), False)


def _of_one_node(
    query: str, position: Position, params: dict[str, Any]
) -> tuple[list[tuple[Any, ...]], str]:
    """The rows of a page, and where this poll ends: one statement, and so one snapshot."""
    vendor = connection.vendor
    behind, last = _behind(position, "xid", "id")
    after = query.format(look="look, ", after=_AFTER[vendor] + behind)
    place = {
        "seen": position.seen if vendor == "postgresql" else int(position.seen),
        "oldest": oldest(position.seen),
        "until": position.until or None,
        **last,
    }
    # The best plan of a further page depends on the page.
    fetch = fetch_rows if behind else fetch_prepared
    rows = fetch(
        f"WITH look AS ({_LOOK[vendor]}) SELECT CAST(look.until AS text), look.newest, event.*"
        f" FROM look LEFT JOIN ({after}) AS event ON TRUE ORDER BY node, xid, id",
        {**params, **place},
    )
    until = position.until or up_to_event(str(rows[0][0]), rows[0][1])
    return [row[2:] for row in rows if row[2] is not None], until


def _of_nodes(
    query: str, position: Position, params: dict[str, Any]
) -> tuple[list[tuple[Any, ...]], str]:
    """The same of several nodes: first their snapshots, then the events, if there are any."""
    seen = position.snapshots
    until: Snapshots
    if position.until:
        until = parse_snapshots(position.until)
    else:
        reached = reached_since(seen)
        until = reached.snapshots
        if not reached.has_news:
            return [], snapshots_text(until)
    new = {node: snapshot for node, snapshot in until.items() if seen.get(node) != snapshot}
    if not new:
        return [], snapshots_text(until)
    after, place = between_sql(seen, new)
    behind, last = _behind(position, "node", "xid", "id")
    rows = fetch_rows(query.format(look="", after=after + behind), {**params, **place, **last})
    return rows, snapshots_text(until)


def _behind(position: Position, *order: str) -> tuple[str, dict[str, int]]:
    """SQL condition with its parameters: events after the last one of the page before.

    Nothing on a first page: PostgreSQL finds by this condition where it begins to read the index,
    and not by the one on ``xid``. With zeros it would read the index from its beginning.
    """
    if position.last == NOTHING:
        return "", {}
    columns = ", ".join(f"event.{name}" for name in order)
    values = ", ".join(f"%({name})s" for name in order)
    last = dict(zip(("node", "xid", "id"), position.last, strict=True))
    return f" AND ({columns}) > ({values})", last
