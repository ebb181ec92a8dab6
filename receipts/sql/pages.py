"""The pages of a list that nothing narrows, as queries that are compiled once.

Most requests of a list are for such a page, and building and compiling its query takes longer than
running it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic

from django.db.models import QuerySet

from chat.sql.compiled import CompiledRow, PlannedQuery
from chat.sql.prepared import adapt
from receipts.sql.keyset import Order

#: Of a page: its size, whether it is one before a position, and whether it has a position.
_Kind = tuple[int, bool, bool]


class CompiledPages(Generic[CompiledRow]):
    """The pages of the lists that ``build`` makes, with ``kinds`` as of a ``CompiledQuery``."""

    def __init__(
        self, build: Callable[..., QuerySet[Any, CompiledRow]], order: Order, **kinds: type
    ) -> None:
        self.build, self._order, self._kinds = build, order, kinds
        self._position = {
            f"position_{name}": datetime if name.endswith("_at") else int for name in order.names
        }
        self._queries: dict[_Kind, PlannedQuery[CompiledRow]] = {}

    def rows(
        self,
        size: int,
        position: Sequence[Any] | None,
        *,
        backwards: bool,
        **values: Any,
    ) -> list[CompiledRow]:
        """``Order.page`` of the list for these values."""
        kind = size, backwards, position is not None
        query = self._queries.get(kind)
        if query is None:
            kinds = self._kinds if position is None else self._kinds | self._position
            query = PlannedQuery(partial(self._page, size, backwards), **kinds)
            self._queries[kind] = query
        if position is not None:
            values |= zip(self._position, map(adapt, position), strict=True)
        return query.rows(**values)

    def _page(self, size: int, backwards: bool, **values: Any) -> QuerySet[Any, CompiledRow]:
        position = [values.pop(name) for name in self._position if name in values] or None
        return self._order.page(self.build(**values), size, position, backwards=backwards)


@dataclass(frozen=True)
class WholeList(Generic[CompiledRow]):
    """One list of ``CompiledPages``, from which nothing is filtered out."""

    pages: CompiledPages[CompiledRow]
    values: dict[str, Any]

    def queryset(self) -> QuerySet[Any, CompiledRow]:
        """Its rows, to be filtered."""
        return self.pages.build(**self.values)
