"""What an account that is reactivated gets back: its withdrawn rows and its watermarks (rule 2).

The records of its deactivation (``chat.models.Departure``) state what it took. Only participations
that have not ended meanwhile get anything back. Participants must be locked.
"""

from __future__ import annotations

from receipts.ledger.change import Change
from receipts.ledger.departed import LEFT_AT_SQL
from receipts.ledger.releasing import NOTHING_OPEN_SQL
from receipts.rules.watermarks import SHOWN_SQL, reaches_sql
from receipts.sql.in_one import execute_of_user
from receipts.sql.keyset import sent_at_sql

_SAME_PARTICIPATION_SQL = """participant.user_id = off.user_id
       AND participant.conversation_id = off.conversation_id AND participant.is_active"""


def returning(user_id: int) -> Change:
    """The rows that a user's deactivation withdrew, which count again.

    Also of deleted messages: they are as they were. A read that was retracted meanwhile is private.
    """
    return Change(
        which="status.recipient_id = %(recipient)s AND status.withdrawn_at IS NOT NULL",
        # The reason does not change: events of failures have it.
        becomes={"withdrawn_at": LEFT_AT_SQL, "failure_reason": "status.failure_reason"},
        params={"recipient": user_id},
        source=f"""JOIN chat_departure AS off ON off.user_id = status.recipient_id
               AND off.conversation_id = status.conversation_id
               AND off.at = status.withdrawn_at AND off.is_deactivation
              JOIN chat_conversationparticipant AS participant ON {_SAME_PARTICIPATION_SQL}""",
    )


def restore_watermarks(user_id: int) -> None:
    """Restore the watermarks that were settled, and hold them back: rows below are opened next.

    Where an import has moved one further meanwhile, that counts.
    """
    execute_of_user(_RESTORE, user_id, "off")


def release_watermarks(user_id: int) -> None:
    """Hold back no longer where nothing is open. Must be called after the rows have returned."""
    execute_of_user(_RELEASE, user_id)


def _restored_sql(state: str) -> str:
    given = f"off.{state}_up_to"
    reaches = reaches_sql(state, sent_at_sql(given, "off.conversation_id"), given)
    restores = f"{given} IS NOT NULL AND NOT {reaches}"
    columns = ((f"last_{state}_message_id", given), (f"last_{state}_at", f"off.{state}_at"))
    return ", ".join(
        f"{column} = CASE WHEN {restores} THEN {value} ELSE participant.{column} END"
        for column, value in columns
    )


#: One of a participation's records has the watermarks, if any; the others come from imports.
_RESTORE = f"""
    UPDATE chat_conversationparticipant AS participant
       SET held_back = TRUE, {", ".join(map(_restored_sql, SHOWN_SQL))}
      FROM (SELECT departure.user_id, departure.conversation_id,
                   MAX(departure.delivered_up_to) AS delivered_up_to,
                   MAX(departure.delivered_at) AS delivered_at,
                   MAX(departure.read_up_to) AS read_up_to, MAX(departure.read_at) AS read_at
              FROM chat_departure AS departure
             WHERE departure.user_id = %(user)s AND departure.is_deactivation
             GROUP BY departure.user_id, departure.conversation_id) AS off
     WHERE {{those}} AND {_SAME_PARTICIPATION_SQL}"""
_RELEASE = f"""
    UPDATE chat_conversationparticipant AS participant SET held_back = FALSE
     WHERE {{those}} AND participant.is_active AND participant.held_back
       AND NOT participant.has_private_deliveries AND {NOTHING_OPEN_SQL}"""
