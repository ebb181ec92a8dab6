"""How what a history says of one row is merged with what the row says already.

Of all that is known, in any order of arrival: the earliest delivery; the earliest read, with its
privacy, a private one of two at the same time (decision 9); the earliest failure, while nothing is
delivered. Times only: a row that is withdrawn stays so, unless its read is disclosed, since
leaving comes after all reads (rule 2). Messages deleted later had their receipts before.
"""

from __future__ import annotations

from collections.abc import Mapping

from receipts.ledger.marks import (
    DEPARTED_AT_SQL,
    FIRST_READ_SQL,
    NULL_TEXT_SQL,
    NULL_TIME_SQL,
    TRACKED_SQL,
)
from receipts.ledger.stamp import Change

#: SQL condition: the row was only ever marked as seen. Any read counts more, whenever it comes.
_ONLY_SEEN_SQL = f"""({TRACKED_SQL} AND status.read_at IS NULL
            AND status.seen_at = status.sent_at
            AND (mark.seen = 1 OR status.delivered_at IS NULL
                 OR status.delivered_at > status.seen_at))"""
_KNOWN_SQL = f"(CASE WHEN {_ONLY_SEEN_SQL} THEN {NULL_TIME_SQL} ELSE {FIRST_READ_SQL} END)"
#: SQL condition: the history's read is the one that counts.
_WINS_SQL = f"""COALESCE(mark.read_at IS NOT NULL
            AND ({_KNOWN_SQL} IS NULL OR mark.read_at < {_KNOWN_SQL}
                 OR (mark.hidden = 1 AND mark.read_at = {_KNOWN_SQL}
                     AND status.read_at = mark.read_at)), FALSE)"""
_SEES_SQL = f"""COALESCE(mark.seen = 1 AND status.read_at IS NULL
            AND (status.seen_at IS NULL
                 OR (NOT {TRACKED_SQL} AND status.seen_at > status.sent_at)), FALSE)"""
_READ_SQL = f"""(CASE WHEN NOT {_WINS_SQL} THEN status.read_at
             WHEN {TRACKED_SQL} AND mark.hidden = 0 THEN mark.read_at END)"""
_DELIVERS_SQL = f"""COALESCE({TRACKED_SQL} AND mark.delivered_at IS NOT NULL
            AND (status.delivered_at IS NULL OR status.delivered_at > mark.delivered_at), FALSE)"""
_FAILS_SQL = f"""COALESCE({TRACKED_SQL} AND mark.failed_at IS NOT NULL
            AND mark.delivered_at IS NULL AND status.delivered_at IS NULL
            AND (status.failed_at IS NULL OR status.failed_at > mark.failed_at
                 OR (status.failed_at = mark.failed_at
                     AND status.failure_reason > mark.reason)), FALSE)"""
_WRITES_SQL = """(mark.content IS NOT NULL
            AND (status.content IS NULL OR status.content > mark.content))"""

_CHANGES_SQL = f"""({_WINS_SQL} OR {_SEES_SQL} OR {_DELIVERS_SQL} OR {_FAILS_SQL}
       OR (status.read_at IS NOT NULL AND {_WRITES_SQL}))"""


def merge(where: str, params: Mapping[str, object], source: str) -> Change:
    """Merge the rows where ``where`` holds with ``mark``, which ``source`` joins to ``status``.

    Its columns: ``delivered_at``, ``read_at``, ``content``, ``failed_at`` and ``reason``, or null;
    ``hidden``: 1 for a private read; ``seen``: 1 if it was seen, without any receipt. No time may
    be before the message's own.
    """
    delivered = f"""CASE WHEN {_DELIVERS_SQL} THEN mark.delivered_at
             ELSE status.delivered_at END"""
    return Change(
        which=f"{where} AND {_CHANGES_SQL}",
        becomes={
            "delivered_at": delivered,
            "seen_at": f"""CASE WHEN {_SEES_SQL} AND (NOT {_WINS_SQL} OR NOT {TRACKED_SQL})
             THEN status.sent_at
             WHEN {_WINS_SQL} THEN mark.read_at ELSE status.seen_at END""",
            "read_at": _READ_SQL,
            "withdrawn_at": f"""CASE WHEN {_READ_SQL} IS NOT NULL THEN {NULL_TIME_SQL}
             WHEN status.read_at IS NOT NULL THEN {DEPARTED_AT_SQL}
             ELSE status.withdrawn_at END""",
            "content": f"""CASE WHEN {_READ_SQL} IS NULL THEN {NULL_TEXT_SQL}
             WHEN {_WRITES_SQL} THEN mark.content ELSE status.content END""",
            "failed_at": f"""CASE WHEN ({delivered}) IS NOT NULL THEN {NULL_TIME_SQL}
             WHEN {_FAILS_SQL} THEN mark.failed_at ELSE status.failed_at END""",
            "failure_reason": f"""CASE WHEN ({delivered}) IS NOT NULL THEN {NULL_TEXT_SQL}
             WHEN {_FAILS_SQL} THEN mark.reason ELSE status.failure_reason END""",
        },
        params=params,
        source=source,
        quiet=True,
        may_retract_reads=True,
    )
