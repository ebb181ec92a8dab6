"""The participants' watermarks: how far each has come, as far as others may see."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from chat.models import ConversationParticipant, Tracking
from receipts.importing.report import Report
from receipts.importing.staging import derive, lock_selected, slices
from receipts.ledger.releasing import NOTHING_OPEN_SQL
from receipts.rules.watermarks import SHOWN_SQL, reaches_sql
from receipts.sql.run import execute

#: The times of a position that move each watermark: a private read moves the delivered one alone,
#: a private delivery none (rule 13).
_AT = {
    "delivered": "CASE WHEN position.open_at < position.delivered_at"
    " OR position.delivered_at IS NULL THEN position.open_at ELSE position.delivered_at END",
    "read": "position.open_at",
}
#: SQL condition: a row that is marked, and not openly.
_PRIVATE = {
    "delivered": "status.received_at IS NOT NULL AND status.delivered_at IS NULL",
    "read": "status.seen_at IS NOT NULL AND status.read_at IS NULL"
    " AND (status.delivered_at IS NOT NULL OR status.received_at IS NOT NULL)",
}

#: The first private mark of each participant who is gone. Their rows are withdrawn and hold nothing
#: back, so their watermark ends before it instead (rule 13).
_HIDDEN = """
    SELECT hidden.conversation_id, hidden.user_id, hidden.message_id, hidden.sent_at
      FROM (SELECT status.conversation_id, status.recipient_id AS user_id, status.message_id,
                   status.sent_at, ROW_NUMBER() OVER (
                       PARTITION BY status.conversation_id, status.recipient_id
                           ORDER BY status.sent_at, status.message_id) AS number
              FROM (SELECT DISTINCT position.conversation_id, position.user_id
                      FROM import_position AS position
                      JOIN chat_conversationparticipant AS participant
                        ON participant.conversation_id = position.conversation_id
                       AND participant.user_id = position.user_id
                      JOIN chat_user AS member ON member.id = participant.user_id
                     WHERE {at} IS NOT NULL
                       AND NOT (participant.is_active AND member.is_active)) AS gone
              JOIN chat_message AS message ON message.conversation_id = gone.conversation_id
              JOIN receipts_messagestatus AS status ON status.message_id = message.id
               AND status.recipient_id = gone.user_id
               AND status.conversation_id = message.conversation_id
             WHERE {private}) AS hidden
     WHERE hidden.number = 1"""

#: The last position of each participant, and the last tracked message at or before it (rule 15),
#: with the earliest time of those that reach it.
_LAST = f"""
    SELECT marked.*, ROW_NUMBER() OVER (ORDER BY marked.participant_id) / %(batch_size)s AS slice
      FROM (SELECT participant.id AS participant_id, reached.id AS up_to,
                   reached.created_at AS sent_at, hidden.message_id AS hidden_id,
                   hidden.sent_at AS hidden_at,
                   (SELECT MIN({{at}}) FROM import_position AS position
                     WHERE position.conversation_id = participant.conversation_id
                       AND position.user_id = participant.user_id
                       AND (position.sent_at, position.message_id)
                           >= (reached.created_at, reached.id)) AS at
              FROM (SELECT position.*, ROW_NUMBER() OVER (
                               PARTITION BY position.conversation_id, position.user_id
                                   ORDER BY position.sent_at DESC, position.message_id DESC
                           ) AS number
                      FROM import_position AS position
                     WHERE {{at}} IS NOT NULL) AS last
              LEFT JOIN import_hidden AS hidden
                ON hidden.conversation_id = last.conversation_id
               AND hidden.user_id = last.user_id
              LEFT JOIN chat_message AS reached ON reached.id = (
                   SELECT message.id FROM chat_message AS message
                    WHERE message.conversation_id = last.conversation_id
                      AND message.tracking = '{Tracking.TRACKED.value}'
                      AND (message.created_at, message.id) <= (last.sent_at, last.message_id)
                      AND (hidden.message_id IS NULL OR (message.created_at, message.id)
                           < (hidden.sent_at, hidden.message_id))
                    ORDER BY message.created_at DESC, message.id DESC LIMIT 1)
              JOIN chat_conversationparticipant AS participant
                ON participant.conversation_id = last.conversation_id
               AND participant.user_id = last.user_id
             WHERE last.number = 1) AS marked
      JOIN chat_conversationparticipant AS participant ON participant.id = marked.participant_id
     WHERE {{moves}}"""

_OF_SLICE = "SELECT participant_id FROM {} WHERE slice = %(slice)s"
#: Open rows may stand below, for example of messages that were sent here: held back until
#: ``release`` has looked.
_ADVANCE = """
    UPDATE chat_conversationparticipant AS participant
       SET last_{state}_message_id = marked.up_to, last_{state}_at = marked.at, held_back = TRUE
      FROM import_advance AS marked
     WHERE marked.slice = %(slice)s AND participant.id = marked.participant_id AND {moves}"""


def _moves(state: str) -> str:
    """SQL condition: ``marked`` is after the watermark, at it with an earlier time, or before it
    where that covers a private read.
    """
    reaches = reaches_sql(state, "marked.sent_at", "marked.up_to")
    return f"""((marked.up_to IS NOT NULL AND NOT {reaches})
       OR (participant.last_{state}_message_id = marked.up_to
           AND participant.last_{state}_at > marked.at)
       OR (marked.hidden_id IS NOT NULL
           AND {reaches_sql(state, "marked.hidden_at", "marked.hidden_id")}))"""


def import_watermarks(report: Report, batch_size: int) -> None:
    """Move the participants' watermarks forward to the positions of the history (rule 7)."""
    for state in SHOWN_SQL:
        hidden = _HIDDEN.format(at=_AT[state], private=_PRIVATE[state])
        derive("import_hidden", hidden, index="conversation_id, user_id")
        moves = _moves(state)
        last = _LAST.format(at=_AT[state], moves=moves)
        derive("import_advance", last, {"batch_size": batch_size}, index="slice")
        advance = _ADVANCE.format(state=state, moves=moves)
        for part in slices("import_advance", f"{state} up to"):
            with transaction.atomic():
                lock_selected(ConversationParticipant, _OF_SLICE.format("import_advance"), part)
                report.changes["watermarks moved"] += execute(advance, part)


