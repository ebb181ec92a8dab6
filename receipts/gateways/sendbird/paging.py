"""Their ``token`` and ``next`` around the native API's cursors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.db.models import QuerySet
from rest_framework.request import Request

from receipts.api.pagination import IdCursorPagination, NewestActivityFirst
from receipts.gateways.sendbird.errors import Code, SendbirdError


class Pages(IdCursorPagination):
    """Pages of ten, or of ``limit``, which is at most a hundred."""

    page_size = 10
    max_page_size = 100
    cursor_query_param = "token"

    def of(self, rows: QuerySet[Any], request: Request) -> tuple[list[Any], str]:
        """One page, and the token of the next one: empty at the end."""
        page = self.paginate_queryset(rows, request) or []
        link = self.get_next_link()
        return page, parse_qs(urlsplit(link).query)["token"][0] if link else ""


class NewestChannelFirst(Pages):
    ordering = "-id"


class NewestMessageFirst(Pages):
    ordering = NewestActivityFirst.ordering


#: The orders of channels that a list can be in.
_ORDERS: dict[str, Callable[[], Pages]] = {
    "chronological": NewestChannelFirst,
    "latest_last_message": NewestMessageFirst,
}


def channel_pages(order: str) -> Pages:
    """The pages of channels in this order."""
    if order not in _ORDERS:
        raise SendbirdError(Code.INVALID, f'"order" must be one of {", ".join(_ORDERS)}.')
    return _ORDERS[order]()
