"""ORM queries that are compiled to SQL once.

Building and compiling a queryset takes Django ten times as long as running it; for a query of
every mark that is most of the request (docs/decisions/0008).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import JSONField, Model, QuerySet

from chat.sql.prepared import adapt, fetch_planned, fetch_prepared

#: The type of a row, a ``TypedDict`` of the selected columns.
CompiledRow = TypeVar("CompiledRow")
AnyModel = TypeVar("AnyModel", bound=Model)


class CompiledQuery(Generic[CompiledRow]):
    """A ``.values()`` queryset whose SQL is cached; each call only binds its parameters.

    ``build`` makes the queryset from keyword arguments that are only compared with columns, a list
    of ids by ``among``. It is called once, with unique sample values that are found again in the
    compiled parameters. PostgreSQL plans it once, too.
    """

    _fetch = staticmethod(fetch_prepared)

    def __init__(self, build: Callable[..., QuerySet[Any, CompiledRow]], **kinds: type) -> None:
        self._build = build
        self._samples = {
            name: _sample(kind, number) for number, (name, kind) in enumerate(kinds.items())
        }
        self._named: tuple[str, dict[str, Any]] | None = None
        self._compiled: tuple[str, list[Any], list[str], Any, dict[Any, Any]] | None = None

    def rows(self, **values: Any) -> list[CompiledRow]:
        """The rows for these values; lists are from ``id_list``, times from ``adapt``."""
        sql, names, columns, compiler, converters = self._compiled or self._compile()
        params = [values.get(name, name) if type(name) is _Name else name for name in names]
        found: Any = self._fetch(sql, params)
        if converters:
            found = compiler.apply_converters(found, converters)
        rows: list[Any] = [dict(zip(columns, row, strict=True)) for row in found]
        return rows

    def first(self, **values: int | str) -> CompiledRow | None:
        """The first row for these values, or None."""
        rows = self.rows(**values)
        return rows[0] if rows else None

    def as_sql(self) -> tuple[str, dict[str, Any]]:
        """The query as a part of a larger statement: its parameters keep their names.

        Also the values of what the query compares with constants, by further names.
        """
        if self._named is None:
            sql, params, *_ = self._compiled or self._compile()
            names = [
                str(param) if type(param) is _Name else f"constant_{place}"
                for place, param in enumerate(params)
            ]
            constants = {
                name: param
                for name, param in zip(names, params, strict=True)
                if type(param) is not _Name
            }
            self._named = sql % tuple(f"%({name})s" for name in names), constants
        return self._named

    def _compile(self) -> tuple[str, list[Any], list[str], Any, dict[Any, Any]]:
        query = self._build(**self._samples).query
        compiler = query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        names = {adapt(sample): _Name(name) for name, sample in self._samples.items()}
        bound = [names.get(param, param) for param in params]
        if missing := self._samples.keys() - {str(name) for name in bound if type(name) is _Name}:
            raise TypeError(f"The query does not depend on {missing}.")
        self._compiled = sql, bound, list(query.selected or ()), compiler, _converters(compiler)
        return self._compiled


class CompiledVariants(Generic[CompiledRow]):
    """A query whose conditions depend on which of its parameters are not None.

    Each set of them is a ``CompiledQuery``, whose ``build`` gets these alone.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, CompiledRow]], **kinds: type) -> None:
        self._build, self._kinds = build, kinds
        self._queries: dict[tuple[str, ...], CompiledQuery[CompiledRow]] = {}

    def first(self, **values: int | str | None) -> CompiledRow | None:
        """The first row for these values, or None."""
        rows = self.rows(**values)
        return rows[0] if rows else None

    def rows(self, **values: Any) -> list[CompiledRow]:
        """``CompiledQuery.rows`` for these values."""
        given = {name: value for name, value in values.items() if value is not None}
        query = self._queries.get(tuple(given))
        if query is None:
            query = CompiledQuery(self._build, **{name: self._kinds[name] for name in given})
            self._queries[tuple(given)] = query
        return query.rows(**given)


class PlannedQuery(CompiledQuery[CompiledRow]):
    """A ``CompiledQuery`` that PostgreSQL plans each time, for its values."""

    _fetch = staticmethod(fetch_planned)


def _converters(compiler: Any) -> dict[Any, Any]:
    """Without those of JSON, which the driver's own cursor has read, and Django's would not."""
    found: dict[Any, Any] = compiler.get_converters([column[0] for column in compiler.select])
    if connection.vendor != "postgresql":
        return found
    return {
        place: (functions, expression)
        for place, (functions, expression) in found.items()
        if not isinstance(expression.output_field, JSONField)
    }


def stored_columns(model: type[Model], prefix: str = "") -> list[str]:
    """What ``.values()`` selects for ``instance_of``; ``prefix`` is a relation's and ``__``."""
    return [prefix + field.attname for field in model._meta.concrete_fields]


def instance_of(model: type[AnyModel], row: Mapping[str, Any], prefix: str = "") -> AnyModel:
    """The instance whose ``stored_columns`` a row contains."""
    names = stored_columns(model)
    return model.from_db(DEFAULT_DB_ALIAS, names, [row[prefix + name] for name in names])


class _Name(str):
    """The name of a parameter; any other string is a value."""


def _sample(kind: type, number: int) -> Any:
    """A value that occurs nowhere else in a query."""
    if kind is datetime:
        return datetime(9_000, 1, 1, microsecond=number, tzinfo=UTC)
    return 9_007_199_254_740_000 + number if kind is int else f"\x01sample {number}\x01"
