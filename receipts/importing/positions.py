"""How far each participant has come, as others may know it: the watermarks themselves."""

from __future__ import annotations

from django.db import transaction
from django.db.models.expressions import RawSQL

from chat.models import ConversationParticipant
from receipts.importing.report import Report
from receipts.importing.staging import derive, execute, slices

#: The last tracked message that a participant's watermarks reach, where that is news (rule 7).
_POSITION = """
    SELECT participant.id AS participant_id, mark.up_to, mark.at,
           ROW_NUMBER() OVER (ORDER BY participant.id) / %(batch_size)s AS slice
      FROM (SELECT mark.conversation_id, mark.user_id, mark.up_to, mark.{state}_at AS at,
                   ROW_NUMBER() OVER (
                       PARTITION BY mark.conversation_id, mark.user_id ORDER BY mark.up_to DESC
                   ) AS place
              FROM import_watermarked AS mark
              JOIN chat_message AS message
                ON message.id = mark.up_to AND message.tracking = 'tracked'
             WHERE mark.{state}_at IS NOT NULL) AS mark
      JOIN chat_conversationparticipant AS participant
        ON participant.conversation_id = mark.conversation_id
       AND participant.user_id = mark.user_id
     WHERE mark.place = 1 AND {behind}"""
_ADVANCE = """
    UPDATE chat_conversationparticipant AS participant
       SET last_{state}_message_id = mark.up_to, last_{state}_at = mark.at
      FROM import_position AS mark
     WHERE mark.slice = %(slice)s AND participant.id = mark.participant_id AND {behind}"""
_BEHIND = """(participant.last_{state}_message_id IS NULL
        OR participant.last_{state}_message_id < mark.up_to)"""


def advance_positions(report: Report, batch_size: int) -> None:
    """Move the participants' watermarks forwards, for what is delivered and for what is read."""
    for state in ("delivered", "read"):
        behind = _BEHIND.format(state=state)
        select = _POSITION.format(state=state, behind=behind)
        derive("import_position", select, {"batch_size": batch_size}, index="slice")
        advance = _ADVANCE.format(state=state, behind=behind)
        for part in slices("import_position", f"{state} up to"):
            with transaction.atomic():
                _lock(part)
                report.changes["watermarks moved"] += execute(advance, part)


def _lock(part: dict[str, int]) -> None:
    """In the order of their ids, whoever comes (rule 22)."""
    held = RawSQL("SELECT participant_id FROM import_position WHERE slice = %s", [part["slice"]])
    participants = ConversationParticipant.objects.filter(pk__in=held).order_by("pk")
    list(participants.select_for_update(no_key=True).values_list("pk"))
