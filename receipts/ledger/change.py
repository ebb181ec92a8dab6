"""What a mark, a departure, an import makes of status rows: which rows, and what they become."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from receipts.sql.nulls import NULL_TEXT_SQL, NULL_TIME_SQL
from receipts.sql.planning import reckoned_few_sql

#: The columns of which each change gives the values before and after.
TIMES = ("delivered_at", "seen_at", "read_at", "failed_at", "withdrawn_at")
_FIXED = {
    "id": "status.id",
    "message_id": "status.message_id",
    "recipient_id": "status.recipient_id",
    "conversation_id": "status.conversation_id",
    "sent_at": "status.sent_at",
    "sender_id": "message.sender_id",
    "tracking": "message.tracking",
    "edited_at": "message.edited_at",
}
_NULLS = (NULL_TIME_SQL, NULL_TEXT_SQL)


@dataclass(frozen=True)
class Change:
    """Rows that change: those of ``source`` where ``which`` holds; ``becomes`` gives their columns.

    All are SQL over ``status`` and its ``message``, with named parameters (``%(at)s``). ``which``
    has to exclude rows that ``becomes`` would not change, so that a repeat changes nothing.
    """

    which: str
    becomes: Mapping[str, str]
    params: Mapping[str, object] = field(default_factory=dict)
    source: str = ""
    #: Whether to write no events: imported history happened elsewhere.
    quiet: bool = False
    #: Whether it may make open reads or deliveries private: only an earlier private mark does.
    may_retract: bool = False
    #: Whether all rows are one recipient's, so that no message has two: nothing is summed up.
    of_one_recipient: bool = False
    #: The times that are null in each row where ``which`` holds.
    null_before: frozenset[str] = frozenset()

    @property
    def changed(self) -> str:
        """SELECT: each row that changes, its columns before (``was_…``) and after."""
        return self._select(self._columns)

    def in_two(self, **constants: str) -> tuple[str, str]:
        """The same as two SELECT: of what differs from row to row, and of all columns from that.

        The second one is over ``chosen``, the rows of the first one. What is null in all rows, or
        one of the ``constants``, is not stored with each of them, and PostgreSQL simplifies by it
        what is computed from the rows.
        """
        columns = self._columns
        nulls = {name: value for name, value in columns.items() if value in _NULLS}
        constants = nulls | constants
        differing = {name: value for name, value in columns.items() if name not in constants}
        named = ", ".join(["chosen.*", *_named(constants)])
        return self._select(differing), f"SELECT {named} FROM chosen"

    @property
    def _columns(self) -> dict[str, str]:
        """By name, SQL over ``status`` and its ``message``."""
        before = {
            name: NULL_TIME_SQL if name in self.null_before else f"status.{name}"
            for name in (*TIMES, *self.becomes)
        }
        was = {f"was_{name}": value for name, value in before.items()}
        return {**_FIXED, **was, **before, **self.becomes}

    def _select(self, columns: Mapping[str, str]) -> str:
        # Not where rows are joined with a source: they are found by that one.
        few = "" if self.source else f" AND {reckoned_few_sql('status')}"
        # The message comes first: partitioned tables are locked in the order of the FROM list.
        return f"""
            SELECT {", ".join(_named(columns))}
              FROM chat_message AS message
              JOIN receipts_messagestatus AS status ON status.message_id = message.id
               AND status.conversation_id = message.conversation_id
              {self.source}
             WHERE {self.which}{few}"""


def _named(columns: Mapping[str, str]) -> Iterable[str]:
    return (f"{value} AS {name}" for name, value in columns.items())
