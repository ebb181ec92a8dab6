"""How what a history says of one row is merged with what the row says already.

Of all that is known, in any order of arrival: the earliest delivery and the earliest read, each
with its privacy, a private one of two at the same time (decision 9); the latest failure, while
nothing is delivered openly. Times only: a row that is withdrawn stays so, unless its read is
disclosed, since leaving comes after all reads (rule 2). Messages deleted later had their receipts
before.
"""

from __future__ import annotations

from collections.abc import Mapping

from receipts.ledger.change import Change
from receipts.ledger.conditions import FIRST_READ_SQL, TRACKED_SQL
from receipts.ledger.deliveries import FIRST_DELIVERY_SQL, UNDELIVERED_SQL
from receipts.ledger.departed import DEPARTED_AT_SQL
from receipts.sql.nulls import NULL_TEXT_SQL, NULL_TIME_SQL
from receipts.sql.run import by_code_point

#: SQL condition: the row was only ever marked as seen. Any read counts more, whenever it comes.
_ONLY_SEEN_SQL = f"""({TRACKED_SQL} AND status.read_at IS NULL
            AND status.seen_at = status.sent_at
            AND (mark.seen = 1 OR ({UNDELIVERED_SQL})
                 OR {FIRST_DELIVERY_SQL} > status.seen_at))"""
#: SQL condition: the history's read is the one that counts. Most rows are unread, so that comes
#: first.
_WINS_SQL = f"""(mark.read_at IS NOT NULL
            AND ((status.seen_at IS NULL AND status.read_at IS NULL)
                 OR mark.read_at < {FIRST_READ_SQL} OR {_ONLY_SEEN_SQL}
                 OR (mark.hidden = 1 AND mark.read_at = {FIRST_READ_SQL}
                     AND status.read_at = mark.read_at)))"""
_SEES_SQL = f"""(mark.seen = 1 AND status.read_at IS NULL
            AND (status.seen_at IS NULL
                 OR (NOT {TRACKED_SQL} AND status.seen_at > status.sent_at)))"""
_READ_SQL = f"""(CASE WHEN {_WINS_SQL}
             THEN CASE WHEN mark.hidden = 0 AND {TRACKED_SQL} THEN mark.read_at END
             ELSE status.read_at END)"""
_DELIVERS_SQL = f"""({TRACKED_SQL} AND mark.delivered_at IS NOT NULL
            AND (({UNDELIVERED_SQL}) OR {FIRST_DELIVERY_SQL} > mark.delivered_at))"""
_RECEIVES_SQL = f"""({TRACKED_SQL} AND mark.received_at IS NOT NULL
            AND (({UNDELIVERED_SQL}) OR {FIRST_DELIVERY_SQL} > mark.received_at
                 OR (status.received_at IS NULL AND status.delivered_at = mark.received_at)))"""
_FAILS_SQL = f"""({TRACKED_SQL} AND mark.failed_at IS NOT NULL
            AND mark.delivered_at IS NULL AND status.delivered_at IS NULL
            AND (status.failed_at IS NULL OR status.failed_at < mark.failed_at
                 OR (status.failed_at = mark.failed_at AND mark.reason IS NOT NULL
                     AND (status.failure_reason IS NULL
                          OR {by_code_point("status.failure_reason")} > mark.reason))))"""
_WRITES_SQL = f"""(mark.content IS NOT NULL
            AND (status.content IS NULL OR {by_code_point("status.content")} > mark.content))"""
_DELIVERED_SQL = f"""CASE WHEN {_DELIVERS_SQL} THEN mark.delivered_at
             WHEN status.received_at IS NOT NULL OR {_RECEIVES_SQL} THEN {_READ_SQL}
             ELSE status.delivered_at END"""

_CHANGES_SQL = f"""({_WINS_SQL} OR {_SEES_SQL} OR {_DELIVERS_SQL} OR {_RECEIVES_SQL} OR {_FAILS_SQL}
       OR (status.read_at IS NOT NULL AND {_WRITES_SQL}))"""

