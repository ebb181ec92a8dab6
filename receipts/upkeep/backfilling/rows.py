"""The SQL of a backfill: which messages wait for rows, for which recipients, with what values."""

from __future__ import annotations

from receipts.ledger.conditions import TRACKED_SQL
from receipts.ledger.counting import COUNTS
from receipts.rules.deleted import present_sql
from receipts.rules.recipients import RECEIVED_SQL
from receipts.rules.status import STATE_SQL
from receipts.rules.watermarks import covers_sql
from receipts.sql.nulls import NULL_TIME_SQL
from receipts.upkeep.stretches import OF_BATCH, OF_MESSAGES

#: SQL condition: ``message`` should have rows, since somebody received it. Who followed the thread
#: of a reply when it was sent is not known any more; such a reply has the rows that it was given.
NEEDS_ROWS = f"""{TRACKED_SQL} AND message.archived_at IS NULL AND NOT message.is_for_followers
       AND EXISTS (SELECT 1 FROM chat_conversationparticipant AS participant
                    WHERE {RECEIVED_SQL})"""

#: SQL condition: it has none, and is not in a deleted conversation, where rows go before messages.
#: ``{rows}`` repeats the condition on its id for the rows: without it PostgreSQL reads all rows of
#: the table to find that none exist.
_WAITS = f"""NOT EXISTS (SELECT 1 FROM receipts_messagestatus AS status
                    WHERE status.message_id = message.id AND {{rows}}
                      AND status.conversation_id = message.conversation_id)
       AND {present_sql("message.conversation_id")} AND {NEEDS_ROWS}"""

#: SELECT: the waiting messages in a range of ids, each with its conversation.
WAITING = f"""
    SELECT message.id, message.conversation_id FROM chat_message AS message
     WHERE {OF_MESSAGES}
       AND (CAST(%(before)s AS timestamptz) IS NULL OR message.created_at < %(before)s)
       AND {_WAITS.format(rows=OF_BATCH.format("status.message_id"))}
     ORDER BY message.id"""

#: SELECT: those of ``{those}`` messages that are still waiting; ``{rows}`` as in ``_WAITS``.
STILL_WAITING = f"""
    SELECT message.id FROM chat_message AS message
     WHERE {{those}} AND {_WAITS} ORDER BY message.id"""

#: SELECT: those of ``{those}`` messages with too many recipients for rows (rule 16).
CROWDED = f"""
    SELECT message.id FROM chat_message AS message
      JOIN chat_conversationparticipant AS participant ON {RECEIVED_SQL}
     WHERE {{those}} GROUP BY message.id HAVING COUNT(*) > %(most)s"""


def _told(state: str) -> str:
    """SQL: when, by the watermark, a message was delivered or read; NULL if it is not covered.

    The latest possible time: when the watermark moved to its present position.
    """
    at = f"participant.last_{state}_at"
    covered = covers_sql(state, "message.created_at", "message.id")
    return (
        f"CASE WHEN {covered}"
        f" THEN CASE WHEN {at} > message.created_at THEN {at} ELSE message.created_at END END"
    )


#: SELECT: each recipient of ``{those}``, with the times from their watermarks and of leaving.
_RECIPIENTS = f"""
    SELECT message.id AS message_id, participant.user_id AS recipient_id,
           message.conversation_id, message.thread_id, message.created_at AS sent_at,
           message.edited_at,
           recipient.read_receipts_enabled OR %(mandatory)s AS reads_openly,
           recipient.delivery_receipts_enabled OR %(mandatory)s AS receives_openly,
           {_told("delivered")} AS told_delivered_at, {_told("read")} AS told_read_at,
           CASE WHEN NOT participant.is_active THEN participant.left_at
                WHEN NOT recipient.is_active AND message.created_at > %(now)s
                THEN message.created_at
                WHEN NOT recipient.is_active THEN %(now)s END AS gone_at
      FROM chat_message AS message
      JOIN chat_conversationparticipant AS participant ON {RECEIVED_SQL}
      JOIN chat_user AS recipient ON recipient.id = participant.user_id
     WHERE {{those}}"""

