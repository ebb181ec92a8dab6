"""Conceals open marks that became private: a read becomes a delivery, a delivery no event at all.

What such an event was to the reader's own devices, it remains.

An event states a row's state when it was written, and is kept for ``EVENTS_RETENTION_DAYS``.
Without this, a cursor from before the mark would disclose it after its maker made it private
(rule 13).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from receipts.ledger.announcing import MESSAGES_NAMED, NO_MESSAGES
from receipts.ledger.change import Change
from receipts.models import EventKind
from receipts.rules.status import State
from receipts.sql.in_one import execute_in_each
from receipts.sql.run import fetch_rows

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
#: SQL condition: the row of ``status`` is what the event states, openly.
_OPEN_SQL = {
    State.READ: "status.read_at IS NOT NULL",
    State.DELIVERED: "status.delivered_at IS NOT NULL AND status.received_at IS NULL",
}


def _of_nothing_open(state: State, named: str) -> str:
    """SQL condition: the event is of this state, and none of its rows is openly so any more.

    The messages that an event does not name stand between its first and the others. By index: the
    events of everybody who takes or took part in the participants' conversations.
    """
    open_sql = f"status.recipient_id = event.actor_id AND {_OPEN_SQL[state]}"
    return f"""event.audience_id IN (
           SELECT other.user_id FROM chat_conversationparticipant AS other
            WHERE other.conversation_id = event.conversation_id)
       AND event.conversation_id = participant.conversation_id
       AND event.actor_id = participant.user_id
       AND event.kind = '{EventKind.RECEIPT_UPDATED.value}' AND event.state = '{state.value}'
       AND NOT EXISTS (
           SELECT 1 FROM {named} AS named
             JOIN receipts_messagestatus AS status ON status.message_id = named.message_id
              AND status.conversation_id = event.conversation_id
            WHERE {open_sql})
       AND NOT (event.message_count > {MESSAGES_NAMED} AND EXISTS (
           SELECT 1 FROM chat_message AS first
             JOIN chat_message AS last ON last.id = (
                  SELECT message.id FROM {named} AS named
                    JOIN chat_message AS message ON message.id = named.message_id
                     AND message.conversation_id = event.conversation_id
                   ORDER BY message.created_at, message.id LIMIT 1)
              AND last.conversation_id = event.conversation_id
             JOIN chat_message AS message ON message.conversation_id = event.conversation_id
              AND (message.created_at, message.id) >= (first.created_at, first.id)
              AND (message.created_at, message.id) < (last.created_at, last.id)
              AND message.sender_id = event.audience_id
             JOIN receipts_messagestatus AS status ON status.message_id = message.id
              AND status.conversation_id = event.conversation_id
            WHERE first.id = event.first_message
              AND first.conversation_id = event.conversation_id AND {open_sql}))"""


_READS = """
    UPDATE receipts_receiptevent AS event
       SET state = '{delivered}',
           marked_at = (SELECT MAX(status.delivered_at) FROM {named} AS named
                          JOIN receipts_messagestatus AS status
                            ON status.message_id = named.message_id
                         WHERE status.recipient_id = event.actor_id
                           AND status.conversation_id = event.conversation_id)
      FROM chat_conversationparticipant AS participant WHERE {those} AND {nothing_open}"""
_OWN_READS = """
    UPDATE receipts_receiptevent AS event
       SET kind = '{own_read}', audience_id = event.actor_id, state = NULL, is_delivery = FALSE,
           is_own_read = FALSE, messages = {no_messages}, first_message = NULL, marked_at = NULL
      FROM chat_conversationparticipant AS participant
     WHERE {those} AND event.is_own_read AND {nothing_open}"""
_DELIVERIES = """
    DELETE FROM receipts_receiptevent WHERE id IN (
        SELECT event.id FROM receipts_receiptevent AS event
          JOIN chat_conversationparticipant AS participant ON {those} AND {nothing_open})"""
#: Reads first: then they are deliveries, which may be private, too. Own reads are no deliveries any
#: more when these are deleted.
_STEPS = (
    (State.READ, _READS),
    (State.DELIVERED, _OWN_READS),
    (State.DELIVERED, _DELIVERIES),
)

_WAS_OPEN = """
    SELECT COALESCE(MAX(CASE WHEN was_read_at IS NOT NULL AND read_at IS NULL
                             THEN 1 ELSE 0 END), 0) = 1,
           COALESCE(MAX(CASE WHEN was_delivered_at IS NOT NULL AND received_at IS NOT NULL
                              AND (was_received_at IS NULL OR delivered_at IS NULL)
                             THEN 1 ELSE 0 END), 0) = 1
      FROM ({changed}) AS changed"""


@dataclass(frozen=True)
class TakenBack:
    """What a change makes private that was open."""

    reads: bool = False
    deliveries: bool = False

    @property
    def anything(self) -> bool:
        return self.reads or self.deliveries

    def conceal(self, participant_ids: Iterable[int]) -> None:
        """Conceal what is not open any more, in the events of these participants' marks.

        Call it after the change, in its transaction.
        """
        ids = sorted(participant_ids)
        named = _NAMED[connection.vendor]
        for state, step in _STEPS:
            if self.reads if state == State.READ else self.deliveries:
                sql = step.format(
                    those="{those}",
                    nothing_open=_of_nothing_open(state, named),
                    delivered=State.DELIVERED.value,
                    own_read=EventKind.CONVERSATION_READ.value,
                    no_messages=NO_MESSAGES[connection.vendor],
                    named=named,
                )
                execute_in_each(sql, ids, {}, "event")


def taken_back(change: Change) -> TakenBack:
    """What a change would make private if it were made now; mostly nothing."""
    if not change.may_retract:
        return TakenBack()
    ((reads, deliveries),) = fetch_rows(_WAS_OPEN.format(changed=change.changed), change.params)
    return TakenBack(bool(reads), bool(deliveries))