# Conditions that hold for most rows come first: SQLite evaluates these several times for each.
_BECOMES = {
    "received_at": f"""CASE WHEN {_DELIVERS_SQL} THEN {NULL_TIME_SQL}
             WHEN {_RECEIVES_SQL} THEN mark.received_at ELSE status.received_at END""",
    "delivered_at": _DELIVERED_SQL,
    # A message without receipts keeps no other time: the earliest is that it was seen.
    "seen_at": f"""CASE WHEN {_SEES_SQL} AND NOT {TRACKED_SQL} THEN status.sent_at
             WHEN {_WINS_SQL} THEN mark.read_at
             WHEN {_SEES_SQL} THEN status.sent_at ELSE status.seen_at END""",
    "read_at": _READ_SQL,
    "withdrawn_at": f"""CASE WHEN status.withdrawn_at IS NULL AND status.read_at IS NULL
             THEN {NULL_TIME_SQL}
             WHEN {_READ_SQL} IS NOT NULL THEN {NULL_TIME_SQL}
             WHEN status.read_at IS NOT NULL THEN {DEPARTED_AT_SQL}
             ELSE status.withdrawn_at END""",
    "content": f"""CASE WHEN mark.content IS NULL AND status.content IS NULL
             THEN {NULL_TEXT_SQL}
             WHEN {_READ_SQL} IS NULL THEN {NULL_TEXT_SQL}
             WHEN {_WRITES_SQL} THEN mark.content ELSE status.content END""",
    "failed_at": f"""CASE WHEN mark.failed_at IS NULL AND status.failed_at IS NULL
             THEN {NULL_TIME_SQL}
             WHEN ({_DELIVERED_SQL}) IS NOT NULL THEN {NULL_TIME_SQL}
             WHEN {_FAILS_SQL} THEN mark.failed_at ELSE status.failed_at END""",
    "failure_reason": f"""CASE WHEN mark.failed_at IS NULL AND status.failed_at IS NULL
             THEN {NULL_TEXT_SQL}
             WHEN ({_DELIVERED_SQL}) IS NOT NULL THEN {NULL_TEXT_SQL}
             WHEN {_FAILS_SQL} THEN mark.reason ELSE status.failure_reason END""",
}
#: What the columns of ``mark`` are where it has deliveries and open reads only.
_PLAIN = {
    "mark.received_at": NULL_TIME_SQL,
    "mark.seen": "0",
    "mark.hidden": "0",
    "mark.content": NULL_TEXT_SQL,
    "mark.failed_at": NULL_TIME_SQL,
    "mark.reason": NULL_TEXT_SQL,
}


def merge(where: str, params: Mapping[str, object], source: str, *, plain: bool) -> Change:
    """Merge the rows where ``where`` holds with ``mark``, which ``source`` joins to ``status``.

    Its columns: ``delivered_at`` and ``read_at``, or null, at least the message's own time. Unless
    it is ``plain`` also ``received_at``, of a private delivery in place of ``delivered_at``;
    ``hidden``: 1 for a private read; ``seen``: 1 if it was seen, without any receipt; ``content``,
    ``failed_at`` and ``reason``, or null.
    """
    becomes = dict(_BECOMES)
    if plain:
        which = f"({_WINS_SQL} OR {_DELIVERS_SQL})"
        becomes["seen_at"] = f"CASE WHEN {_WINS_SQL} THEN mark.read_at ELSE status.seen_at END"
        del becomes["content"]  # no read stops being disclosed
    else:
        which = _CHANGES_SQL
    for column, value in _PLAIN.items() if plain else ():
        which = which.replace(column, value)
        becomes = {name: sql.replace(column, value) for name, sql in becomes.items()}
    return Change(
        which=f"{where} AND {which}",
        becomes=becomes,
        params=params,
        source=source,
        quiet=True,
        may_retract=not plain,
    )
