"""Pages of a list, found by the row they begin behind: none counts, and the last is as near as
the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict


@dataclass(frozen=True)
class Place:
    """Where a page begins: behind a row, in front of one, at the list's end, else at its start."""

    after: int | None = None
    before: int | None = None
    last: bool = False

    #: The query parameters that say it.
    PARAMETERS = ("after", "before", "page")

    @property
    def backwards(self) -> bool:
        return self.last or self.before is not None


@dataclass(frozen=True)
class Page:
    """Some rows of a list, and the queries that lead on from them."""

    rows: list[Any]
    #: By name: ``first``, ``previous``, ``next``, ``last``; what leads nowhere is not there.
    links: dict[str, str]


class Keyset:
    """The order of a list: one column, or two of one direction, that never change in a row.

    A row is named by its ``key``; where that is not the column itself, its columns are looked up.
    """

    def __init__(self, *columns: str, key: str = "pk") -> None:
        self.columns, self.key = columns, key
        self.names = [column.lstrip("-") for column in columns]
        self.descends = columns[0].startswith("-")

    def page(self, rows: QuerySet[Any], place: Place, size: int, query: QueryDict) -> Page:
        """The page at a place; ``query`` is what its links keep."""
        columns = [self._turned(c) for c in self.columns] if place.backwards else self.columns
        chosen, row = rows.order_by(*columns), place.after or place.before
        if row is not None:
            chosen = chosen.filter(self._behind(rows, row, place.backwards))
        found = list(chosen[: size + 1])
        more, found = len(found) > size, found[:size]
        if place.before is not None and not more:
            return self.page(rows, Place(), size, query)  # a full page, where the list begins
        if place.backwards:
            found.reverse()
        ways = {
            "previous": more if place.backwards else row is not None,
            "next": not place.last if place.backwards else more,
        }
        return Page(found, self._links(found, ways, query))

    def _behind(self, rows: QuerySet[Any], row: int, backwards: bool) -> Q:
        """The rows behind one in the list's order, or in front of it."""
        if self.names == [self.key]:
            position: Any = (row,)
        else:
            position = rows.model._default_manager.filter(**{self.key: row})
            position = position.values_list(*self.names).first()
        if position is None:
            return Q(pk__in=[])
        word = "lt" if self.descends is not backwards else "gt"
        last = Q(**{f"{self.names[-1]}__{word}": position[-1]})
        if len(position) == 1:
            return last
        # What the index can begin at stands by itself.
        name, value = self.names[0], position[0]
        return Q(**{f"{name}__{word}e": value}) & (Q(**{f"{name}__{word}": value}) | last)

    def _links(self, found: list[Any], ways: dict[str, bool], query: QueryDict) -> dict[str, str]:
        steps: dict[str, dict[str, Any]] = {}
        if ways["previous"]:
            steps["first"] = {}
            if found:
                steps["previous"] = {"before": self._key_of(found[0])}
        if ways["next"] and found:
            steps["next"] = {"after": self._key_of(found[-1])}
            steps["last"] = {"page": "last"}
        return {name: self._query(query, step) for name, step in steps.items()}

    def _key_of(self, row: Any) -> Any:
        return row[self.key] if isinstance(row, dict) else getattr(row, self.key)

    @staticmethod
    def _query(query: QueryDict, step: dict[str, Any]) -> str:
        kept = query.copy()
        for name in Place.PARAMETERS:
            kept.pop(name, None)
        kept.update(step)
        return f"?{kept.urlencode()}"

    @staticmethod
    def _turned(column: str) -> str:
        return column[1:] if column.startswith("-") else f"-{column}"
