"""Check that messages match their rows (rule 19), their names and their threads, and correct them.

Rows and counts change in one statement, so drift means a bug or a manual change in the database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet

from chat.models import Message
from receipts.ledger.counting import COUNTS
from receipts.ledger.noting import note_messages
from receipts.ledger.recounting import COUNTED_SQL
from receipts.models import MessageStatus
from receipts.rules.deleted import present_sql
from receipts.rules.tracking import BY_ROWS_SQL
from receipts.sql.distributed import is_distributed
from receipts.sql.run import among_ids, execute, fetch_rows, id_list, lock_in_order
from receipts.upkeep.backfilling import NEEDS_ROWS
from receipts.upkeep.conversation_naming import ConversationNameCheck
from receipts.upkeep.members import MemberCheck
from receipts.upkeep.naming import NameCheck
from receipts.upkeep.progress import ProgressBar, beside_the_bar
from receipts.upkeep.repairing import left_open, withdraw_gone
from receipts.upkeep.strays import Strays, strays_elsewhere, strays_of_batch
from receipts.upkeep.stretches import OF_BATCH, OF_MESSAGES, STRETCH, stretches
from receipts.upkeep.threads import ThreadCheck
from receipts.upkeep.wording import ROWLESS_WORDS, difference_in_words

#: At most this many findings are reported one by one; the rest are only counted.
FINDINGS_TOLD = 50

#: The counts of each message, from its rows. IS TRUE keeps the conversation out of the search by
#: index: for two of that one's three columns PostgreSQL 18 reckons with a search for each
#: recipient, and rather reads all rows.
_COUNTED = f"""
    SELECT message.id AS message_id, MIN(message.conversation_id) AS conversation_id,
           COUNT(status.id) AS row_count, {COUNTED_SQL}
      FROM chat_message AS message
      LEFT JOIN receipts_messagestatus AS status ON status.message_id = message.id
       AND (status.conversation_id = message.conversation_id) IS TRUE
       AND {OF_BATCH.format("status.message_id")}
     WHERE {OF_MESSAGES}
     GROUP BY message.id"""
_SAME = """counted.message_id = message.id
       AND (counted.conversation_id = message.conversation_id) IS TRUE"""

#: An archived message keeps its counts without rows; one that waits for its rows has none to
#: compare with, and its counts may be all that is known.
_WAITS = f"(counted.row_count = 0 AND {NEEDS_ROWS})"
#: A message of a deleted conversation loses its rows first, and then goes itself.
_PRESENT = present_sql("message.conversation_id")
_DIFFERS = f"""(message.archived_at IS NULL AND {BY_ROWS_SQL}
       AND ({" OR ".join(f"message.{count} <> counted.{count}" for count in COUNTS)}))"""

_DRIFT = f"""
    SELECT message.id, CASE WHEN {_WAITS} THEN 1 ELSE 0 END,
           {", ".join(f"message.{count}, counted.{count}" for count in COUNTS)}
      FROM chat_message AS message JOIN ({_COUNTED}) AS counted ON {_SAME}
     WHERE {OF_MESSAGES} AND ({_DIFFERS} OR {_WAITS}) AND {_PRESENT}
     ORDER BY message.id"""

_FIX = f"""
    UPDATE chat_message AS message
       SET {", ".join(f"{count} = counted.{count}" for count in COUNTS)}
      FROM ({_COUNTED}) AS counted
     WHERE {_SAME} AND {OF_MESSAGES} AND {{those}}
       AND {_DIFFERS} AND NOT {_WAITS}"""


#: Where rows are distributed, joins and groups have to name the conversation as a plain column. On
#: one server PostgreSQL would then reckon with fewer messages than there are.
_DISTRIBUTED = (
    (") IS TRUE", ")"),
    ("MIN(message.conversation_id) AS", "message.conversation_id AS"),
    ("GROUP BY message.id", "GROUP BY message.conversation_id, message.id"),
)


def _searched(sql: str) -> str:
    """A statement as it suits where the rows are."""
    if is_distributed():
        for plain, named in _DISTRIBUTED:
            sql = sql.replace(plain, named)
    return sql


@dataclass
class Check:
    """One pass over all messages, or those of one conversation."""

    say: Callable[[str], Any]
    conversation: int | None = None
    fix: bool = False
    batch_size: int = STRETCH
    #: Messages whose counts are wrong, and stray rows.
    drifted: int = 0
    strays: int = 0
    fixed: int = 0
    #: Open rows of departed recipients, and how many of them were withdrawn.
    left_open: int = 0
    withdrawn: int = 0
    #: Tracked messages without rows, which a backfill would write; and those among them with
    #: nonzero counts: they have drifted, and only a backfill corrects them.
    waiting: int = 0
    rowless: int = 0
    told: int = field(default=0, init=False)
    #: Names and messages that disagree; threads and replies.
    names: NameCheck = field(init=False)
    conversation_names: ConversationNameCheck = field(init=False)
    threads: ThreadCheck = field(init=False)
    members: MemberCheck = field(init=False)

    def __post_init__(self) -> None:
        self.names = NameCheck(self._tell, self.conversation, self.fix)
        self.conversation_names = ConversationNameCheck(self._tell, self.conversation, self.fix)
        self.threads = ThreadCheck(self._tell, self.fix)
        self.members = MemberCheck(self._tell, self.conversation, self.fix)

    def run(self) -> None:
        """Check all messages and rows, batch by batch; correct the counts if ``fix`` is set."""
        messages = self._messages()
        self.names.check_names(self.batch_size)
        self.conversation_names.run(self.batch_size)
        self.members.run()
        if self.conversation is not None:
            self._tell_strays(strays_elsewhere(self.conversation, FINDINGS_TOLD))
        with ProgressBar("messages", messages.count()) as progress:
            for after, up_to in stretches(messages, self.batch_size):
                batch = {"after": after, "up_to": up_to, "conversation": self.conversation}
                self._check_counts(batch)
                self._tell_strays(strays_of_batch(batch, FINDINGS_TOLD))
                self._check_gone(batch)
                self.names.check_messages(batch)
                self.threads.check(batch)
                progress.advance(self.batch_size, f"{self.found:,} findings")

    @property
    def left(self) -> int:
        """How many findings were not corrected."""
        fixed = self.fixed + self.withdrawn + sum(each.fixed for each in self._others)
        return self.found - fixed

    @property
    def found(self) -> int:
        """How many findings there are."""
        found = self.drifted + self.strays + self.left_open
        return found + sum(each.found for each in self._others)

    @property
    def _others(self) -> tuple[NameCheck, ConversationNameCheck, ThreadCheck, MemberCheck]:
        return self.names, self.conversation_names, self.threads, self.members

    @property
    def untold(self) -> int:
        """How many findings were counted but not reported."""
        return self.found - self.told

    def totals(self) -> tuple[Counter[str], int]:
        """The number of messages by overall status, and the number of rows."""
        messages, rows = self._messages(), MessageStatus.objects.all()
        if self.conversation is not None:
            rows = rows.filter(message__conversation=self.conversation)
        counted = messages.values("overall_status").annotate(messages=Count("pk")).order_by()
        return Counter({r["overall_status"]: r["messages"] for r in counted}), rows.count()

    def _messages(self) -> QuerySet[Message]:
        messages = Message.objects.all()
        if self.conversation is not None:
            messages = messages.filter(conversation=self.conversation)
        return messages

    def _check_counts(self, batch: dict[str, Any]) -> None:
        drifted = []
        for message, waits, *counts in fetch_rows(_searched(_DRIFT), batch):
            self.waiting += waits
            difference = difference_in_words(counts)
            if not difference:
                continue
            self.drifted += 1
            if waits:
                self.rowless += 1
                words = difference_in_words(counts, ROWLESS_WORDS)
                self._tell(f"message {message}: {words}, and it has no rows")
            else:
                drifted.append(message)
                self._tell(f"message {message}: {difference}")
        if drifted and self.fix:
            self.fixed += self._put_right(batch, drifted)

    def _tell_strays(self, found: Strays) -> None:
        count, told = found
        self.strays += count
        for row, reason in told:
            self._tell(f"row {row}: {reason}")

    @transaction.atomic
    def _put_right(self, batch: dict[str, Any], drifted: list[int]) -> int:
        """Recount while the counts are locked, and store the result; return how many messages.

        Every change of a row locks its message (``stamp``). Once the messages are locked here, all
        earlier changes are committed, and visible to the statement that counts.
        """
        lock_in_order(Message.objects.filter(pk__in=drifted))
        note_messages(drifted)
        # Only the locked ones: the counts of others may change while this waits for a lock.
        execute(
            _searched(_FIX).format(those=among_ids("message.id")),
            {**batch, "ids": id_list(drifted)},
        )
        return len(drifted)

    def _check_gone(self, batch: dict[str, Any]) -> None:
        found = left_open(batch)
        self.left_open += len(found)
        for row, _, _, username, message in found:
            self._tell(f"row {row}: {username} is gone, and message {message} is left open")
        if found and self.fix:
            self.withdrawn += withdraw_gone([each[:3] for each in found])

    def _tell(self, finding: str) -> None:
        if self.told < FINDINGS_TOLD:
            self.told += 1
            with beside_the_bar():
                self.say(finding)
