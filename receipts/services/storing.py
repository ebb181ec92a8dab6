"""Storing a new message: its place in the order of time, its row, and its recipients' rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from django.db import connection
from django.utils import timezone

from chat.errors import Conflict
from chat.models import Message, Tracking
from chat.sql.prepared import adapt, fetch_prepared
from receipts.ledger.announcing import announce_message, created_event_sql
from receipts.ledger.marks import Mark
from receipts.ledger.noting import note_sent
from receipts.ledger.threads import FOLLOWED_IN_STEPS, FOLLOWED_SQL, thread_sql
from receipts.ledger.watermarks import reach_newest_sql
from receipts.metrics import count_message
from receipts.models import EventKind
from receipts.reads.names import message_id_of
from receipts.rules.recipients import recipients_now_sql
from receipts.rules.threads import Reply
from receipts.rules.tracking import ROWLESS
from receipts.sql.distributed import is_distributed
from receipts.sql.keyset import NEWEST_FIRST
from receipts.sql.new_ids import message_id_sql

#: A live message is later than all others of its conversation by at least this, so that clients
#: which compare milliseconds have its order, too.
TICK = timedelta(milliseconds=1)


#: One row per recipient.
_INSERT_ROWS = (
    "INSERT INTO receipts_messagestatus (message_id, recipient_id, conversation_id, sent_at"
)

#: The columns that the database does not compute. A prepared statement of our own: the ORM takes as
#: long to build this one as the database to run it.
_COLUMNS = [
    str(field.column)
    for field in Message._meta.concrete_fields
    if not (field.primary_key or field.generated)
]
_VALUES = ", ".join(f"%({column})s" for column in _COLUMNS)
_INSERT_MESSAGE = f"""
    INSERT INTO chat_message ({", ".join(_COLUMNS)})
    VALUES ({_VALUES})
    RETURNING id, overall_status"""
#: The same on several nodes, where the id is not the column's default.
_INSERT_WITH_ID = f"""
    INSERT INTO chat_message (id, {", ".join(_COLUMNS)})
    VALUES ({{id}}, {_VALUES})
    RETURNING id, overall_status"""


#: One message has a name; a concurrent claim of the same one is waited for.
_INSERT_NAME = """
    INSERT INTO chat_messagename (external_id, message_id, conversation_id)
    VALUES (%s, %s, %s) ON CONFLICT DO NOTHING
    RETURNING message_id"""

#: Without rows, and yet with recipients.
_COUNTED = (Tracking.BY_POSITION,)


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


@dataclass(frozen=True)
class Reaching:
    """A locked participant whose watermarks reach the message that is sent, and the mark."""

    participant_id: int
    mark: Mark


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
    reply: Reply | None = None,
    reaching: Reaching | None = None,
) -> Message:
    """Store a message and a row for each current participant but its sender, and publish it.

    ``recipients`` is their number (rule 1); of a ``reply`` they may be the followers of its thread
    alone (rule 30). With too many there are no rows (rule 16): positions say how far each has come.
    Raises
    ``Conflict`` if another message has the ``external_id``. Call it in a transaction.
    """
    has_rows = tracking not in ROWLESS
    values: dict[str, Any] = {
        "conversation_id": conversation_id,
        "sender_id": sender_id,
        "body": body,
        "client_id": client_id,
        "external_id": external_id,
        "thread_id": None if reply is None else reply.root,
        "is_for_followers": reply is not None and reply.is_for_followers,
        "created_at": created_at,
        "edited_at": None,
        "deleted_at": None,
        "archived_at": None,
        "tracking": tracking.value,
        "is_activity": is_activity,
        "is_imported": False,
        "recipient_count": recipients if tracking in _COUNTED or has_rows else 0,
        "delivered_count": 0,
        "read_count": 0,
        "failed_count": 0,
        "read_since_edit_count": 0,
    }
    params = {**values, "created_at": adapt(created_at)}
    if reaching is not None:
        params |= {"participant": reaching.participant_id, "at": adapt(reaching.mark.at)}
    if reply is not None:
        params["root_sender"] = reply.root_sender
    at_once = connection.vendor == "postgresql" and not is_distributed()
    store = _store_at_once if at_once else _store_in_steps
    values["id"], values["overall_status"] = store(params, has_rows, reply, reaching)
    if external_id is not None:
        _claim_name(external_id, values["id"], conversation_id)
    note_sent(conversation_id, created_at)
    count_message()
    names = [field.attname for field in Message._meta.concrete_fields]
    return Message.from_db(connection.alias, names, [values[name] for name in names])


#: Whether a message is a reply, and for whom; None for one outside threads.
_Kind = Literal["for all", "for followers"] | None


def _kind_of(reply: Reply | None) -> _Kind:
    if reply is None:
        return None
    return "for followers" if reply.is_for_followers else "for all"


def _store_at_once(
    params: Mapping[str, Any], has_rows: bool, reply: Reply | None, reaching: Reaching | None
) -> tuple[Any, ...]:
    """On one PostgreSQL: the message, its rows, its event and the watermarks in one statement."""
    mark = None if reaching is None else reaching.mark.without_values()
    [stored] = fetch_prepared(_statement(has_rows, _kind_of(reply), mark), params)
    return stored


@lru_cache(maxsize=20)
def _statement(has_rows: bool, reply: _Kind, mark: Mark | None) -> str:
    steps = {"message": _INSERT_MESSAGE, "told": created_event_sql("message", "message.id")}
    if has_rows:
        steps["recipients"] = _rows_sql("message.id", "message CROSS JOIN ", reply)
    if reply is not None:
        steps["thread"] = thread_sql("message.id", " FROM message")
        steps["followed"] = FOLLOWED_SQL
    if mark is not None and (moved := reach_newest_sql(mark, "message.id", "message")):
        steps["moved"] = moved
    relations = ", ".join(f"{name} AS ({sql})" for name, sql in steps.items())
    return f"WITH {relations} SELECT id, overall_status FROM message"


def _rows_sql(message: str, source: str, reply: _Kind) -> str:
    """INSERT: a row for each recipient."""
    if reply is None:
        return f"{_INSERT_ROWS}) {recipients_now_sql(message, source)}"
    for_followers = reply == "for followers"
    rows = recipients_now_sql(message, source, is_reply=True, for_followers=for_followers)
    return f"{_INSERT_ROWS}, thread_id) {rows}"


def _store_in_steps(
    params: Mapping[str, Any], has_rows: bool, reply: Reply | None, reaching: Reaching | None
) -> tuple[Any, ...]:
    """The same, statement by statement."""
    id_sql = message_id_sql() if is_distributed() else None
    insert = _INSERT_WITH_ID.format(id=id_sql) if id_sql else _INSERT_MESSAGE
    [stored] = fetch_prepared(insert, params)
    params = {**params, "message_id": stored[0]}
    if has_rows:
        fetch_prepared(_rows_sql("%(message_id)s", "", _kind_of(reply)), params)
    if reply is not None:
        fetch_prepared(thread_sql("%(message_id)s", ""), params)
        for followed in FOLLOWED_IN_STEPS:
            fetch_prepared(followed, params)
    announce_message(
        EventKind.MESSAGE_CREATED,
        message_id=stored[0],
        conversation_id=params["conversation_id"],
        actor_id=params["sender_id"],
    )
    if reaching is not None and (moved := reach_newest_sql(reaching.mark)):
        fetch_prepared(moved, params)
    return stored


def _claim_name(external_id: str, message_id: int, conversation_id: int) -> None:
    if not fetch_prepared(_INSERT_NAME, [external_id, message_id, conversation_id]):
        other = message_id_of(external_id)
        raise Conflict(f"Message {other} already has this external_id.")
