"""How a mark changes a row: times are set once, the earliest wins, a read implies a delivery.

Each function returns a ``Change`` for ``stamp``, which changes rows and counts. Names that end in
``_sql`` or ``_SQL`` hold SQL text over ``status`` and its ``message``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from chat.models import Tracking
from receipts.ledger.stamp import Change


def not_before_sent(at: str) -> str:
    """SQL: a mark's time, at least the message's own (rule 6). Callers clamp it to now."""
    return f"CASE WHEN status.sent_at > {at} THEN status.sent_at ELSE {at} END"


def earlier_of(column: str, at: str) -> str:
    """SQL: the earlier of a column and a mark's time; the mark's time where the column is null."""
    return f"CASE WHEN status.{column} <= {at} THEN status.{column} ELSE {at} END"


#: Marks change nothing on withdrawn rows (rule 2) or under deleted messages (rule 21).
MARKABLE_SQL = "status.withdrawn_at IS NULL AND message.deleted_at IS NULL"

TRACKED_SQL = f"message.tracking = '{Tracking.TRACKED.value}'"

#: Typed NULLs: PostgreSQL cannot infer the type of a column that is NULL in every row.
NULL_TIME_SQL = "CAST(NULL AS timestamptz)"
NULL_TEXT_SQL = "CAST(NULL AS varchar)"

#: When the recipient first left, or lost their account, after the message was sent; null if they
#: never did. A read that stops being disclosed is withdrawn from then on, as if it had never been
#: made (rules 2 and 13). Leaving writes these rows; see ``chat.models.Departure``.
DEPARTED_AT_SQL = """(SELECT MIN(departure.at) FROM chat_departure AS departure
         WHERE departure.user_id = status.recipient_id
           AND departure.conversation_id = status.conversation_id
           AND (departure.up_to >= status.message_id
                OR (departure.up_to IS NULL AND departure.at > status.sent_at)))"""

#: SQL condition: a private read that an explicit open mark has disclosed later (rule 13).
_DISCLOSED_LATER_SQL = "COALESCE(status.seen_at < status.read_at, FALSE)"

#: SQL condition: a private read. A row without a delivery keeps no receipt.
PRIVATELY_READ_SQL = (
    "status.seen_at IS NOT NULL AND status.read_at IS NULL AND status.delivered_at IS NOT NULL"
)

#: When a row was first read, as far as it records: one marked unread again (rule 10) still has its
#: receipt. Null for a row that was never read.
FIRST_READ_SQL = (
    f"CASE WHEN {_DISCLOSED_LATER_SQL} THEN status.seen_at"
    " ELSE COALESCE(status.read_at, status.seen_at) END"
)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A mark: delivered or read, at which time, and whether others may know of it.

    ``at`` is the time from which it counts; ``backdated`` means that the marker gave that time, so
    it may be earlier than one that is already set (rule 6). Of several reads the earliest counts,
    with its privacy, so that marks give one result in any order; at the same moment the private
    one counts. A mark that is ``explicit`` is open on request: it also discloses an earlier private
    read, with its own time as the read's (rule 13).
    """

    at: datetime
    read: bool = False
    private: bool = False
    explicit: bool = False
    backdated: bool = False
    #: An acknowledgement with a read; the first one is kept (rule 12). It belongs to a disclosed
    #: read: nobody may see that of a private read, so it is not stored.
    content: str | None = None
    #: Whether rows may have an acknowledgement of their own, in ``content_sql``.
    carries_content: bool = False
    #: SQL of the time, where each row has its own instead of ``at``: an import's, a batch's.
    at_sql: str = "%(at)s"
    #: SQL of the acknowledgement, likewise.
    content_sql: str = "%(content)s"
    #: SQL condition: the marker gave this row's time. Empty where ``backdated`` holds for all rows.
    backdated_row_sql: str = ""

    @classmethod
    def given(cls, at: datetime | None, **how: Any) -> Mark:
        """A mark at the given time, clamped to now, or else at the server's time (rule 6)."""
        now = timezone.now()
        return cls(at=min(at, now) if at else now, backdated=at is not None, **how)

    @property
    def unmarked_sql(self) -> str:
        """SQL condition: the row does not have this mark yet."""
        if self.read and self.explicit:
            return f"(status.seen_at IS NULL OR ({PRIVATELY_READ_SQL}))"
        if self.read:
            return "status.seen_at IS NULL"
        return f"status.delivered_at IS NULL AND {TRACKED_SQL}"

    @property
    def later_sql(self) -> str:
        """SQL condition: the row is marked with a later time than this one, which wins (rule 6)."""
        at = not_before_sent(self.at_sql)
        if not self.read:
            return f"status.delivered_at > {at}"
        if self.private:
            return (
                f"({FIRST_READ_SQL} > {at}"
                f" OR (status.read_at >= {at} AND NOT {_DISCLOSED_LATER_SQL}))"
            )
        if self.explicit:
            return f"({FIRST_READ_SQL} > {at} OR status.read_at > {at})"
        return f"{FIRST_READ_SQL} > {at}"

    @property
    def changes_sql(self) -> str:
        """SQL condition: this mark changes the row."""
        conditions = [self.unmarked_sql]
        if self.backdated:
            conditions.append(f"({self._may_win_sql} AND {self.later_sql})")
        if self._acknowledges:
            conditions.append(
                "(status.read_at IS NOT NULL AND status.content IS NULL"
                f" AND {self.content_sql} IS NOT NULL)"
            )
        return f"({' OR '.join(conditions)})"

    @property
    def _acknowledges(self) -> bool:
        return discloses(self) and (self.carries_content or self.content is not None)

    @property
    def _may_win_sql(self) -> str:
        """SQL condition: this mark may replace an earlier mark because of its time."""
        return self.backdated_row_sql or ("TRUE" if self.backdated else "FALSE")

    def change(
        self,
        where: str,
        params: Mapping[str, object],
        *,
        condition_sql: str = "",
        source: str = "",
    ) -> Change:
        """This mark on rows where ``where`` and ``condition_sql``, or else ``changes_sql``, hold.

        Both are SQL conditions with the named parameters ``params``.
        """
        return Change(
            which=f"{where} AND {MARKABLE_SQL} AND {condition_sql or self.changes_sql}",
            becomes=self._becomes(),
            params={**params, "at": self.at, "content": self.content},
            source=source,
            may_retract_reads=self.private and self.backdated,
        )

    def _becomes(self) -> dict[str, str]:
        """An untracked message takes ``seen_at`` alone (rule 15); a delivery ends failures (11)."""
        if_tracked = f"CASE WHEN {TRACKED_SQL} THEN {{}} END"
        at = not_before_sent(self.at_sql)
        becomes = {
            "delivered_at": if_tracked.format(self._delivered(at)),
            "failed_at": NULL_TIME_SQL,
            "failure_reason": NULL_TEXT_SQL,
        }
        if self.read:
            becomes["seen_at"] = earlier_of("seen_at", at)
        if discloses(self):
            becomes["read_at"] = if_tracked.format(self._disclosed(at))
        elif self.read and self.backdated:
            becomes |= self._retracted(at)
        if self._acknowledges:
            becomes["content"] = (
                f"CASE WHEN {becomes['read_at']} IS NULL THEN NULL"
                f" ELSE COALESCE(status.content, {self.content_sql}) END"
            )
        return becomes

    def _delivered(self, at: str) -> str:
        """SQL: the delivery time that others may see.

        A private read must affect it as a delivery at the same time would: it keeps a time
        that is already set, unless its own was given. The clocks of two servers may differ.
        """
        if not self.read or discloses(self):
            return earlier_of("delivered_at", at)
        return (
            f"CASE WHEN {self._may_win_sql} THEN {earlier_of('delivered_at', at)}"
            f" ELSE COALESCE(status.delivered_at, {at}) END"
        )

    def _disclosed(self, at: str) -> str:
        """The read that others may know of: the earliest, if that one is not private (rule 13)."""
        if self.explicit:
            return earlier_of("read_at", at)
        return f"CASE WHEN {FIRST_READ_SQL} <= {at} THEN status.read_at ELSE {at} END"

    def _retracted(self, at: str) -> dict[str, str]:
        """A private read with a given time hides a disclosed one that is not earlier (rule 13)."""
        hides = f"{self._may_win_sql} AND {FIRST_READ_SQL} >= {at} AND NOT {_DISCLOSED_LATER_SQL}"
        return {
            "read_at": f"CASE WHEN {hides} THEN NULL ELSE status.read_at END",
            "content": f"CASE WHEN {hides} THEN NULL ELSE status.content END",
            "withdrawn_at": f"CASE WHEN {hides} THEN {DEPARTED_AT_SQL} END",
        }


def discloses(mark: Mark) -> bool:
    """Whether this mark is a read that others may see."""
    return mark.read and not mark.private
