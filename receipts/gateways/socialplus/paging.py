"""Its page tokens: base64 of JSON, which the SDK decodes and encodes by itself."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import QuerySet
from django.http import QueryDict
from rest_framework.exceptions import ValidationError

from chat.ids import whole_number
from receipts.sql.keyset import Order, numbers_of

#: The default and the largest size of a page, as in the native API.
DEFAULT_LIMIT, MAX_LIMIT = 50, 200
SEGMENT_DESC, SEGMENT_ASC = "segmentDesc", "segmentAsc"
PAGE_PARAMETERS = frozenset({"options[token]", "options[limit]", "options[sortBy]"})


@dataclass(frozen=True)
class PageRequest:
    """The requested page: after or before a position, and its size."""

    limit: int
    after: str | None = None
    before: str | None = None
    newest_first: bool = False

    @classmethod
    def of(cls, query: QueryDict, *, newest_first: bool = False) -> PageRequest:
        """The page that ``options`` request. A token has all of them: the SDK sends it alone."""
        token = query.get("options[token]")
        options = _decoded(token) if token else {}
        size = options.get("limit", options.get("first", options.get("last")))
        size = query.get("options[limit]", DEFAULT_LIMIT) if size is None else size
        order = options.get("sortBy") or query.get("options[sortBy]")
        if order not in (None, SEGMENT_DESC, SEGMENT_ASC):
            raise ValidationError({"sortBy": [f"Is {SEGMENT_DESC} or {SEGMENT_ASC}."]})
        return cls(
            limit=_page_number("limit", size, MAX_LIMIT) or MAX_LIMIT,
            after=_edge("after", options.get("after")),
            before=_edge("before", options.get("before")),
            newest_first=newest_first if order is None else order == SEGMENT_DESC,
        )

    def page(self, rows: QuerySet[Any, Any], order: Order) -> tuple[list[Any], dict[str, str]]:
        """Its rows in ascending or descending order, and the tokens of the next and previous page.

        A token has the page's size under each of the names that the SDK reads.
        """
        forward = self.before is None
        backwards = forward == self.newest_first
        name, edge = ("after", self.after) if forward else ("before", self.before)
        if edge is not None:
            rows = rows.filter(order.behind(_position(name, edge, order), backwards=backwards))
        found = list(order.sorted(rows, backwards=backwards)[: self.limit + 1])
        more = len(found) > self.limit
        found = found[: self.limit]
        if not forward:
            found.reverse()
        tokens = {}
        if found and (more if forward else True):
            tokens["next"] = self._token("after", "first", order, found[-1])
        if found and (self.after is not None if forward else more):
            tokens["previous"] = self._token("before", "last", order, found[0])
        return found, tokens

    def _token(self, edge: str, size: str, order: Order, row: Any) -> str:
        at = ".".join(map(str, numbers_of(order.position_of(row))))
        sort_by = SEGMENT_DESC if self.newest_first else SEGMENT_ASC
        options = {edge: at, size: self.limit, "limit": self.limit, "sortBy": sort_by}
        return b64encode(orjson.dumps(options)).decode()


def _decoded(token: str) -> dict[str, Any]:
    try:
        options = orjson.loads(b64decode(token, validate=True))
    except ValueError as error:
        raise ValidationError({"token": ["Not a page token."]}) from error
    if not isinstance(options, dict):
        raise ValidationError({"token": ["Not a page token."]})
    return options


def _edge(name: str, given: Any) -> str | None:
    if given is None:
        return None
    if type(given) not in (int, str):
        raise ValidationError({name: ["Not a position in this list."]})
    return str(given)


def _position(name: str, given: str, order: Order) -> tuple[Any, ...]:
    try:
        return order.position_of_numbers(given.split("."))
    except ValueError as error:
        raise ValidationError({name: ["Not a position in this list."]}) from error


def _page_number(name: str, given: Any, largest: int) -> int | None:
    """A whole number from 1, as a JSON number or as digits; None if it is not given."""
    if given is None:
        return None
    number = whole_number(str(given), largest) if type(given) in (int, str) else None
    if not number:
        raise ValidationError({name: [f"Must be a whole number from 1 to {largest}."]})
    return number
