"""Storing a new message: its place in the order of time, its row, and its recipients' rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from chat.errors import Conflict
from chat.models import Message, Tracking
from receipts.ledger.noting import note_sent
from receipts.reads.names import message_id_of
from receipts.rules.recipients import RECIPIENTS_NOW_SQL
from receipts.rules.tracking import ROWLESS
from receipts.sql.keyset import NEWEST_FIRST
from receipts.sql.prepared import fetch_prepared
from receipts.sql.run import adapt

#: A live message is later than all others of its conversation by at least this, so that clients
#: which compare milliseconds have its order, too.
TICK = timedelta(milliseconds=1)


#: One row per recipient.
_INSERT_ROWS = f"""
    INSERT INTO receipts_messagestatus (message_id, recipient_id, conversation_id, sent_at)
    {RECIPIENTS_NOW_SQL}"""

#: The columns that the database does not compute. A prepared statement of our own: the ORM takes as
#: long to build this one as the database to run it.
_COLUMNS = [
    str(field.column)
    for field in Message._meta.concrete_fields
    if not (field.primary_key or field.generated)
]
_INSERT_MESSAGE = f"""
    INSERT INTO chat_message ({", ".join(_COLUMNS)})
    VALUES ({", ".join(f"%({column})s" for column in _COLUMNS)})
    RETURNING id, overall_status"""


#: One message has a name; a concurrent claim of the same one is waited for.
_INSERT_NAME = """
    INSERT INTO chat_messagename (external_id, message_id, conversation_id)
    VALUES (%s, %s, %s) ON CONFLICT DO NOTHING
    RETURNING message_id"""


def is_late(conversation_id: int, sent_at: datetime | None) -> bool:
    """Whether a message with this time is sent after messages that it stands before."""
    if sent_at is None:
        return False
    later = Message.objects.filter(conversation=conversation_id, created_at__gt=sent_at)
    return later.exists()


def live_time(newest_at: datetime | None) -> datetime:
    """The time of a message that is sent now: later than every other of its conversation."""
    now = timezone.now()
    return now if newest_at is None else max(now, newest_at + TICK)


def time_in(conversation_id: int) -> datetime:
    """Now in a locked conversation: later than all its messages, though they may be ahead.

    Who joins or leaves now does so after them; a backfill goes by these times.
    """
    messages = NEWEST_FIRST.sorted(Message.objects.filter(conversation=conversation_id))
    return live_time(messages.values_list("created_at", flat=True).first())


def store_message(
    *,
    conversation_id: int,
    sender_id: int,
    body: str,
    client_id: str | None,
    external_id: str | None = None,
    created_at: datetime,
    tracking: Tracking,
    is_activity: bool = True,
    recipients: int,
) -> Message:
    """Store a message and a row for each current participant but its sender (rule 1).

    ``recipients`` is their number. With too many there are no rows (rule 16). Raises ``Conflict``
    if another message has the ``external_id``.
    """
    has_rows = tracking not in ROWLESS
    values: dict[str, Any] = {
        "conversation_id": conversation_id,
        "sender_id": sender_id,
        "body": body,
        "client_id": client_id,
        "external_id": external_id,
        "created_at": created_at,
        "edited_at": None,
        "deleted_at": None,
        "archived_at": None,
        "tracking": tracking.value,
        "is_activity": is_activity,
        "is_imported": False,
        "recipient_count": recipients if has_rows else 0,
        "delivered_count": 0,
        "read_count": 0,
        "failed_count": 0,
        "read_since_edit_count": 0,
    }
    [stored] = fetch_prepared(_INSERT_MESSAGE, {**values, "created_at": adapt(created_at)})
    values["id"], values["overall_status"] = stored
    if external_id is not None:
        _claim_name(external_id, values["id"], conversation_id)
    if has_rows:
        fetch_prepared(_INSERT_ROWS, [values["id"], adapt(created_at), conversation_id, sender_id])
    note_sent(conversation_id, created_at)
    names = [field.attname for field in Message._meta.concrete_fields]
    return Message.from_db(connection.alias, names, [values[name] for name in names])


def _claim_name(external_id: str, message_id: int, conversation_id: int) -> None:
    if not fetch_prepared(_INSERT_NAME, [external_id, message_id, conversation_id]):
        other = message_id_of(external_id)
        raise Conflict(f"Message {other} already has this external_id.")
