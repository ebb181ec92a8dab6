"""What a mark makes of a row: times are set once, the earliest wins, a read implies a delivery.

Each function gives a ``Change`` for ``stamp``, which is where rows and counts change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from receipts.stamp import Change


def held(at: str) -> str:
    """A mark's time, never before the message's own (rule 6). Nobody passes a time after now."""
    return f"CASE WHEN status.sent_at > {at} THEN status.sent_at ELSE {at} END"


#: Marks change nothing on withdrawn rows (rule 2) or under deleted messages (rule 21).
MARKABLE = "status.withdrawn_at IS NULL AND message.deleted_at IS NULL"

TRACKED = "message.tracking = 'tracked'"


def earliest(column: str, at: str) -> str:
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
    #: SQL of the time, where each row has its own and ``at`` is not it: a history's.
    time: str = "%(at)s"

    @property
    def fresh(self) -> str:
        """The rows that are not marked yet."""
        return (
            "status.seen_at IS NULL" if self.read else f"status.delivered_at IS NULL AND {TRACKED}"
        )

    @property
    def later(self) -> str:
        """The rows that are marked with a later time than this one, which wins (rule 6)."""
        return f"status.{'seen_at' if self.read else 'delivered_at'} > {held(self.time)}"

    @property
    def untold(self) -> str:
        """What a history adds: rows that know of no such mark, or of a later one.

        One that its recipient marked unread again (rule 10) still knows of its read.
        """
        if not self.read:
            return f"({self.fresh} OR {self.later})"
        known = "COALESCE(status.read_at, status.seen_at)"
        return f"({known} IS NULL OR {known} > {held(self.time)})"

    def change(
        self, where: str, params: dict[str, Any], *, news: str = "", source: str = ""
    ) -> Change:
        """This mark on the rows where ``where`` holds and it is news: the ``fresh`` ones at least."""
        if not news:
            news = f"({self.fresh} OR {self.later})" if self.backdated else self.fresh
        return Change(
            which=f"{where} AND {MARKABLE} AND {news}",
            becomes=self._becomes(),
            params={**params, "at": self.at},
            source=source,
        )

    def _becomes(self) -> dict[str, str]:
        """An untracked message takes ``seen_at`` alone (rule 15), a private read no ``read_at``."""
        told, at = f"CASE WHEN {TRACKED} THEN {{}} END", held(self.time)
        becomes = {"delivered_at": told.format(earliest("delivered_at", at))}
        if self.read:
            becomes["seen_at"] = earliest("seen_at", at)
            if not self.private:
                becomes["read_at"] = told.format(earliest("read_at", at))
        return becomes


def withdrawal(
    where: str, params: dict[str, Any], *, at: str = "%(at)s", source: str = ""
) -> Change:
    """Rows without a disclosed read stop counting, whether privately read or not (rule 2)."""
    unread = f"{where} AND status.seen_at IS NULL AND status.withdrawn_at IS NULL"
    private = (
        f"{where} AND status.seen_at IS NOT NULL AND status.read_at IS NULL"
        " AND status.withdrawn_at IS NULL"
    )
    # Two arms, one for each partial index.
    return Change(
        which=f"(({unread}) OR ({private})) AND status.read_at IS NULL",
        becomes={"withdrawn_at": at},
        params=params,
        source=source,
    )
