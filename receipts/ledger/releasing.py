"""When a participant's watermarks need not be held back any more (rule 7)."""

from __future__ import annotations

from receipts.rules.watermarks import SHOWN_SQL, covers_sql
from receipts.sql.keyset import sent_at_sql

#: SQL condition: nothing is open up to a participant's watermarks.
NOTHING_OPEN_SQL = " AND ".join(
    f"(participant.last_{state}_message_id IS NULL OR "
    + covers_sql(
        state,
        sent_at_sql(f"participant.last_{state}_message_id", "participant.conversation_id"),
        f"participant.last_{state}_message_id",
    )
    + ")"
    for state in SHOWN_SQL
)
