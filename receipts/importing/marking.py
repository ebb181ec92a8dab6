"""What a history says of each row: receipts and positions, applied to the rows they cover."""

from __future__ import annotations

from django.db import transaction

from receipts.importing.positions import check_positions, derive_positions
from receipts.importing.receipts import check_receipts, clamped, derive_receipts
from receipts.importing.report import Report
from receipts.importing.staging import derive, slices
from receipts.importing.watermarks import PARTICIPANTS_OF, hold_back, hold_back_receivers
from receipts.ledger.concealing import taken_back
from receipts.ledger.merging import merge
from receipts.ledger.stamp import stamp
from receipts.sql.nulls import NULL_TEXT_SQL, NULL_TIME_SQL
from receipts.sql.run import fetch_rows

#: What each position and each receipt says of each row. A row is covered by every position of its
#: recipient at its own message or a later one: going down from the last, the earliest time so
#: far. A history does not mark messages that were sent here.
_COVERED = """
        SELECT conversation_id, user_id, message_id, sent_at, delivered_at, received_at, open_at,
               private_at, seen
          FROM (SELECT conversation_id, user_id, message_id, is_row, sent_at, {columns}
                  FROM (SELECT conversation_id, user_id, message_id, place, 0 AS is_row, sent_at,
                               delivered_at, received_at, open_at, private_at, seen
                          FROM import_position
                         UNION ALL
                        SELECT status.conversation_id, status.recipient_id, status.message_id,
                               place.place, 1, place.sent_at, NULL, NULL, NULL, NULL, NULL
                          FROM import_place AS place
                          JOIN receipts_messagestatus AS status
                            ON status.message_id = place.message_id
                           AND status.conversation_id = place.conversation_id
                         WHERE EXISTS (SELECT 1 FROM import_position AS position
                                        WHERE position.conversation_id = status.conversation_id
                                          AND position.user_id = status.recipient_id)) AS story
                WINDOW down AS (
                       PARTITION BY conversation_id, user_id ORDER BY place DESC, is_row)
               ) AS story
         WHERE is_row = 1
           AND (delivered_at IS NOT NULL OR received_at IS NOT NULL OR seen = 1)"""
_WITH_RECEIPTS = """
        SELECT conversation_id, user_id, message_id, MIN(sent_at) AS sent_at,
               MIN(delivered_at) AS delivered_at, MIN(received_at) AS received_at,
               MIN(open_at) AS open_at, MIN(private_at) AS private_at, MAX(seen) AS seen
          FROM ({covered}
                 UNION ALL
                SELECT conversation_id, user_id, message_id, sent_at, delivered_at, received_at,
                       open_at, private_at, 0
                  FROM import_told) AS said
         GROUP BY conversation_id, user_id, message_id"""
#: The columns of the positions, and of each row that they cover; how each is found, if any
#: position has it, and its value if none has.
_COLUMNS = {
    "delivered_at": ("MIN({}) OVER down", NULL_TIME_SQL),
    "received_at": ("MIN({}) OVER down", NULL_TIME_SQL),
    "open_at": ("MIN({}) OVER down", NULL_TIME_SQL),
    "private_at": ("MIN({}) OVER down", NULL_TIME_SQL),
    "seen": ("MAX({}) OVER down", "0"),
}

#: The merged times of each row, in slices. Of two marks at the same time the private one counts.
_MARKS = f"""
    SELECT timed.conversation_id, timed.user_id, timed.message_id, timed.seen,
           CASE WHEN timed.received_at <= timed.delivered_at THEN NULL ELSE timed.delivered_at END
               AS delivered_at,
           CASE WHEN timed.delivered_at < timed.received_at THEN NULL ELSE timed.received_at END
               AS received_at,
           CASE WHEN timed.open_at < timed.private_at OR timed.private_at IS NULL
                THEN timed.open_at ELSE timed.private_at END AS read_at,
           CASE WHEN timed.open_at < timed.private_at OR timed.private_at IS NULL
                THEN 0 ELSE 1 END AS hidden,
           {{notes}}
           ROW_NUMBER() OVER (ORDER BY timed.message_id, timed.user_id) / %(batch_size)s AS slice
      FROM (SELECT known.conversation_id, known.user_id, known.message_id, known.seen,
                   {clamped("known.delivered_at", "known.sent_at")} AS delivered_at,
                   {clamped("known.received_at", "known.sent_at")} AS received_at,
                   {clamped("known.open_at", "known.sent_at")} AS open_at,
                   {clamped("known.private_at", "known.sent_at")} AS private_at
              FROM ({{known}}) AS known) AS timed
      {{joined}}"""
