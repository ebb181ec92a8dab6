"""One pass of the rollup: the days that are over, then what has changed on earlier ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from django.db import transaction

from chat.models import Message
from receipts.models import InsightsHorizon
from receipts.sql.run import fetch_rows
from receipts.sql.times import midnight
from receipts.upkeep.progress import ProgressBar
from receipts.upkeep.rollup.horizon import (
    DAY,
    locked_horizon,
    move_horizon,
    open_transactions_end,
)
from receipts.upkeep.rollup.parts import FIGURES
from receipts.upkeep.rollup.writing import Pair, delete_day, write_day, write_pairs

#: At most this many conversations and days are written again in a transaction.
BATCH_PAIRS = 1_000

#: The next notes of rolled-up days. Deleted before what they note is counted: a note that is
#: inserted meanwhile stays, and is of a change that is counted then or later.
_TAKE_NOTES = """
    DELETE FROM receipts_insightschange WHERE (day, conversation_id) IN (
           SELECT DISTINCT day, conversation_id FROM receipts_insightschange
            WHERE day < %(rolled_before)s ORDER BY day, conversation_id LIMIT %(pairs)s)
    RETURNING day, conversation_id"""
#: Figures of deleted conversations.
_OF_DELETED = """
    SELECT DISTINCT day, conversation_id FROM receipts_insightspart
     WHERE conversation_id IN (SELECT deleted.id FROM chat_conversation AS deleted
                                WHERE deleted.deleted_at IS NOT NULL)
     ORDER BY day, conversation_id LIMIT %(pairs)s"""


def first_day() -> date | None:
    """The first day with messages or figures."""
    sent = Message.objects.order_by("created_at").values_list("created_at", flat=True).first()
    figures = [
        model._default_manager.order_by("day").values_list("day", flat=True).first()
        for model in FIGURES
    ]
    return min((day for day in (sent and sent.date(), *figures) if day), default=None)


@transaction.atomic
def roll_day_again(day: date) -> None:
    """Write the figures of a day that is rolled up again."""
    locked_horizon()
    delete_day(day)
    write_day(day)


@dataclass
class Rollup:
    """One pass. Each batch is a transaction, which locks nothing that marks or messages need."""

    #: Roll rolled-up days from this one on up again.
    since: date | None = None
    batch_pairs: int = BATCH_PAIRS
    #: Days that were rolled up, with their messages, and how many were again.
    days: int = field(default=0, init=False)
    messages: int = field(default=0, init=False)
    again: int = field(default=0, init=False)
    #: Conversations and days that had changed, and were written again.
    changed: int = field(default=0, init=False)
    #: Whether days that are over wait for the end of transactions that stay open.
    waits: bool = field(default=False, init=False)

    def run(self) -> None:
        """Roll up the days that are over, and what has changed on earlier ones."""
        young = move_horizon()
        self._roll_again()
        if self._horizon().rolled_before < young:
            if open_transactions_end():
                self._roll_new(young)
            else:
                self.waits = True
        self._write_changes()

    def _roll_again(self) -> None:
        rolled_before = self._horizon().rolled_before
        if self.since is None or (first := first_day()) is None:
            return
        day = max(self.since, first)
        if day >= rolled_before:
            return
        with ProgressBar("days", (rolled_before - day).days, label="again") as progress:
            while day < rolled_before:
                roll_day_again(day)
                day += DAY
                self.again += 1
                progress.advance(1)

    def _roll_new(self, young: date) -> None:
        with ProgressBar("days", self._days_left(young)) as progress:
            while (found := self._roll_next(young)) is not None:
                self.messages += found
                progress.advance(1, f"{self.messages:,} messages")

    @transaction.atomic
    def _roll_next(self, young: date) -> int | None:
        """Roll up the next day with messages; return how many, or None if no day is left."""
        horizon = locked_horizon()
        if horizon.rolled_before >= young:
            return None
        day = self._next_day(horizon.rolled_before, young)
        found = None
        if day is not None:
            delete_day(day)
            found = write_day(day)
            self.days += 1
        horizon.rolled_before = young if day is None else day + DAY
        horizon.save(update_fields=["rolled_before"])
        return found

    @staticmethod
    def _next_day(after: date, young: date) -> date | None:
        """The first day with messages; days without need no row."""
        messages = Message.objects.filter(created_at__lt=midnight(young))
        if after > date.min:
            messages = messages.filter(created_at__gte=midnight(after))
        first = messages.order_by("created_at").values_list("created_at", flat=True).first()
        return first.date() if first else None

    def _days_left(self, young: date) -> int:
        day = self._next_day(self._horizon().rolled_before, young)
        return (young - day).days if day else 0

    def _write_changes(self) -> None:
        with ProgressBar("changes") as progress:
            while pairs := self._write_batch():
                self.changed += pairs
                progress.advance(pairs)
                if pairs < self.batch_pairs:
                    return

    @transaction.atomic
    def _write_batch(self) -> int:
        rolled_before = locked_horizon().rolled_before
        params = {"rolled_before": str(rolled_before), "pairs": self.batch_pairs}
        pairs: set[Pair] = {_pair(*row) for row in fetch_rows(_TAKE_NOTES, params)}
        if len(pairs) < self.batch_pairs:
            left = self.batch_pairs - len(pairs)
            pairs |= {_pair(*row) for row in fetch_rows(_OF_DELETED, {"pairs": left})}
        if pairs:
            write_pairs(sorted(pairs))
        return len(pairs)

    @staticmethod
    def _horizon() -> InsightsHorizon:
        return InsightsHorizon.objects.get(pk=1)


def _pair(day: date | str, conversation: int) -> Pair:
    return date.fromisoformat(str(day)), conversation
