"""What a watermark covers: everything up to it that its user has received or read (rules 7, 13).

A participant's columns hold how far they have reached, which only moves forward. Rows at or before
that position may be open all the same: a message with an earlier time arrived, or was restored, or
was received or read privately. ``held_back`` says to look for them. Then the watermark that is
shown is the last message before the first open row that its user sent, or has received or read.

All of this is SQL text for both databases, over ``participant``.
"""

from __future__ import annotations

from chat.models import Tracking

_STATES = ("delivered", "read")

#: At most this many messages are tried to find one that a watermark may name.
_TRIED = 1_000
#: System lines are not among them: there may be many, and the index passes over them.
_NO_SYSTEM_LINE_SQL = f"message.tracking <> '{Tracking.SYSTEM.value}'"

#: The conversation of a participant. Where it is known, SQL that names it as a constant instead
#: searches one partition of a table that is partitioned by conversation.
_THEIRS = "participant.conversation_id"
_OWN_SQL = """open.recipient_id = participant.user_id
              AND open.conversation_id = {conversation}
              AND open.withdrawn_at IS NULL AND open.{state}_at IS NULL
              AND (open.sent_at, open.message_id) <= ({time}, {message})"""
_UNREAD_SQL = f"""SELECT {{columns}} FROM receipts_messagestatus AS open
              JOIN chat_message AS owed ON owed.id = open.message_id
               AND owed.conversation_id = open.conversation_id
               AND owed.tracking = '{Tracking.TRACKED.value}' AND owed.deleted_at IS NULL
             WHERE {_OWN_SQL} AND open.seen_at IS NULL"""
#: SQL condition: a private read. It is always of a tracked message.
PRIVATE_SQL = (
    "open.withdrawn_at IS NULL AND open.read_at IS NULL"
    " AND open.seen_at IS NOT NULL AND open.delivered_at IS NOT NULL"
)
_PRIVATE_SQL = f"""SELECT {{columns}} FROM receipts_messagestatus AS open{{owed}}
             WHERE {_OWN_SQL.replace("{state}", "read")} AND {PRIVATE_SQL}"""
#: Of a message that is deleted, a private read is no more open than a delivery is.
_NOT_DELETED_SQL = """
              JOIN chat_message AS owed ON owed.id = open.message_id
               AND owed.conversation_id = open.conversation_id AND owed.deleted_at IS NULL"""
#: A row that was received and read privately, like one that nobody has received. Few participants
#: have such rows; the others' rows that were seen without a receipt need not be searched for them.
_RECEIVED_SQL = f"""SELECT {{columns}} FROM receipts_messagestatus AS open{_NOT_DELETED_SQL}
             WHERE participant.has_private_deliveries
              AND {_OWN_SQL.replace("{state}", "read")} AND open.seen_at IS NOT NULL
              AND open.delivered_at IS NULL AND open.received_at IS NOT NULL"""
#: A row for which no receipt is due is never open: seen, but neither received nor read.
_ARMS_SQL = {
    "delivered": (_UNREAD_SQL, _RECEIVED_SQL),
    "read": (_UNREAD_SQL, _RECEIVED_SQL, _PRIVATE_SQL.replace("{owed}", _NOT_DELETED_SQL)),
}


def private_read_sql(time: str, message: str, conversation: str = _THEIRS) -> str:
    """SQL condition: the participant has read a message up to this position privately.

    Also one that is deleted, which may be restored.
    """
    arm = _PRIVATE_SQL.format(
        columns="1", time=time, message=message, owed="", conversation=conversation
    )
    return f"EXISTS ({arm})"


def covers_sql(state: str, time: str, message: str) -> str:
    """SQL condition: the shown watermark is at or after this position."""
    place = {"time": time, "message": message, "conversation": _THEIRS}
    arms = (
        f"NOT EXISTS ({arm.format(columns='1', state=state, **place)})" for arm in _ARMS_SQL[state]
    )
    return (
        f"{reaches_sql(state, time, message)}"
        f" AND (NOT participant.held_back OR ({' AND '.join(arms)}))"
    )


def reaches_sql(state: str, time: str, message: str, *, compare: str = ">=") -> str:
    """SQL condition: the participant has reached this position, or with ``>`` a later one."""
    return f"""EXISTS (
           SELECT 1 FROM chat_message AS reached
            WHERE reached.id = participant.last_{state}_message_id
              AND reached.conversation_id = participant.conversation_id
              AND (reached.created_at, reached.id) {compare} ({time}, {message}))"""


