"""Sendbird's ``token`` and ``next``, made of the native API's cursors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from receipts.api.pagination import KeysetPagination, NewestActivityFirst
from receipts.gateways.sendbird.errors import SendbirdCode, SendbirdError
from receipts.sql.keyset import Order


class Pages(KeysetPagination):
    """Pages of 10, or of ``limit``, which is at most 100."""

    page_size = 10
    max_page_size = 100
    cursor_query_param = "token"

    def of(self, rows: QuerySet[Any], request: Request) -> tuple[list[Any], str]:
        """One page, and the token of the next page; empty on the last page."""
        page = self.paginate_queryset(rows, request)
        return page, self.next_cursor.encode() if self.next_cursor else ""


class NewestChannelFirst(Pages):
    order = Order("-id")


class NewestMessageFirst(Pages):
    order = NewestActivityFirst.order


#: The orders of a list of channels.
_ORDERS: dict[str, Callable[[], Pages]] = {
    "chronological": NewestChannelFirst,
    "latest_last_message": NewestMessageFirst,
}


def channel_pages(order: str) -> Pages:
    """The pagination for a list of channels in this order."""
    if order not in _ORDERS:
        raise SendbirdError(SendbirdCode.INVALID, f'"order" must be one of {", ".join(_ORDERS)}.')
    return _ORDERS[order]()