#: SELECT: the participants' ids of pairs of conversation and user.
PARTICIPANTS_OF = """
    SELECT participant.id FROM chat_conversationparticipant AS participant
      JOIN ({pairs}) AS pair ON participant.conversation_id = pair.conversation_id
       AND participant.user_id = pair.user_id"""
_HOLD_BACK = """
    UPDATE chat_conversationparticipant AS participant SET held_back = TRUE
      FROM ({pairs}) AS pair
     WHERE participant.conversation_id = pair.conversation_id
       AND participant.user_id = pair.user_id AND NOT participant.held_back"""


def hold_back(pairs: str, part: Mapping[str, int]) -> None:
    """Lock participants and hold their watermarks back, before rows of theirs are opened.

    ``pairs`` selects conversations and users of one slice. All of them are locked, also without a
    watermark: one may be about to move. ``release`` looks later for what is open indeed.
    """
    lock_selected(ConversationParticipant, PARTICIPANTS_OF.format(pairs=pairs), part)
    execute(_HOLD_BACK.format(pairs=pairs), part)


def hold_back_receivers(pairs: str, part: Mapping[str, int]) -> None:
    """Note that these participants, who are held back, have private deliveries: they stay so."""
    execute(_HAVE_PRIVATE.format(pairs=pairs), part)


_HAVE_PRIVATE = """
    UPDATE chat_conversationparticipant AS participant SET has_private_deliveries = TRUE
      FROM ({pairs}) AS pair
     WHERE participant.conversation_id = pair.conversation_id
       AND participant.user_id = pair.user_id AND NOT participant.has_private_deliveries"""

_HELD = """
    SELECT participant.id AS participant_id,
           ROW_NUMBER() OVER (ORDER BY participant.id) / %(batch_size)s AS slice
      FROM chat_conversationparticipant AS participant
      JOIN import_touched AS touched ON touched.conversation_id = participant.conversation_id
     WHERE participant.held_back"""
_RELEASE = f"""
    UPDATE chat_conversationparticipant AS participant SET held_back = FALSE
     WHERE participant.id IN (SELECT participant_id FROM import_held WHERE slice = %(slice)s)
       AND participant.held_back AND NOT participant.has_private_deliveries
       AND {NOTHING_OPEN_SQL}"""


def release(batch_size: int) -> None:
    """Hold back no longer where nothing is open up to the watermarks."""
    derive("import_held", _HELD, {"batch_size": batch_size}, index="slice")
    for part in slices("import_held", "watermarks"):
        with transaction.atomic():
            # Rows are read in the next statement, which sees what was committed during the wait.
            lock_selected(ConversationParticipant, _OF_SLICE.format("import_held"), part)
            execute(_RELEASE, part)
