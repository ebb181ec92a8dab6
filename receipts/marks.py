"""What a mark makes of a row: times are set once, the earliest wins, a read implies a delivery.

Each function gives a ``Change`` for ``stamp``, which is where rows and counts change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from receipts.stamp import Change

#: A mark's time, never before the message's own (rule 6). Nobody passes a time after now.
AT = "CASE WHEN status.sent_at > %(at)s THEN status.sent_at ELSE %(at)s END"

#: Marks change nothing on withdrawn rows (rule 2) or under deleted messages (rule 21).
MARKABLE = "status.withdrawn_at IS NULL AND message.deleted_at IS NULL"

TRACKED = "message.tracking = 'tracked'"


def earliest(column: str, at: str = AT) -> str:
    """The earlier of a column and a mark's time; a column that is null takes the time."""
    return f"CASE WHEN status.{column} <= {at} THEN status.{column} ELSE {at} END"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A mark as somebody made it: delivered or read, when, and whether others may know.

    ``at`` is the time it counts from; ``backdated`` says that the marker gave that time, so it
    may be earlier than one that is set already (rule 6).
    """

    at: datetime
    read: bool = False
    private: bool = False
    backdated: bool = False

    @property
    def fresh(self) -> str:
        """The rows that are not marked yet."""
        return (
            "status.seen_at IS NULL" if self.read else f"status.delivered_at IS NULL AND {TRACKED}"
        )

    @property
    def later(self) -> str:
        """The rows that are marked with a later time than this one, which wins (rule 6)."""
        return f"status.seen_at > {AT}" if self.read else f"status.delivered_at > {AT}"

    def change(self, where: str, params: dict[str, Any], *, news: str = "") -> Change:
        """This mark on the rows where ``where`` holds and it is news: the ``fresh`` ones at least."""
        if not news:
            news = f"({self.fresh} OR {self.later})" if self.backdated else self.fresh
        return Change(
            which=f"{where} AND {MARKABLE} AND {news}",
            becomes=self._becomes(),
            params={**params, "at": self.at},
        )

    def _becomes(self) -> dict[str, str]:
        """An untracked message takes ``seen_at`` alone (rule 15), a private read no ``read_at``."""
        told = f"CASE WHEN {TRACKED} THEN {{}} END"
        becomes = {"delivered_at": told.format(earliest("delivered_at"))}
        if self.read:
            becomes["seen_at"] = earliest("seen_at")
            if not self.private:
                becomes["read_at"] = told.format(earliest("read_at"))
        return becomes


def withdrawal(where: str, params: dict[str, Any]) -> Change:
    """Rows without a disclosed read stop counting, whether privately read or not (rule 2)."""
    unread = f"{where} AND status.seen_at IS NULL AND status.withdrawn_at IS NULL"
    private = (
        f"{where} AND status.seen_at IS NOT NULL AND status.read_at IS NULL"
        " AND status.withdrawn_at IS NULL"
    )
    # Two arms, one for each partial index.
    return Change(
        which=f"(({unread}) OR ({private})) AND status.read_at IS NULL",
        becomes={"withdrawn_at": "%(at)s"},
        params=params,
    )
