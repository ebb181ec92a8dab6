"""The participants' watermarks: how far each has come, as far as others may see."""

from __future__ import annotations

from django.db import transaction
from django.db.models.expressions import RawSQL

from chat.models import ConversationParticipant
from receipts.importing.report import Report
from receipts.importing.staging import derive, slices
from receipts.rules.watermarks import SHOWN_SQL, private_read_sql, reaches_sql
from receipts.sql.run import execute, lock_in_order

#: The newest tracked message that a participant's watermarks reach (rule 15), if it moves theirs.
_LAST = """
    SELECT participant.id AS participant_id, marked.up_to, marked.sent_at, marked.at,
           ROW_NUMBER() OVER (ORDER BY participant.id) / %(batch_size)s AS slice
      FROM (SELECT position.conversation_id, position.user_id, position.message_id AS up_to,
                   message.created_at AS sent_at,
                   position.{state}_at AS at,
                   ROW_NUMBER() OVER (
                       PARTITION BY position.conversation_id, position.user_id
                           ORDER BY message.created_at DESC, position.message_id DESC
                   ) AS place
              FROM import_position AS position
              JOIN chat_message AS message ON message.id = position.message_id
               AND message.conversation_id = position.conversation_id
               AND message.tracking = 'tracked'
             WHERE position.{state}_at IS NOT NULL) AS marked
      JOIN chat_conversationparticipant AS participant
        ON participant.conversation_id = marked.conversation_id
       AND participant.user_id = marked.user_id
     WHERE marked.place = 1 AND {moves}"""

_MARKED = ("marked.sent_at", "marked.up_to")
_ADVANCES_SQL = {state: f"NOT {reaches_sql(state, *_MARKED)}" for state in SHOWN_SQL}
_ADVANCES_SQL["read"] += f" AND NOT {private_read_sql(*_MARKED)}"

_ADVANCE = """
    UPDATE chat_conversationparticipant AS participant
       SET last_{state}_message_id = marked.up_to, last_{state}_at = marked.at
      FROM import_advance AS marked
     WHERE marked.slice = %(slice)s AND participant.id = marked.participant_id AND {moves}"""


def import_watermarks(report: Report, batch_size: int) -> None:
    """Move the participants' watermarks: forward only, never past private reads (rules 7, 13)."""
    for state, moves in _ADVANCES_SQL.items():
        last = _LAST.format(state=state, moves=moves)
        derive("import_advance", last, {"batch_size": batch_size}, index="slice")
        advance = _ADVANCE.format(state=state, moves=moves)
        for part in slices("import_advance", f"{state} up to"):
            with transaction.atomic():
                _lock(part)
                report.changes["watermarks moved"] += execute(advance, part)


def _lock(part: dict[str, int]) -> None:
    """Lock the participants in the order of their ids, as everywhere (rule 22)."""
    held = RawSQL("SELECT participant_id FROM import_advance WHERE slice = %s", [part["slice"]])
    lock_in_order(ConversationParticipant.objects.filter(pk__in=held))
