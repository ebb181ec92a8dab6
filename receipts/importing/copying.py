"""Where tables are distributed, an import works on a local copy of the conversations it names.

Its statements join staged records with messages, rows and participants in ways that no distributed
table allows. So temporary tables take the names of the distributed ones, and contain the rows of
these conversations, which stay locked: nobody sends, joins or leaves there, and marks on imported
messages wait. In the end the changes are written back. All of it is one transaction: a file is
imported whole or not at all, apart from its users and conversations.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from django.db import IntegrityError, transaction

from chat.models import (
    Conversation,
    ConversationName,
    ConversationParticipant,
    Departure,
    Message,
    MessageName,
    Thread,
    ThreadFollower,
    User,
)
from chat.sql.prepared import end_prepared
from receipts.importing.report import Report
from receipts.models import (
    HistoryMember,
    HistoryPosition,
    HistoryStay,
    MessageStatus,
    ReceiptEvent,
)
from receipts.sql.distributed import is_distributed, on_one_node
from receipts.sql.run import among_ids, execute, fetch_rows, id_list, lock_in_order

#: How often an import tries to write what it has worked out.
_ATTEMPTS = 3
#: What an import reads and writes, in the order in which it is written back; each with the column
#: that names the conversation.
_COPIED = {Conversation._meta.db_table: "id"} | {
    model._meta.db_table: "conversation_id"
    for model in (
        ConversationParticipant,
        Message,
        Thread,
        ThreadFollower,
        MessageStatus,
        Departure,
        HistoryStay,
        HistoryMember,
        HistoryPosition,
        ReceiptEvent,
    )
}

#: The names of the records, by what they name.
_CONVERSATION_NAMES = """
    SELECT id AS name FROM import_conversation UNION SELECT conversation FROM import_participant
     UNION SELECT conversation FROM import_message UNION SELECT conversation FROM import_watermark
     UNION SELECT conversation FROM import_seen"""
_MESSAGE_NAMES = """
    SELECT id AS name FROM import_message UNION SELECT thread FROM import_message
     UNION SELECT message FROM import_receipt
     UNION SELECT message FROM import_watermark UNION SELECT message FROM import_seen"""
_USERNAMES = " UNION ".join(
    f"SELECT username FROM import_{kind}"
    for kind in ("participant", "message", "receipt", "watermark", "seen")
)
#: The conversations that the records name, and those of the messages that they name.
_NAMED = f"""
    SELECT known.conversation_id FROM ({_CONVERSATION_NAMES}) AS record
      JOIN chat_conversationname AS known ON known.name = 'ext:' || record.name
     UNION
    SELECT named.conversation_id FROM ({_MESSAGE_NAMES}) AS record
      JOIN chat_messagename AS named ON named.external_id = record.name
     ORDER BY 1"""

#: Of what is on every node: the users and names that the records, or these conversations, name.
_USERS = f"""
    SELECT * FROM {{real}} WHERE username IN ({_USERNAMES})
        OR id IN (SELECT user_id FROM pg_temp.chat_conversationparticipant)
        OR id IN (SELECT sender_id FROM pg_temp.chat_message)"""
#: Roots, too: a reply to one that the records name is attached to them.
_NAMES_OF_MESSAGES = f"""SELECT * FROM {{real}} WHERE external_id IN ({_MESSAGE_NAMES})
        OR message_id IN (SELECT thread_id FROM pg_temp.chat_message)"""
#: The direct conversations that two people have already.
_PAIRS = """
    SELECT known.* FROM (
           SELECT DISTINCT CAST(MIN(user_id) AS text) || '-' || CAST(MAX(user_id) AS text) AS pair
             FROM (SELECT conversation_id, user_id FROM pg_temp.chat_conversationparticipant
                    UNION
                   SELECT conversation.id, member.id FROM import_participant AS record
                     JOIN pg_temp.chat_conversation AS conversation
                       ON conversation.external_id = record.conversation
                     JOIN pg_temp.chat_user AS member ON member.username = record.username
                  ) AS members
            GROUP BY conversation_id HAVING COUNT(*) = 2) AS paired
      JOIN {real} AS known ON known.name = 'pair:' || paired.pair"""
_ON_EVERY_NODE = {
    User._meta.db_table: _USERS,
    MessageName._meta.db_table: _NAMES_OF_MESSAGES,
    ConversationName._meta.db_table: _PAIRS,
}

#: The columns that can be written, and the sequence that gives the ids.
_COLUMNS = """
    SELECT CAST(attname AS text) FROM pg_attribute
     WHERE attrelid = CAST(%(table)s AS regclass) AND attnum > 0 AND NOT attisdropped
       AND attgenerated = '' ORDER BY attnum"""
_SEQUENCE = "SELECT pg_get_serial_sequence(%(table)s, 'id')"

#: The rows of ``{one}`` that are not, as they are, in ``{other}``: by their ids only, or whole.
_ONLY_IDS = "SELECT id FROM {one} EXCEPT SELECT id FROM {other}"
_DIFFERENT = "SELECT {columns} FROM {one} EXCEPT SELECT {columns} FROM {other}"

#: What is named in the end: messages, and direct conversations that are now the one of two people.
_CLAIM = """
    INSERT INTO {schema}.chat_messagename (external_id, message_id, conversation_id)
    SELECT external_id, message_id, conversation_id FROM pg_temp.chat_messagename
     WHERE external_id NOT IN (SELECT external_id FROM pg_temp.import_before_chat_messagename)
     ORDER BY external_id"""
_CLAIM_PAIRS = """
    INSERT INTO {schema}.chat_conversationname (name, conversation_id)
    SELECT 'pair:' || paired.pair, paired.id FROM pg_temp.chat_conversation AS paired
      JOIN pg_temp.import_before_chat_conversation AS before ON before.id = paired.id
     WHERE paired.pair IS NOT NULL AND before.pair IS NULL ORDER BY 1"""


def on_copy(report: Report, apply: Callable[[], None]) -> None:
    """Run a part of an import on a local copy where tables are distributed; elsewhere as it is.

    Again, if a name was given to something else in that moment: then it is in the copy.
    """
    if not is_distributed():
        apply()
        return
    totals = report.totals()
    for _ in range(_ATTEMPTS - 1):
        with suppress(IntegrityError):
            _apply_to_copy(apply)
            return
        report.reset(totals)
    _apply_to_copy(apply)


def _apply_to_copy(apply: Callable[[], None]) -> None:
    try:
        with transaction.atomic():
            end_prepared()
            tables = _copy()
            with on_one_node():
                apply()
            for table in tables:
                table.write_back()
            for claim in (_CLAIM, _CLAIM_PAIRS):
                execute(claim.format(schema=_schema()))
            _drop_copy()
    finally:
        end_prepared()


class _Copy:
    """A temporary table of the same name as a distributed one, with the rows of some conversations.

    ``before`` holds the same rows, and is not changed.
    """

    def __init__(self, table: str, conversation: str) -> None:
        self.table, self.conversation = table, conversation
        self.real, self.copy = f"{_schema()}.{table}", f"pg_temp.{table}"
        self.before = f"pg_temp.import_before_{table}"
        self.columns = [name for (name,) in fetch_rows(_COLUMNS, {"table": self.real})]

    def fill(self, conversations: list[int]) -> None:
        """Create both tables with the rows as they are."""
        those = f"FROM {self.real} WHERE {among_ids(self.conversation)}"
        names = ", ".join(self.columns)
        execute(
            f"CREATE TEMPORARY TABLE import_before_{self.table} AS SELECT {names} {those}",
            {"ids": id_list(conversations)},
        )
        ((sequence,),) = fetch_rows(_SEQUENCE, {"table": self.real})
        execute(
            f"CREATE TEMPORARY TABLE {self.table} (LIKE {self.real} INCLUDING DEFAULTS"
            " INCLUDING GENERATED INCLUDING INDEXES INCLUDING CONSTRAINTS)"
        )
        execute(f"ALTER TABLE {self.copy} ALTER id SET DEFAULT nextval('{sequence}')")
        execute(f"INSERT INTO {self.copy} ({names}) SELECT {names} FROM {self.before}")
        execute(f"ANALYZE {self.copy}")

    def write_back(self) -> None:
        """Write to the distributed table what differs from before."""
        names = ", ".join(self.columns)
        changed = _DIFFERENT.format(columns=names, one=self.copy, other=self.before)
        added = _ONLY_IDS.format(one=self.copy, other=self.before)
        removed = _ONLY_IDS.format(one=self.before, other=self.copy)
        execute(
            f"DELETE FROM {self.real} WHERE ({self.conversation}, id) IN"
            f" (SELECT {self.conversation}, id FROM {self.before} WHERE id IN ({removed}))"
        )
        others = [name for name in self.columns if name not in {"id", self.conversation}]
        execute(
            f"""
            UPDATE {self.real} AS stored
               SET {", ".join(f"{name} = changed.{name}" for name in others)}
              FROM ({changed}) AS changed
             WHERE stored.id = changed.id
               AND stored.{self.conversation} = changed.{self.conversation}"""
        )
        execute(
            f"INSERT INTO {self.real} ({names}) SELECT {names} FROM {self.copy}"
            f" WHERE id IN ({added}) ORDER BY id"
        )


def _copy() -> list[_Copy]:
    """Lock the conversations of the records, and copy their rows."""
    ids = [pk for (pk,) in fetch_rows(_NAMED)]
    lock_in_order(Conversation.objects.filter(pk__in=ids))
    lock_in_order(ConversationParticipant.objects.filter(conversation__in=ids))
    lock_in_order(Message.objects.filter(conversation__in=ids, is_imported=True))
    tables = [_Copy(table, conversation) for table, conversation in _COPIED.items()]
    for table in tables:
        table.fill(ids)
    for name, select in _ON_EVERY_NODE.items():
        real = f"{_schema()}.{name}"
        execute(f"CREATE TEMPORARY TABLE import_before_{name} AS " + select.format(real=real))
        execute(f"CREATE TEMPORARY TABLE {name} (LIKE {real} INCLUDING INDEXES)")
        execute(f"INSERT INTO pg_temp.{name} SELECT * FROM pg_temp.import_before_{name}")
        execute(f"ANALYZE pg_temp.{name}")
    return tables


def _drop_copy() -> None:
    for name in (*_COPIED, *_ON_EVERY_NODE):
        execute(f"DROP TABLE pg_temp.{name}, pg_temp.import_before_{name}")


def _schema() -> str:
    """Where the tables of the service are."""
    ((schema,),) = fetch_rows("SELECT CAST(current_schema() AS text)")
    return str(schema)
