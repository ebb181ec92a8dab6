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


class CompiledPages(Generic[CompiledRow]):
    """The pages of the lists that ``build`` makes, with ``kinds`` as of ``CompiledVariants``."""

    def __init__(
        self, build: Callable[..., QuerySet[Any, CompiledRow]], order: Order, **kinds: type
    ) -> None:
        self.build, self._order, self._kinds = build, order, kinds
        self._position = {
            f"position_{name}": datetime if name.endswith("_at") else int for name in order.names
        }
        #: By size, direction and the names of what is given.
        self._queries: dict[tuple[object, ...], PlannedQuery[CompiledRow]] = {}

    def rows(
        self,
        size: int,
        position: Sequence[Any] | None,
        *,
        backwards: bool,
        **values: Any,
    ) -> list[CompiledRow]:
        """``Order.page`` of the list for these values."""
        if position is not None:
            values |= zip(self._position, map(adapt, position), strict=True)
        given = {name: value for name, value in values.items() if value is not None}
        key = size, backwards, *given
        query = self._queries.get(key)
        if query is None:
            kinds = {**self._kinds, **self._position}
            build = partial(self._page, size, backwards)
            query = PlannedQuery(build, **{name: kinds[name] for name in given})
            self._queries[key] = query
        return query.rows(**given)

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