_NOTES = {
    "notes": "note.content, note.failed_at, note.reason,",
    "joined": "LEFT JOIN import_note AS note ON note.message_id = timed.message_id"
    " AND note.user_id = timed.user_id",
}
_NO_NOTES = {
    "notes": f"{NULL_TEXT_SQL} AS content, {NULL_TIME_SQL} AS failed_at,"
    f" {NULL_TEXT_SQL} AS reason,",
    "joined": "",
}

_ROWS = """JOIN import_mark AS mark ON mark.message_id = status.message_id
               AND mark.user_id = status.recipient_id
               AND mark.conversation_id = status.conversation_id"""
_HIDDEN = """
    SELECT DISTINCT conversation_id, user_id FROM import_mark
     WHERE slice = %(slice)s AND (hidden = 1 OR received_at IS NOT NULL)"""
_RECEIVED = """
    SELECT DISTINCT conversation_id, user_id FROM import_mark
     WHERE slice = %(slice)s AND received_at IS NOT NULL"""


def apply_marks(report: Report, batch_size: int, *, assume_seen: bool) -> None:
    """Apply receipts and positions to the rows."""
    check_receipts(report)
    check_positions(report)
    derive_receipts()
    derive_positions(batch_size, assume_seen=assume_seen)
    plain = _derive_marks(batch_size, with_receipts=bool(report.good["receipt"]))
    for part in slices("import_mark", "marks"):
        with transaction.atomic():
            _mark(part, report, plain)


def _derive_marks(batch_size: int, *, with_receipts: bool) -> bool:
    """Derive what to apply; return whether it is plain: deliveries and open reads only.

    Most histories are, and what they do not have costs nothing.
    """
    ((has_private, has_hidden, has_seen),) = fetch_rows(
        "SELECT COUNT(private_at) > 0, COUNT(received_at) > 0, COALESCE(MAX(seen), 0) > 0"
        "  FROM import_position"
    )
    absent = {"private_at": not has_private, "received_at": not has_hidden, "seen": not has_seen}
    columns = ", ".join(
        f"{none if absent.get(name) else found.format(name)} AS {name}"
        for name, (found, none) in _COLUMNS.items()
    )
    covered = _COVERED.format(columns=columns)
    known = _WITH_RECEIPTS.format(covered=covered) if with_receipts else covered
    notes = _NOTES if with_receipts else _NO_NOTES
    marks = _MARKS.format(known=known, **notes)
    derive("import_mark", marks, {"batch_size": batch_size}, index="slice")
    return not (has_private or has_hidden or has_seen or with_receipts)


def _mark(part: dict[str, int], report: Report, plain: bool) -> None:
    """One slice, in one stamp: messages are locked in id order (rule 22)."""
    change = merge("mark.slice = %(slice)s", part, _ROWS, plain=plain)
    if plain or not fetch_rows(f"SELECT 1 FROM ({_HIDDEN}) AS hidden LIMIT 1", part):
        report.changes["status rows marked"] += stamp(change)
        return
    # No watermark covers what is private, and of what was open the events are concealed.
    hold_back(_HIDDEN, part)
    hold_back_receivers(_RECEIVED, part)
    was_open = taken_back(change)
    report.changes["status rows marked"] += stamp(change)
    if was_open.anything:
        found = fetch_rows(PARTICIPANTS_OF.format(pairs=_HIDDEN), part)
        was_open.conceal(pk for (pk,) in found)
