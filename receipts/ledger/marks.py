"""How a mark changes a row: times are set once, the earliest wins, a read implies a delivery.

Each function returns a ``Change`` for ``stamp``, which changes rows and counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chat.models import Tracking
from receipts.ledger.stamp import Change


def held(at: str) -> str:
    """SQL: a mark's time, clamped to the message's time (rule 6). Callers pass no future times."""
    return f"CASE WHEN status.sent_at > {at} THEN status.sent_at ELSE {at} END"


#: Marks change nothing on withdrawn rows (rule 2) or under deleted messages (rule 21).
MARKABLE = "status.withdrawn_at IS NULL AND message.deleted_at IS NULL"

#: A typed NULL: PostgreSQL cannot infer the type of a column that is NULL in every row.
NO_TIME = "CAST(NULL AS timestamptz)"
NO_TEXT = "CAST(NULL AS varchar)"

TRACKED = f"message.tracking = '{Tracking.TRACKED.value}'"


def earliest(column: str, at: str) -> str:
    """SQL: the earlier of a column and a mark's time; the mark's time if the column is NULL."""
    return f"CASE WHEN status.{column} <= {at} THEN status.{column} ELSE {at} END"


#: When the recipient first left, or was deactivated, after the message was sent; NULL if they
#: never did. A read that stops being disclosed is withdrawn from then on, as if it had never been
#: made (rules 2 and 13). Leaving writes these rows; see ``chat.models.Departure``.
DEPARTED_AT = """(SELECT MIN(departure.at) FROM chat_departure AS departure
         WHERE departure.user_id = status.recipient_id
           AND departure.conversation_id = status.conversation_id
           AND (departure.up_to >= status.message_id
                OR (departure.up_to IS NULL AND departure.at > status.sent_at)))"""

#: When a row was first read, as far as is stored: a row marked unread again (rule 10) keeps its
#: receipt. NULL for a row that was never read.
FIRST_READ = "COALESCE(status.read_at, status.seen_at)"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A mark as a user made it: delivered or read, when, and whether others may know.

    ``at`` is its time; ``backdated`` means that the marker gave that time, so it
    may be earlier than one that is already set (rule 6). Of several reads the earliest counts, its
    privacy with it, so that marks give one result in any order; at the same moment the private
    one counts.
    """

    at: datetime
    read: bool = False
    private: bool = False
    backdated: bool = False
    #: An acknowledgement with a read; the first one that comes is kept (rule 12). It belongs to a
    #: disclosed read: that of a private read is shown to nobody, so it is not stored.
    content: str | None = None
    #: SQL of the time, where each row has its own and ``at`` is not it: a history's, a batch's.
    time: str = "%(at)s"
    #: SQL of the content, likewise.
    text: str = "%(content)s"
    #: SQL of whether the marker gave the time, where that differs from row to row; else
    #: ``backdated`` says it of all rows.
    given: str = ""

    @property
    def fresh(self) -> str:
        """SQL condition: the row is not marked yet."""
        return (
            "status.seen_at IS NULL" if self.read else f"status.delivered_at IS NULL AND {TRACKED}"
        )

    @property
    def later(self) -> str:
        """SQL condition: the row has a later time than this mark, which wins (rule 6)."""
        at = held(self.time)
        if not self.read:
            return f"status.delivered_at > {at}"
        if self.private:
            return f"({FIRST_READ} > {at} OR status.read_at >= {at})"
        return f"{FIRST_READ} > {at}"

    @property
    def untold(self) -> str:
        """SQL condition for imported history: the row has no such mark, or a later one."""
        if not self.read:
            return f"({self.fresh} OR {self.later})"
        return f"({FIRST_READ} IS NULL OR {self.later})"

    @property
    def news(self) -> str:
        """SQL condition: this mark changes the row."""
        news = [self.fresh]
        if self.backdated:
            news.append(f"({self._dated} AND {self.later})")
        if self._acknowledges:
            news.append(
                "(status.read_at IS NOT NULL AND status.content IS NULL"
                f" AND {self.text} IS NOT NULL)"
            )
        return f"({' OR '.join(news)})"

    @property
    def _acknowledges(self) -> bool:
        return discloses(self) and self.content is not None

    @property
    def _dated(self) -> str:
        """SQL condition: this mark's time may replace one that is already set."""
        return self.given or ("TRUE" if self.backdated else "FALSE")

    def change(
        self, where: str, params: dict[str, Any], *, news: str = "", source: str = ""
    ) -> Change:
        """This mark as a ``Change`` of the rows where ``where`` holds and it has an effect."""
        return Change(
            which=f"{where} AND {MARKABLE} AND {news or self.news}",
            becomes=self._becomes(),
            params={**params, "at": self.at, "content": self.content},
            source=source,
            may_take_back=self.private and self.backdated,
        )

    def _becomes(self) -> dict[str, str]:
        """An untracked message takes ``seen_at`` alone (rule 15); a delivery ends failures (11)."""
        told, at = f"CASE WHEN {TRACKED} THEN {{}} END", held(self.time)
        becomes = {
            "delivered_at": told.format(self._delivered(at)),
            "failed_at": NO_TIME,
            "failure_reason": NO_TEXT,
        }
        if self.read:
            becomes["seen_at"] = earliest("seen_at", at)
        if discloses(self):
            becomes["read_at"] = told.format(self._disclosed(at))
        elif self.read and self.backdated:
            becomes |= self._taken_back(at)
        if self._acknowledges:
            becomes["content"] = (
                f"CASE WHEN {becomes['read_at']} IS NULL THEN NULL"
                f" ELSE COALESCE(status.content, {self.text}) END"
            )
        return becomes

    def _delivered(self, at: str) -> str:
        """SQL: the delivery time that others may see.

        A private read must affect it as a delivery at the same time would: it keeps a time
        that is already set, unless its own was given. The clocks of two servers may differ.
        """
        if not self.read or discloses(self):
            return earliest("delivered_at", at)
        return (
            f"CASE WHEN {self._dated} THEN {earliest('delivered_at', at)}"
            f" ELSE COALESCE(status.delivered_at, {at}) END"
        )

    def _disclosed(self, at: str) -> str:
        """SQL: the read time shown to others: the earliest, if that is not private (rule 13)."""
        return f"CASE WHEN {FIRST_READ} <= {at} THEN status.read_at ELSE {at} END"

    def _taken_back(self, at: str) -> dict[str, str]:
        """A private read with a given time hides a disclosed one that is not earlier (rule 13)."""
        hides = f"{self._dated} AND {FIRST_READ} >= {at}"
        return {
            "read_at": f"CASE WHEN {hides} THEN NULL ELSE status.read_at END",
            "content": f"CASE WHEN {hides} THEN NULL ELSE status.content END",
            "withdrawn_at": f"CASE WHEN {hides} THEN {DEPARTED_AT} END",
        }


def discloses(mark: Mark) -> bool:
    """Whether this mark is a read that others may see."""
    return mark.read and not mark.private


def failure(where: str, params: dict[str, Any]) -> Change:
    """A delivery that failed, until it is delivered after all; the earliest is kept (rule 11)."""
    at = held("%(at)s")
    return Change(
        which=f"{where} AND {MARKABLE} AND {TRACKED} AND status.delivered_at IS NULL"
        f" AND (status.failed_at IS NULL OR status.failed_at > {at})",
        becomes={"failed_at": at, "failure_reason": "%(reason)s"},
        params=params,
    )
