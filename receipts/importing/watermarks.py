"""How far each participant has come, as others may know it."""

from __future__ import annotations

from django.db import transaction
from django.db.models.expressions import RawSQL

from chat.models import ConversationParticipant
from receipts.importing.report import Report
from receipts.importing.staging import derive, execute, slices

#: Forwards only (rule 7).
_BEHIND = """(participant.last_{state}_message_id IS NULL
        OR participant.last_{state}_message_id < mark.message_id)"""

#: The last tracked message that a participant's watermarks reach (rule 15), where it is news.
_LAST = """
    SELECT participant.id AS participant_id, mark.message_id, mark.at,
           ROW_NUMBER() OVER (ORDER BY participant.id) / %(batch_size)s AS slice
      FROM (SELECT position.conversation_id, position.user_id, position.message_id,
                   position.{state}_at AS at,
                   ROW_NUMBER() OVER (
                       PARTITION BY position.conversation_id, position.user_id
                           ORDER BY position.message_id DESC
                   ) AS place
              FROM import_position AS position
              JOIN chat_message AS message ON message.id = position.message_id
               AND message.conversation_id = position.conversation_id
               AND message.tracking = 'tracked'
             WHERE position.{state}_at IS NOT NULL) AS mark
      JOIN chat_conversationparticipant AS participant
        ON participant.conversation_id = mark.conversation_id
       AND participant.user_id = mark.user_id
     WHERE mark.place = 1 AND {behind}"""

_ADVANCE = """
    UPDATE chat_conversationparticipant AS participant
       SET last_{state}_message_id = mark.message_id, last_{state}_at = mark.at
      FROM import_advance AS mark
     WHERE mark.slice = %(slice)s AND participant.id = mark.participant_id AND {behind}"""


def advance_watermarks(report: Report, batch_size: int) -> None:
    """Move the participants' watermarks, for what is delivered and for what is read."""
    for state in ("delivered", "read"):
        names = {"state": state, "behind": _BEHIND.format(state=state)}
        size = {"batch_size": batch_size}
        derive("import_advance", _LAST.format(**names), size, index="slice")
        for part in slices("import_advance", f"{state} up to"):
            with transaction.atomic():
                _lock(part)
                report.changes["watermarks moved"] += execute(_ADVANCE.format(**names), part)


def _lock(part: dict[str, int]) -> None:
    """In the order of their ids, whoever comes (rule 22)."""
    held = RawSQL("SELECT participant_id FROM import_advance WHERE slice = %s", [part["slice"]])
    participants = ConversationParticipant.objects.filter(pk__in=held).order_by("pk")
    list(participants.select_for_update(no_key=True).values_list("pk"))
