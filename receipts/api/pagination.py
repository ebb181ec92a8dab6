"""Cursor pages of up to 200; a malformed cursor or limit is refused, not ignored."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from chat.ids import MAX_ID, whole_number


class IdCursorPagination(CursorPagination):
    """Pages over an integer column that never changes, so that cursors stay valid."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering: Any = "id"

    def get_page_size(self, request: Request) -> int:
        given = request.query_params.get("limit")
        if given is None:
            return self.page_size
        size = whole_number(given, self.max_page_size)
        if not size:
            raise ValidationError(
                {"limit": [f"Must be a whole number from 1 to {self.max_page_size}."]}
            )
        return size

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            cursor = super().decode_cursor(request)
        except NotFound as error:
            raise _broken() from error
        position: Any = cursor.position if cursor else None
        if position is not None and whole_number(str(position), MAX_ID) is None:
            raise _broken()
        return cursor

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


def _broken() -> ValidationError:
    return ValidationError({"cursor": ["Not a cursor of this list."]})


class NewestFirst(IdCursorPagination):
    ordering = "-id"


class ByRecipient(IdCursorPagination):
    """In the order of the unique index on (message, recipient)."""

    ordering = "recipient_id"


class NewestActivityFirst(IdCursorPagination):
    """By the newest message; conversations without one come last."""

    ordering = ("-last_message", "-id")
