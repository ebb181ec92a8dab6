"""What a history says of each row: receipts and positions, applied to the rows they cover."""

from __future__ import annotations

from django.db import transaction

from receipts.importing.order import IMPORTED_SQL
from receipts.importing.positions import check_positions, derive_positions
from receipts.importing.receipts import check_receipts, clamped, derive_receipts
from receipts.importing.report import Report
from receipts.importing.staging import derive, slices
from receipts.importing.watermarks import PARTICIPANTS_OF, hold_back
from receipts.ledger.concealing import conceal_reads, takes_back_reads
from receipts.ledger.merging import merge
from receipts.ledger.stamp import stamp
from receipts.sql.run import fetch_rows

#: The times of each row, from positions and receipts. A row is covered by every position of its
#: recipient at its own message or a later one: going down from the last, the earliest time so
#: far. A history does not mark messages that were sent here.
_MARKS = f"""
      WITH story AS (
        SELECT conversation_id, user_id, message_id, place, 0 AS is_row,
               delivered_at, open_at, private_at, seen
          FROM import_position
         UNION ALL
        SELECT status.conversation_id, status.recipient_id, status.message_id, place.place, 1,
               NULL, NULL, NULL, NULL
          FROM import_place AS place
          JOIN receipts_messagestatus AS status ON status.message_id = place.message_id
           AND status.conversation_id = place.conversation_id
         WHERE EXISTS (SELECT 1 FROM import_position AS position
                        WHERE position.conversation_id = status.conversation_id
                          AND position.user_id = status.recipient_id)
    ), covered AS (
        SELECT conversation_id, user_id, message_id, is_row,
               MIN(delivered_at) OVER down AS delivered_at, MIN(open_at) OVER down AS open_at,
               MIN(private_at) OVER down AS private_at, MAX(seen) OVER down AS seen
          FROM story
        WINDOW down AS (PARTITION BY conversation_id, user_id ORDER BY place DESC, is_row)
    ), said AS (
        SELECT conversation_id, user_id, message_id, delivered_at, open_at, private_at, seen
          FROM covered WHERE is_row = 1 AND (delivered_at IS NOT NULL OR seen = 1)
         UNION ALL
        SELECT conversation_id, user_id, message_id, delivered_at, open_at, private_at, 0
          FROM import_told
    ), known AS (
        SELECT conversation_id, user_id, message_id, MIN(delivered_at) AS delivered_at,
               MIN(open_at) AS open_at, MIN(private_at) AS private_at, MAX(seen) AS seen
          FROM said
         GROUP BY conversation_id, user_id, message_id
    ), timed AS (
        SELECT known.conversation_id, known.user_id, known.message_id, known.seen,
               {clamped("known.delivered_at", "message.created_at")} AS delivered_at,
               {clamped("known.open_at", "message.created_at")} AS open_at,
               {clamped("known.private_at", "message.created_at")} AS private_at
          FROM known
          JOIN chat_message AS message ON message.id = known.message_id AND {IMPORTED_SQL}
    )
    SELECT timed.conversation_id, timed.user_id, timed.message_id, timed.seen, timed.delivered_at,
           CASE WHEN timed.open_at < timed.private_at OR timed.private_at IS NULL
                THEN timed.open_at ELSE timed.private_at END AS read_at,
           CASE WHEN timed.open_at < timed.private_at OR timed.private_at IS NULL
                THEN 0 ELSE 1 END AS hidden,
           note.content, note.failed_at, note.reason,
           ROW_NUMBER() OVER (ORDER BY timed.message_id, timed.user_id) / %(batch_size)s AS slice
      FROM timed
      LEFT JOIN import_note AS note ON note.message_id = timed.message_id
       AND note.user_id = timed.user_id"""

_ROWS = """JOIN import_mark AS mark ON mark.message_id = status.message_id
               AND mark.user_id = status.recipient_id
               AND mark.conversation_id = status.conversation_id"""
_HIDDEN = """
    SELECT DISTINCT conversation_id, user_id FROM import_mark
     WHERE slice = %(slice)s AND hidden = 1"""


def apply_marks(report: Report, batch_size: int, *, assume_seen: bool) -> None:
    """Apply receipts and positions to the rows."""
    check_receipts(report)
    check_positions(report)
    derive_receipts()
    derive_positions(batch_size, assume_seen=assume_seen)
    derive("import_mark", _MARKS, {"batch_size": batch_size}, index="slice")
    for part in slices("import_mark", "marks"):
        with transaction.atomic():
            _mark(part, report)


def _mark(part: dict[str, int], report: Report) -> None:
    """One slice, in one stamp: messages are locked in id order (rule 22)."""
    change = merge("mark.slice = %(slice)s", part, _ROWS)
    hidden = fetch_rows(f"SELECT 1 FROM ({_HIDDEN}) AS hidden LIMIT 1", part)
    if not hidden:
        report.changes["status rows marked"] += stamp(change)
        return
    # An open read that becomes private: no watermark covers it, and its events are rewritten.
    hold_back(_HIDDEN, part)
    retracts = takes_back_reads(change)
    report.changes["status rows marked"] += stamp(change)
    if retracts:
        conceal_reads(pk for (pk,) in fetch_rows(PARTICIPANTS_OF.format(pairs=_HIDDEN), part))
