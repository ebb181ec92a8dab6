"""Rewrites events of open reads that became private, so that they are published as deliveries.

An event states a row's state when it was written, and is kept for ``EVENTS_RETENTION_DAYS``.
Without this, a cursor from before the read would disclose it after its reader retracted it
(rule 13).
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from receipts.ledger.stamp import Change
from receipts.models import EventKind
from receipts.rules.status import State
from receipts.sql.run import among_ids, execute, fetch_rows, id_list

#: SQL condition: ``status`` is of one of the event's messages, or between the first and the last
#: of them, where the event names only the newest. Compared as JSON, so that a malformed event is
#: no error.
_UP_TO_LAST = {
    "postgresql": "to_jsonb(status.message_id) <= event.messages -> -1",
    "sqlite": "status.message_id <= (SELECT MAX(value) FROM json_each(CASE"
    " WHEN json_valid(event.messages) THEN event.messages ELSE '[]' END))",
}

#: By index: the events of everybody who takes or took part in the participants' conversations.
_CONCEAL = f"""
    UPDATE receipts_receiptevent AS event SET state = '{State.DELIVERED.value}'
      FROM chat_conversationparticipant AS participant
     WHERE {{those}}
       AND event.audience_id IN (
           SELECT other.user_id FROM chat_conversationparticipant AS other
            WHERE other.conversation_id = participant.conversation_id)
       AND event.conversation_id = participant.conversation_id
       AND event.actor_id = participant.user_id
       AND event.kind = '{EventKind.RECEIPT_UPDATED.value}' AND event.state = '{State.READ.value}'
       AND NOT EXISTS (
           SELECT 1 FROM receipts_messagestatus AS status
            WHERE status.recipient_id = event.actor_id
              AND status.conversation_id = event.conversation_id
              AND status.message_id >= event.first_message AND {{up_to_last}}
              AND status.read_at IS NOT NULL)"""


def takes_back_reads(change: Change) -> bool:
    """Whether a change, if made now, would make an open read private, which is rare."""
    ((found,),) = fetch_rows(
        f"SELECT EXISTS (SELECT 1 FROM ({change.changed}) AS changed"
        " WHERE was_read_at IS NOT NULL AND read_at IS NULL)",
        change.params,
    )
    return bool(found)


def conceal_reads(participant_ids: Iterable[int]) -> None:
    """Rewrite the events of these participants' reads of which none is open any more.

    Call it after the change, in its transaction.
    """
    up_to_last = _UP_TO_LAST[connection.vendor]
    sql = _CONCEAL.format(those=among_ids("participant.id"), up_to_last=up_to_last)
    execute(sql, {"ids": id_list(sorted(participant_ids))})