def last_tracked_sql(conversation: str, before: str) -> str:
    """SQL: the last tracked message of a conversation that meets a condition on its position.

    ``before`` is a condition over ``message``. An untracked message moves no watermark (rule 15).
    """
    return f"""
        SELECT tried.id FROM (
            SELECT message.id, message.created_at, message.tracking FROM chat_message AS message
             WHERE message.conversation_id = {conversation} AND {before} AND {_NO_SYSTEM_LINE_SQL}
             ORDER BY message.created_at DESC, message.id DESC LIMIT {_TRIED}) AS tried
         WHERE tried.tracking = '{Tracking.TRACKED.value}'
         ORDER BY tried.created_at DESC, tried.id DESC LIMIT 1"""


def _first_open_sql(state: str, arms: tuple[str, ...]) -> str:
    """SQL: the message of the first open row up to the position that the participant reached."""
    union = " UNION ALL ".join(
        "SELECT * FROM ({} ORDER BY open.sent_at, open.message_id LIMIT 1) AS {}".format(
            arm.format(
                columns="open.sent_at, open.message_id",
                state=state,
                time="reached.created_at",
                message="reached.id",
                conversation=_THEIRS,
            ),
            f"open_{number}",
        )
        for number, arm in enumerate(arms)
    )
    return f"""SELECT first.message_id FROM ({union}) AS first
              ORDER BY first.sent_at, first.message_id LIMIT 1"""


def _shown_sql(state: str, arms: tuple[str, ...]) -> str:
    return f"""
    SELECT stopped.participant_id,
           CASE WHEN stopped.stop_id IS NULL THEN stopped.reached_id ELSE before.id END
               AS message_id,
           CASE WHEN stopped.stop_id IS NULL THEN stopped.at
                WHEN own.{state}_at IS NOT NULL THEN own.{state}_at
                ELSE before.created_at END AS at, stopped.conversation_id
      FROM (
        SELECT participant.id AS participant_id, participant.user_id, participant.joined_at,
               participant.conversation_id, reached.id AS reached_id,
               participant.last_{state}_at AS at, ({_first_open_sql(state, arms)}) AS stop_id
          FROM chat_conversationparticipant AS participant
          JOIN chat_message AS reached ON reached.id = participant.last_{state}_message_id
           AND reached.conversation_id = participant.conversation_id
         WHERE {{those}} AND participant.held_back
      ) AS stopped
      LEFT JOIN chat_message AS stop ON stop.id = stopped.stop_id
       AND stop.conversation_id = stopped.conversation_id
      LEFT JOIN chat_message AS before ON before.id = (
        SELECT tried.id FROM (
            SELECT message.id, message.created_at, message.tracking, message.sender_id,
                   message.archived_at
              FROM chat_message AS message
             WHERE message.conversation_id = stopped.conversation_id
               AND (message.created_at, message.id) < (stop.created_at, stop.id)
               AND {_NO_SYSTEM_LINE_SQL}
             ORDER BY message.created_at DESC, message.id DESC LIMIT {_TRIED}) AS tried
          LEFT JOIN receipts_messagestatus AS done ON done.message_id = tried.id
           AND done.recipient_id = stopped.user_id
           AND done.conversation_id = stopped.conversation_id
         WHERE tried.tracking = '{Tracking.TRACKED.value}'
           AND (tried.sender_id = stopped.user_id OR done.{state}_at IS NOT NULL
                OR (tried.archived_at IS NOT NULL AND tried.created_at >= stopped.joined_at))
         ORDER BY tried.created_at DESC, tried.id DESC LIMIT 1)
       AND before.conversation_id = stopped.conversation_id
      LEFT JOIN receipts_messagestatus AS own ON own.message_id = before.id
       AND own.recipient_id = stopped.user_id
       AND own.conversation_id = stopped.conversation_id"""


#: SELECT, by state: the shown watermarks of those of ``{those}`` participants that are held back,
#: as ``participant_id``, ``message_id`` (null for none), ``at``
#: and ``conversation_id``.
SHOWN_SQL = {state: _shown_sql(state, _ARMS_SQL[state]) for state in _STATES}
#: The same, where none of them has private deliveries. Planning the search for these takes a third
#: of the time.
SHOWN_WITHOUT_PRIVATE_DELIVERIES_SQL = {
    state: _shown_sql(state, tuple(arm for arm in _ARMS_SQL[state] if arm != _RECEIVED_SQL))
    for state in _STATES
}
