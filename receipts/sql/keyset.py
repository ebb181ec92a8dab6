"""The order of a list, and the rows after a position in it.

A position is the values of a row's columns. PostgreSQL and SQLite compare it as one row value, so
an index in this order finds a page in the middle as fast as the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.fields.tuple_lookups import (
    Tuple,
    TupleGreaterThan,
    TupleGreaterThanOrEqual,
    TupleLessThan,
    TupleLessThanOrEqual,
)

from chat.ids import MAX_ID, whole_number

#: Before every message.
EARLIEST = datetime.min.replace(tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LAST_MICROSECOND = (datetime.max.replace(tzinfo=UTC) - EARLIEST) // _MICROSECOND
_LOOKUPS = {
    "gt": TupleGreaterThan,
    "gte": TupleGreaterThanOrEqual,
    "lt": TupleLessThan,
    "lte": TupleLessThanOrEqual,
}


class Order:
    """Columns in one direction that together identify a row; their values do not change.

    Columns whose names end in ``_at`` are times, the others whole numbers.
    """

    def __init__(self, *columns: str) -> None:
        self.columns = columns
        self.names = tuple(column.lstrip("-") for column in columns)
        self.descends = columns[0].startswith("-")

    def sorted(self, rows: QuerySet[Any, Any], *, backwards: bool = False) -> QuerySet[Any, Any]:
        """The rows in this order, or in the opposite one."""
        sign = "-" if self.descends is not backwards else ""
        return rows.order_by(*(f"{sign}{name}" for name in self.names))

    def page(
        self,
        rows: QuerySet[Any, Any],
        size: int,
        position: Sequence[object] | None = None,
        *,
        backwards: bool = False,
    ) -> QuerySet[Any, Any]:
        """At most ``size`` rows after a position, or before it; without one, from an end.

        Those nearest to it come first, so a page backwards is in the opposite order.
        """
        if position is not None:
            rows = rows.filter(self.behind(position, backwards=backwards))
        return self.sorted(rows, backwards=backwards)[:size]

    def behind(self, position: Sequence[object], *, backwards: bool = False) -> Q:
        """The rows after a position, or before it."""
        return self.compared(self.way(backwards), position)

    def way(self, backwards: bool) -> str:
        """The lookup that finds the rows after a position, or before it: ``lt`` or ``gt``."""
        return "lt" if self.descends is not backwards else "gt"

    def compared(self, lookup: str, position: Sequence[object]) -> Q:
        """The rows whose values are ``lt``, ``lte``, ``gt`` or ``gte`` those of a position."""
        if len(self.names) == 1:
            return Q(**{f"{self.names[0]}__{lookup}": position[0]})
        columns = Tuple(*(F(name) for name in self.names))
        return Q(_LOOKUPS[lookup](columns, tuple(position)))

    def position_of(self, row: Any) -> tuple[Any, ...]:
        """The position of a row: a dict of its columns, or a model instance."""
        if isinstance(row, Mapping):
            return tuple(row[name] for name in self.names)
        return tuple(getattr(row, name) for name in self.names)

    def position_of_numbers(self, words: Sequence[str]) -> tuple[Any, ...]:
        """The position of ``numbers_of``, given as text. Raises ``ValueError`` if it is none."""
        return tuple(_value(name, word) for name, word in zip(self.names, words, strict=True))


def numbers_of(position: Sequence[object]) -> tuple[int, ...]:
    """A position as whole numbers from 0: times are microseconds since the year 1."""
    return tuple(
        (value - EARLIEST) // _MICROSECOND if isinstance(value, datetime) else int(str(value))
        for value in position
    )


def _value(name: str, word: str) -> datetime | int:
    is_time = name.endswith("_at")
    number = whole_number(word, _LAST_MICROSECOND if is_time else MAX_ID)
    if number is None:
        raise ValueError(f"{name} cannot be {word[:20]}.")
    return EARLIEST + number * _MICROSECOND if is_time else number


def sent_at_sql(message: str, conversation: str) -> str:
    """SQL: when a message was sent; with its id, its position in the order of a conversation."""
    return (
        "(SELECT place.created_at FROM chat_message AS place"
        f" WHERE place.id = {message} AND place.conversation_id = {conversation})"
    )


#: In the order in which rows were created.
OLDEST_FIRST = Order("id")
#: Rows of one message.
IN_ORDER_OF_RECIPIENTS = Order("recipient_id")
#: Messages of one conversation: as they were sent, and of one moment as they arrived.
BY_TIME = Order("created_at", "id")
NEWEST_FIRST = Order("-created_at", "-id")
#: Conversations by the time of the newest message; those without one come last. Those of one moment
#: by their own ids: to compare their messages would look up each of these too.
NEWEST_ACTIVITY_FIRST = Order("-last_message_at", "-id")
