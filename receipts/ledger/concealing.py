"""Rewrites events of open reads that became private, so that they are published as deliveries.

An event states a row's state when it was written, and is kept for ``EVENTS_RETENTION_DAYS``.
Without this, a cursor from before the read would disclose it after its reader retracted it
(rule 13).
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from receipts.ledger.announcing import MESSAGES_NAMED
from receipts.ledger.stamp import Change
from receipts.models import EventKind
from receipts.rules.status import State
from receipts.sql.run import among_ids, execute, fetch_rows, id_list

#: The ids in an event's ``messages``. What is no list of ids, in a malformed event, is no error.
_NAMED = {
    "postgresql": """(
        SELECT CASE WHEN CAST(value AS text) ~ '^[0-9]{1,18}$'
                    THEN CAST(CAST(value AS text) AS bigint) END AS message_id
          FROM jsonb_array_elements(CASE WHEN jsonb_typeof(event.messages) = 'array'
                                         THEN event.messages ELSE CAST('[]' AS jsonb) END))""",
    "sqlite": """(
        SELECT value AS message_id FROM json_each(
            CASE WHEN json_valid(event.messages) THEN event.messages ELSE '[]' END))""",
}
_OPEN_READ_SQL = """status.recipient_id = event.actor_id
          AND status.conversation_id = event.conversation_id AND status.read_at IS NOT NULL"""

#: The messages that an event does not name stand between its first and the others. By index: the
#: events of everybody who takes or took part in the participants' conversations.
_CONCEAL = f"""
    UPDATE receipts_receiptevent AS event
       SET state = '{State.DELIVERED.value}',
           marked_at = (SELECT MAX(status.delivered_at) FROM {{named}} AS named
                          JOIN receipts_messagestatus AS status
                            ON status.message_id = named.message_id
                         WHERE status.recipient_id = event.actor_id
                           AND status.conversation_id = event.conversation_id)
      FROM chat_conversationparticipant AS participant
     WHERE {{those}}
       AND event.audience_id IN (
           SELECT other.user_id FROM chat_conversationparticipant AS other
            WHERE other.conversation_id = participant.conversation_id)
       AND event.conversation_id = participant.conversation_id
       AND event.actor_id = participant.user_id
       AND event.kind = '{EventKind.RECEIPT_UPDATED.value}' AND event.state = '{State.READ.value}'
       AND NOT EXISTS (
           SELECT 1 FROM {{named}} AS named
             JOIN receipts_messagestatus AS status ON status.message_id = named.message_id
            WHERE {_OPEN_READ_SQL})
       AND NOT (event.message_count > {MESSAGES_NAMED} AND EXISTS (
           SELECT 1 FROM chat_message AS first
             JOIN chat_message AS last ON last.id = (
                  SELECT message.id FROM {{named}} AS named
                    JOIN chat_message AS message ON message.id = named.message_id
                   ORDER BY message.created_at, message.id LIMIT 1)
             JOIN chat_message AS message ON message.conversation_id = first.conversation_id
              AND (message.created_at, message.id) >= (first.created_at, first.id)
              AND (message.created_at, message.id) < (last.created_at, last.id)
              AND message.sender_id = event.audience_id
             JOIN receipts_messagestatus AS status ON status.message_id = message.id
            WHERE first.id = event.first_message AND {_OPEN_READ_SQL}))"""


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
    named = _NAMED[connection.vendor]
    sql = _CONCEAL.format(those=among_ids("participant.id"), named=named)
    execute(sql, {"ids": id_list(sorted(participant_ids))})
