"""How a mark changes a row: times are set once, the earliest wins, a read implies a delivery.

Each function returns a ``Change`` for ``stamp``, which changes rows and counts. Names that end in
``_sql`` or ``_SQL`` hold SQL text over ``status`` and its ``message``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from django.utils import timezone

from receipts.ledger.change import Change
from receipts.ledger.conditions import (
    DISCLOSED_LATER_SQL,
    FIRST_READ_SQL,
    MARKABLE_SQL,
    PRIVATELY_READ_SQL,
    TRACKED_SQL,
    UNREAD_OR_SEEN_ONLY_SQL,
    UNSEEN_SQL,
    not_before_sent,
)
from receipts.ledger.deliveries import (
    FAILS_NO_MORE,
    FIRST_DELIVERY_SQL,
    UNDELIVERED_SQL,
    delivered,
    delivered_by_read,
    earlier_of,
    fails_still,
    hides_delivery_sql,
)
from receipts.ledger.departed import DEPARTED_AT_SQL


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A mark: delivered or read, at which time, and whether others may know of it.

    ``at`` is the time from which it counts; ``backdated`` means that the marker gave that time, so
    it may be earlier than one that is already set (rule 6). Of several reads the earliest counts,
    with its privacy, so that marks give one result in any order; at the same moment the private
    one counts. A mark that is ``explicit`` is open on request: it also discloses an earlier private
    read, with its own time as the read's (rule 13). A mark that ``hides_delivery`` is no delivery
    for others; an open read discloses it all the same.
    """

    at: datetime
    read: bool = False
    private: bool = False
    explicit: bool = False
    hides_delivery: bool = False
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
            return f"(status.seen_at IS NULL OR ({') OR ('.join(PRIVATELY_READ_SQL)}))"
        if self.read:
            return UNSEEN_SQL
        return f"{UNDELIVERED_SQL} AND {UNREAD_OR_SEEN_ONLY_SQL} AND {TRACKED_SQL}"

    @property
    def later_sql(self) -> str:
        """SQL condition: the row is marked with a later time than this one, which wins (rule 6)."""
        at = not_before_sent(self.at_sql)
        later = [f"{FIRST_READ_SQL if self.read else FIRST_DELIVERY_SQL} > {at}"]
        if self.hides_delivery:
            later.append(hides_delivery_sql(at))
        if self.private:
            later.append(f"(status.read_at >= {at} AND NOT {DISCLOSED_LATER_SQL})")
        if self.explicit:
            later.append(f"status.read_at > {at}")
        return f"({' OR '.join(later)})"

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
    def _is_first(self) -> bool:
        """Whether this read changes no row that has been seen: ``seen_at`` is null in all."""
        return self.read and not (self.explicit or self.backdated or self._acknowledges)

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
        of_one_recipient: bool = False,
    ) -> Change:
        """This mark on rows where ``where`` and ``condition_sql``, or else ``changes_sql``, hold.

        Both are SQL conditions with the named parameters ``params``.
        """
        which, becomes, null_before = _text(self.without_values(), where, condition_sql)
        return Change(
            which=which,
            becomes=becomes,
            params={**params, "at": self.at, "content": self.content},
            source=source,
            may_retract=(self.private or self.hides_delivery) and self.backdated,
            of_one_recipient=of_one_recipient,
            null_before=null_before,
        )

    def without_values(self) -> Mark:
        """The mark as far as its SQL depends on it."""
        return _without_values(self.content is None, *_shape(self))

    def becomes(self) -> dict[str, str]:
        """An untracked message takes ``seen_at`` alone (rule 15); a delivery ends failures (11)."""
        at = not_before_sent(self.at_sql)
        if not self.read:
            becomes = dict(delivered(at, private=self.hides_delivery, backdated=self.backdated))
            return becomes if self.hides_delivery else becomes | FAILS_NO_MORE
        becomes = {"seen_at": at if self._is_first else earlier_of("seen_at", at)}
        if discloses(self):
            becomes["read_at"] = _IF_TRACKED.format(self._disclosed(at))
        elif self.backdated:
            becomes |= self._retracted(at)
        known = delivered_by_read(
            at,
            becomes.get("read_at", "status.read_at"),
            private=self.hides_delivery,
            discloses=discloses(self),
            given=self._may_win_sql,
        )
        becomes |= {column: _IF_TRACKED.format(value) for column, value in known.items()}
        becomes |= FAILS_NO_MORE if discloses(self) else fails_still(becomes["delivered_at"])
        if self._acknowledges:
            becomes["content"] = (
                f"CASE WHEN {becomes['read_at']} IS NULL THEN NULL"
                f" ELSE COALESCE(status.content, {self.content_sql}) END"
            )
        return becomes

    def _disclosed(self, at: str) -> str:
        """The read that others may know of: the earliest, if that one is not private (rule 13)."""
        if self.explicit or self._is_first:
            return earlier_of("read_at", at)
        return f"CASE WHEN {FIRST_READ_SQL} <= {at} THEN status.read_at ELSE {at} END"

    def _retracted(self, at: str) -> dict[str, str]:
        """A private read with a given time hides a disclosed one that is not earlier (rule 13)."""
        hides = f"{self._may_win_sql} AND {FIRST_READ_SQL} >= {at} AND NOT {DISCLOSED_LATER_SQL}"
        return {
            "read_at": f"CASE WHEN {hides} THEN NULL ELSE status.read_at END",
            "content": f"CASE WHEN {hides} THEN NULL ELSE status.content END",
            "withdrawn_at": f"CASE WHEN {hides} THEN {DEPARTED_AT_SQL} END",
        }


_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)


_SHAPE = [each.name for each in fields(Mark) if each.name not in ("at", "content")]
_shape = attrgetter(*_SHAPE)


@lru_cache(maxsize=500)
def _without_values(is_without_content: bool, *shape: Any) -> Mark:
    """One object for each kind of mark: to make and to compare them would take longer."""
    content = None if is_without_content else ""
    return Mark(at=_ANY_TIME, content=content, **dict(zip(_SHAPE, shape, strict=True)))


@lru_cache(maxsize=500)
def _text(
    mark: Mark, where: str, condition_sql: str
) -> tuple[str, Mapping[str, str], frozenset[str]]:
    """Which rows a mark changes, what their columns become, and which are null in all of them."""
    condition = condition_sql or mark.changes_sql
    which = f"{where} AND {MARKABLE_SQL} AND {condition}"
    null_before = {"withdrawn_at"}
    if condition in (UNSEEN_SQL, f"({UNSEEN_SQL})"):
        null_before.add("seen_at")
    return which, MappingProxyType(mark.becomes()), frozenset(null_before)


_IF_TRACKED = f"CASE WHEN {TRACKED_SQL} THEN {{}} END"


def discloses(mark: Mark) -> bool:
    """Whether this mark is a read that others may see."""
    return mark.read and not mark.private
