"""Receipts: what each says of one row, with our ids and with its privacy decided."""

from __future__ import annotations

from django.conf import settings

from receipts.importing.loading import refuse
from receipts.importing.names import imported_sql, named_sql, say_no_message
from receipts.importing.participants import NO_USER, SAY_NO_USER
from receipts.importing.positions import hidden_delivery_sql, hidden_sql
from receipts.importing.report import Report
from receipts.importing.staging import derive, staged
from receipts.sql.run import by_code_point

_NO_MESSAGE = f"NOT {imported_sql('record.message')}"
_SAY_NO_MESSAGE = say_no_message(
    "'message'", "record.message", "': there is no message ' || record.message"
)
#: The recipients of an archived message are no longer known; that all of them read it is.
_NO_RECIPIENT = f"""NOT {imported_sql("record.message", "message.archived_at IS NOT NULL")}
       AND NOT EXISTS (
    SELECT 1 FROM chat_messagename AS named
      JOIN receipts_messagestatus AS status ON status.message_id = named.message_id
       AND status.conversation_id = named.conversation_id
      JOIN chat_user AS recipient ON recipient.id = status.recipient_id
     WHERE named.external_id = record.message AND recipient.username = record.username)"""


def clamped(time: str, sent: str) -> str:
    """SQL: a time, but at least that of its message (rule 6); null stays null."""
    return f"CASE WHEN {time} < {sent} THEN {sent} ELSE {time} END"


_READ = clamped("record.read_at", "status.sent_at")
_DELIVERED_SQL = """CASE WHEN record.delivered_at > record.read_at OR record.delivered_at IS NULL
                THEN record.read_at ELSE record.delivered_at END"""
_DELIVERED = clamped(_DELIVERED_SQL, "status.sent_at")
_TOLD = f"""
    SELECT record.conversation_id, record.recipient_id AS user_id, record.message_id,
           record.sent_at,
           CASE WHEN NOT record.hides_delivery THEN {_DELIVERED_SQL} END AS delivered_at,
           CASE WHEN record.hides_delivery THEN {_DELIVERED_SQL} END AS received_at,
           CASE WHEN NOT record.hidden THEN record.read_at END AS open_at,
           CASE WHEN record.hidden THEN record.read_at END AS private_at,
           {clamped("record.failed_at", "record.sent_at")} AS failed_at, record.reason,
           CASE WHEN NOT record.hidden THEN record.content END AS content
      FROM (SELECT status.message_id, status.recipient_id, status.conversation_id, status.sent_at,
                   record.delivered_at, record.read_at, record.failed_at,
                   {by_code_point("record.reason")} AS reason,
                   {by_code_point("record.content")} AS content,
                   {hidden_sql("record.private", f"COALESCE(status.read_at = {_READ}, FALSE)")}
                   AS hidden,
                   {hidden_delivery_sql(f"COALESCE(status.delivered_at = {_DELIVERED}, FALSE)")}
                   AS hides_delivery
              FROM import_receipt AS record
              JOIN chat_user AS member ON member.username = record.username
              JOIN {named_sql("record.message")}
              JOIN receipts_messagestatus AS status ON status.message_id = message.id
               AND status.conversation_id = message.conversation_id
               AND status.recipient_id = member.id) AS record"""

#: Of several, the first acknowledgement by its text; the latest failure.
_NOTES = """
    SELECT conversation_id, user_id, message_id, MIN(content) AS content,
           MAX(failed_at) AS failed_at,
           MIN(CASE WHEN failed_at = last_failed_at THEN reason END) AS reason
      FROM (SELECT told.*, MAX(failed_at) OVER (PARTITION BY message_id, user_id)
                   AS last_failed_at
              FROM import_told AS told
             WHERE content IS NOT NULL OR failed_at IS NOT NULL) AS told
     GROUP BY conversation_id, user_id, message_id"""


def check_receipts(report: Report) -> None:
    """A receipt never creates a row: the row must exist (rule 4)."""
    refuse(report, "receipt", NO_USER, SAY_NO_USER)
    refuse(report, "receipt", _NO_MESSAGE, _SAY_NO_MESSAGE)
    refuse(
        report,
        "receipt",
        _NO_RECIPIENT,
        "'user: ' || record.username || ' is not a recipient of message ' || record.message",
    )
    report.good["receipt"] = staged("receipt")


def derive_receipts() -> None:
    """Derive what the receipts of the file say; nothing if it has none."""
    if not staged("receipt"):
        return
    derive("import_told", _TOLD, {"mandatory": settings.RECEIPTS_MANDATORY}, index="message_id")
    derive("import_note", _NOTES, index="message_id, user_id")
