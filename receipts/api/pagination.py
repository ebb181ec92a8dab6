"""Keyset pages of up to 200; a malformed cursor or limit is refused, not ignored."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, ClassVar

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from chat.addresses import encoded_again
from chat.ids import whole_number
from receipts.sql.keyset import (
    IN_ORDER_OF_RECIPIENTS,
    NEWEST_ACTIVITY_FIRST,
    NEWEST_FIRST,
    OLDEST_FIRST,
    Order,
    numbers_of,
)
from receipts.sql.pages import WholeList

#: What the links of a page are.
_LINKS = {
    "next": "The address of the following page; null at the end of the list.",
    "previous": "The address of the page before; null at the beginning.",
}


@dataclass(frozen=True)
class KeysetCursor:
    """A page's start: the position before its first row, or after its last one; else an end."""

    position: tuple[Any, ...] | None = None
    backwards: bool = False

    def encode(self) -> str:
        """As it stands in a link."""
        numbers = () if self.position is None else numbers_of(self.position)
        words = ("before" if self.backwards else "after", *map(str, numbers))
        return urlsafe_b64encode(".".join(words).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, given: str, order: Order) -> KeysetCursor:
        """The cursor of a list in this order. Raises ``ValueError`` for anything else."""
        padded = given.encode("ascii") + b"=" * (-len(given) % 4)
        way, *words = b64decode(padded, b"-_", validate=True).decode("ascii").split(".")
        if way not in ("before", "after"):
            raise ValueError(way)
        return cls(order.position_of_numbers(words) if words else None, way == "before")


class KeysetPagination(BasePagination):
    """Pages in an order that never changes, so that cursors stay valid while rows are added."""

    page_size = 50
    max_page_size = 200
    cursor_query_param = "cursor"
    order: ClassVar[Order] = OLDEST_FIRST

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The rows of the requested page, in order.

        Beyond an end of the list a page is empty, and its one link leads to that end.
        """
        self.url = encoded_again(request.build_absolute_uri())
        size, cursor = self.page_size_of(request), self.cursor_of(request)
        wanted: Any = {"size": size + 1, "position": cursor.position, "backwards": cursor.backwards}
        if isinstance(queryset, WholeList):
            found = queryset.pages.rows(**wanted, **queryset.values)
        else:
            found = list(self.order.page(queryset, **wanted))
        ahead, behind = len(found) > size, cursor.position is not None
        page = found[:size]
        if cursor.backwards:
            ahead, behind = behind, ahead
            page.reverse()
        ends = [self.order.position_of(page[end]) for end in (-1, 0)] if page else [None, None]
        self.next_cursor = KeysetCursor(ends[0]) if ahead else None
        self.previous_cursor = KeysetCursor(ends[1], backwards=True) if behind else None
        return page

    def page_size_of(self, request: Request) -> int:
        """The number of rows of a page."""
        given = request.query_params.get("limit")
        if given is None:
            return self.page_size
        size = whole_number(given, self.max_page_size)
        if not size:
            raise ValidationError(
                {"limit": [f"Must be a whole number from 1 to {self.max_page_size}."]}
            )
        return size

    def cursor_of(self, request: Request) -> KeysetCursor:
        """The page's start; without a cursor, or with an empty one, that of the list."""
        given = request.query_params.get(self.cursor_query_param)
        if not given:
            return KeysetCursor()
        try:
            return KeysetCursor.decode(given, self.order)
        except ValueError as error:
            raise ValidationError(
                {self.cursor_query_param: ["Not a cursor of this list."]}
            ) from error

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {
                "next": self._link(self.next_cursor),
                "previous": self._link(self.previous_cursor),
                "results": data,
            }
        )

    def _link(self, cursor: KeysetCursor | None) -> str | None:
        if cursor is None:
            return None
        link: str = replace_query_param(self.url, self.cursor_query_param, cursor.encode())
        return link

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        links = {
            name: {"type": ["string", "null"], "format": "uri", "description": description}
            for name, description in _LINKS.items()
        }
        return {
            "type": "object",
            "description": "A page of a list.",
            "properties": {**links, "results": schema},
            "required": ["next", "previous", "results"],
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": "limit",
                "in": "query",
                "description": "Page size.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": self.max_page_size,
                    "default": self.page_size,
                },
            },
            {
                "name": "cursor",
                "in": "query",
                "description": "Start of the page, taken from `next` or `previous`.",
                "schema": {"type": "string"},
            },
        ]


class NewestFirst(KeysetPagination):
    """Messages of one conversation."""

    order = NEWEST_FIRST


class ByRecipient(KeysetPagination):
    """In the order of the unique index on (message, recipient)."""

    order = IN_ORDER_OF_RECIPIENTS


class NewestActivityFirst(KeysetPagination):
    """Conversations."""

    order = NEWEST_ACTIVITY_FIRST