#: What is assumed where watermarks give no time, by the choices of ``--assume``: the times of
#: delivery and of reading. No better time than the message's own is known.
ASSUMPTIONS = {
    None: (NULL_TIME_SQL, NULL_TIME_SQL),
    "delivered": ("sent_at", NULL_TIME_SQL),
    "read": ("sent_at", "sent_at"),
}

_OPEN_READ = "CASE WHEN reads_openly THEN {read} END"


def _delivered(read: str, delivered: str) -> str:
    """SQL: the delivery by the watermarks, or as it is assumed with a read or without one."""
    return f"""CASE WHEN told_delivered_at <= COALESCE(told_read_at, {read})
                             THEN told_delivered_at
                             ELSE COALESCE(told_read_at, {read}, told_delivered_at, {delivered})
                        END"""


#: The rows. A watermark never passes a private read or delivery, so what it tells is disclosed; an
#: assumed read is private by its reader's present setting (rule 13, ``privacy.reads_privately``).
#: Of a recipient who receives privately no delivery is assumed, except with an open read. One who
#: left without a disclosed read is withdrawn (rule 2).
_ROWS = f"""
    SELECT row.*, CASE WHEN read_at IS NULL THEN gone_at END AS withdrawn_at,
           {NULL_TIME_SQL} AS failed_at
      FROM (SELECT told.*,
                   COALESCE(told_read_at, {{read}}) AS seen_at,
                   CASE WHEN told_read_at IS NOT NULL THEN told_read_at
                        ELSE {_OPEN_READ} END AS read_at,
                   CASE WHEN receives_openly THEN {_delivered("{read}", "{delivered}")}
                        ELSE {_delivered(_OPEN_READ, NULL_TIME_SQL)} END AS delivered_at
              FROM ({_RECIPIENTS}) AS told) AS row"""

_BY_STATE = f"SELECT {STATE_SQL} AS state, COUNT(*) FROM {{rows}} AS row GROUP BY 1"

_INSERT = """
    INSERT INTO receipts_messagestatus (message_id, recipient_id, conversation_id, thread_id,
                                        sent_at, delivered_at, seen_at, read_at, withdrawn_at)
    SELECT message_id, recipient_id, conversation_id, thread_id, sent_at,
           delivered_at, seen_at, read_at, withdrawn_at
      FROM {rows} AS row ORDER BY message_id, recipient_id"""

_COUNT = """
    UPDATE chat_message AS message SET {columns}
      FROM (SELECT message_id, {sums} FROM {{rows}} AS row GROUP BY message_id) AS counted
     WHERE message.id = counted.message_id AND {{those}}""".format(
    columns=", ".join(f"{count} = counted.{count}" for count in COUNTS),
    sums=", ".join(
        f"SUM(CASE WHEN {holds.format('')} THEN 1 ELSE 0 END) AS {count}"
        for count, holds in COUNTS.items()
    ),
)


def count_by_state(those: str, assume: str | None) -> str:
    """SELECT: how many rows of each state would be written for ``those`` messages."""
    return _BY_STATE.format(rows=f"({_rows(those, assume)})")


def write_statements(those: str, assume: str | None, *, vendor: str) -> tuple[str, ...]:
    """Write the rows of ``those`` messages and their counts; the last returns rows by state.

    On PostgreSQL one statement, in which everything uses one selection of rows. SQLite has one
    writer at a time, so the same selection can be made three times.
    """
    if vendor == "postgresql":
        written = (
            part.format(rows="written", those=those) for part in (_INSERT, _COUNT, _BY_STATE)
        )
        return (
            "WITH written AS MATERIALIZED ({}), inserted AS ({}), counted AS ({}) {}".format(
                _rows(those, assume), *written
            ),
        )
    rows = f"({_rows(those, assume)})"
    return tuple(part.format(rows=rows, those=those) for part in (_INSERT, _COUNT, _BY_STATE))


def _rows(those: str, assume: str | None) -> str:
    delivered, read = ASSUMPTIONS[assume]
    return _ROWS.format(those=those, delivered=delivered, read=read)
