"""Keyset pagination: a page starts after a row. Nothing is counted, and the last page costs no more
than the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict

from receipts.sql.keyset import Order


@dataclass(frozen=True)
class Place:
    """The page after a row, before a row, at the end of the list, or else at its start."""

    after: int | None = None
    before: int | None = None
    last: bool = False

    #: The query parameters that encode it.
    PARAMETERS = ("after", "before", "page")

    @property
    def backwards(self) -> bool:
        return self.last or self.before is not None


@dataclass(frozen=True)
class KeysetPage:
    """The rows of one page, and the queries of its links."""

    rows: list[Any]
    #: By name: ``first``, ``previous``, ``next``, ``last``; absent if there is no such page.
    links: dict[str, str]


class Keyset:
    """The pages of a list in an ``Order``.

    Links name a row by its ``key``; unless that is the only column, its columns are looked up.
    """

    def __init__(self, *columns: str, key: str = "pk") -> None:
        self.order, self.key = Order(*columns), key

    def page(self, rows: QuerySet[Any], place: Place, size: int, query: QueryDict) -> KeysetPage:
        """The page at a place, of at most ``size`` rows; its links keep ``query``."""
        chosen = self.order.sorted(rows, backwards=place.backwards)
        row = place.after or place.before
        if row is not None:
            chosen = chosen.filter(self._behind(rows, row, place.backwards))
        found = list(chosen[: size + 1])
        more, found = len(found) > size, found[:size]
        if place.before is not None and not more:
            return self.page(rows, Place(), size, query)  # the start: show a full first page
        if place.backwards:
            found.reverse()
        ways = {
            "previous": more if place.backwards else row is not None,
            "next": not place.last if place.backwards else more,
        }
        return KeysetPage(found, self._links(found, ways, query))

    def _behind(self, rows: QuerySet[Any], row: int, backwards: bool) -> Q:
        """The rows after ``row`` in the order of the list, or before it."""
        names = self.order.names
        if names == (self.key,):
            position: Any = (row,)
        else:
            position = rows.model._default_manager.filter(**{self.key: row})
            position = position.values_list(*names).first()
        if position is None:
            return Q(pk__in=[])
        behind = self.order.behind(position, backwards=backwards)
        if "__" not in names[0]:
            return behind
        # Columns of two tables: a condition on the first, at which an index range scan can start.
        return Order(names[0]).compared(self.order.way(backwards) + "e", position) & behind

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
