"""Withdraw recipients who left before a disclosed read (rule 2), after all reads are applied."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from receipts.importing.order import IMPORTED_SQL
from receipts.importing.report import Report
from receipts.importing.staging import derive, slices
from receipts.importing.watermarks import hold_back
from receipts.ledger.change import Change
from receipts.ledger.stamp import stamp
from receipts.ledger.undoing import withdrawal
from receipts.sql.nulls import NULL_TIME_SQL
from receipts.sql.run import execute

#: When each participant left: at the end of a stay that no other stay continues, at the stored
#: time, or now if the account is deactivated. A user who left several times is withdrawn, each
#: time, from what was sent since the previous time.
_LEAVING = """
      WITH leaving AS (
        SELECT stay.conversation_id, stay.user_id, stay.left_at, FALSE AS is_deactivation
          FROM import_stay AS stay
         WHERE stay.left_at IS NOT NULL AND NOT EXISTS (
               SELECT 1 FROM import_stay AS other
                WHERE other.conversation_id = stay.conversation_id
                  AND other.user_id = stay.user_id
                  AND (other.joined_at IS NULL OR other.joined_at <= stay.left_at)
                  AND (other.left_at IS NULL OR other.left_at > stay.left_at))
         UNION
        SELECT participant.conversation_id, participant.user_id,
               COALESCE(participant.left_at, %(now)s), participant.is_active
          FROM chat_conversationparticipant AS participant
          JOIN chat_user AS member ON member.id = participant.user_id
         WHERE NOT (participant.is_active AND member.is_active)
           AND participant.conversation_id IN (SELECT conversation_id FROM import_stay)
    ), stretch AS (
        SELECT leaving.*,
               LAG(leaving.left_at) OVER (
                   PARTITION BY leaving.conversation_id, leaving.user_id ORDER BY leaving.left_at
               ) AS since,
               (SELECT COUNT(*) FROM receipts_messagestatus AS status
                 WHERE status.recipient_id = leaving.user_id
                   AND status.conversation_id = leaving.conversation_id
                   AND status.seen_at IS NULL AND status.withdrawn_at IS NULL) AS unread
          FROM leaving
    )
    SELECT stretch.*,
           CAST(SUM(1 + unread) OVER (ORDER BY conversation_id, user_id, left_at) AS bigint)
           / %(batch_size)s AS slice
      FROM stretch"""

_LEAVERS = """JOIN import_leaving AS leaving ON leaving.user_id = status.recipient_id
               AND leaving.conversation_id = status.conversation_id"""
_LEFT = f"""leaving.slice = %(slice)s AND status.recipient_id = leaving.user_id
       AND status.conversation_id = leaving.conversation_id AND {IMPORTED_SQL}
       AND status.sent_at < leaving.left_at
       AND (leaving.since IS NULL OR status.sent_at >= leaving.since)"""

#: One per end of a stay: a read that is retracted later is withdrawn from then on.
_DEPARTURES = """
    INSERT INTO chat_departure (conversation_id, user_id, up_to, at, is_deactivation)
    SELECT DISTINCT conversation_id, user_id, CAST(NULL AS bigint), left_at, is_deactivation
      FROM import_leaving
     WHERE slice = %(slice)s
        ON CONFLICT DO NOTHING"""

#: An end that another record now continues, or moves: only times that records gave.
_GIVEN_END = """EXISTS (
           SELECT 1 FROM receipts_historystay AS stay
            WHERE stay.conversation_id = {0}.conversation_id AND stay.user_id = {1}
              AND stay.left_at = {2})"""
_NO_DEPARTURES = f"""
    DELETE FROM chat_departure AS departure
     WHERE departure.up_to IS NULL
       AND (departure.conversation_id, departure.user_id) IN (
           SELECT conversation_id, user_id FROM import_changed)
       AND {_GIVEN_END.format("departure", "departure.user_id", "departure.at")}
       AND NOT EXISTS (
           SELECT 1 FROM import_leaving AS leaving
            WHERE leaving.conversation_id = departure.conversation_id
              AND leaving.user_id = departure.user_id AND leaving.left_at = departure.at)"""

#: Rows that were withdrawn at such an end, and not at the first one after their message.
_RETURNING = f"""
    SELECT status.id, changed.conversation_id, changed.user_id,
           ROW_NUMBER() OVER (ORDER BY status.message_id, status.recipient_id)
           / %(batch_size)s AS slice
      FROM import_changed AS changed
      JOIN chat_message AS message ON message.conversation_id = changed.conversation_id
       AND {IMPORTED_SQL}
      JOIN receipts_messagestatus AS status ON status.message_id = message.id
       AND status.recipient_id = changed.user_id
       AND status.conversation_id = changed.conversation_id
     WHERE status.withdrawn_at IS NOT NULL
       AND {_GIVEN_END.format("status", "status.recipient_id", "status.withdrawn_at")}
       AND NOT EXISTS (
           SELECT 1 FROM import_leaving AS leaving
            WHERE leaving.conversation_id = status.conversation_id
              AND leaving.user_id = status.recipient_id
              AND leaving.left_at = status.withdrawn_at
              AND (leaving.since IS NULL OR leaving.since <= status.sent_at))"""
_RETURN = Change(
    which="back.slice = %(slice)s AND status.withdrawn_at IS NOT NULL",
    becomes={"withdrawn_at": NULL_TIME_SQL},
    source="JOIN import_returning AS back ON back.id = status.id",
    quiet=True,
)


def withdraw_leavers(report: Report, batch_size: int, now: datetime) -> None:
    """Withdraw rows of messages sent before their recipient left and without a disclosed read."""
    derive("import_leaving", _LEAVING, {"batch_size": batch_size, "now": now}, index="slice")
    _take_back_ends(report, batch_size)
    for part in slices("import_leaving", "withdrawals"):
        with transaction.atomic():
            execute(_DEPARTURES, part)
            change = withdrawal(
                _LEFT,
                part,
                at_sql="leaving.left_at",
                source=_LEAVERS,
                may_return_sql="leaving.is_deactivation",
            )
            report.changes["status rows withdrawn"] += stamp(replace(change, quiet=True))


def _take_back_ends(report: Report, batch_size: int) -> None:
    """Undo what followed from ends of stays that are not the ends by all that is known now."""
    execute(_NO_DEPARTURES)
    derive("import_returning", _RETURNING, {"batch_size": batch_size}, index="slice")
    for part in slices("import_returning", "late stays"):
        with transaction.atomic():
            hold_back(
                "SELECT DISTINCT conversation_id, user_id FROM import_returning"
                " WHERE slice = %(slice)s",
                part,
            )
            report.changes["status rows returned"] += stamp(replace(_RETURN, params=part))
