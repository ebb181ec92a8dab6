"""Watermarks of participants who leave: what was shown until then is stored."""

from __future__ import annotations

from collections.abc import Iterable

from receipts.rules.watermarks import SHOWN_SQL
from receipts.sql.in_one import execute_in_each


def settle_watermarks(participant_ids: Iterable[int]) -> None:
    """Store the watermarks that are shown, for locked participants whose rows are withdrawn next.

    A withdrawn row holds nothing back. Without this, a watermark would move over a private read
    when its reader leaves, and disclose it (rules 2 and 13).
    """
    ids = list(participant_ids)
    if not ids:
        return
    for statement in _SETTLE.values():
        execute_in_each(statement, ids, {}, "stopped")
    execute_in_each(_RELEASE, ids)


_RELEASE = """
    UPDATE chat_conversationparticipant AS participant SET held_back = FALSE
     WHERE {those} AND participant.held_back"""
_SETTLE = {
    state: f"""
    UPDATE chat_conversationparticipant AS participant
       SET last_{state}_message_id = shown.message_id, last_{state}_at = shown.at
      FROM ({shown_sql}) AS shown
     WHERE participant.id = shown.participant_id
       AND participant.conversation_id = shown.conversation_id"""
    for state, shown_sql in SHOWN_SQL.items()
}
