"""Its page tokens: base64 of JSON, which the SDK decodes and encodes by itself."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import QuerySet
from django.http import QueryDict
from rest_framework.exceptions import ValidationError

from chat.ids import MAX_ID, whole_number

#: The default and the largest size of a page, as in the native API.
DEFAULT_LIMIT, MAX_LIMIT = 50, 200
SEGMENT_DESC, SEGMENT_ASC = "segmentDesc", "segmentAsc"
PAGE_PARAMETERS = frozenset({"options[token]", "options[limit]", "options[sortBy]"})


@dataclass(frozen=True)
class PageRequest:
    """The requested page: after or before an id, and its size."""

    limit: int
    after: int | None = None
    before: int | None = None
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
            after=_page_number("after", options.get("after"), MAX_ID),
            before=_page_number("before", options.get("before"), MAX_ID),
            newest_first=newest_first if order is None else order == SEGMENT_DESC,
        )

    def page(self, rows: QuerySet[Any, Any], by: str) -> tuple[list[Any], dict[str, str]]:
        """Its rows in order of the column ``by``, and the tokens of the next and previous page.

        A token has the page's size under each of the names that the SDK reads.
        """
        forward = self.before is None
        upwards = forward != self.newest_first
        edge = self.after if forward else self.before
        if edge is not None:
            rows = rows.filter(**{f"{by}__{'gt' if upwards else 'lt'}": edge})
        found = list(rows.order_by(by if upwards else f"-{by}")[: self.limit + 1])
        more = len(found) > self.limit
        found = found[: self.limit]
        if not forward:
            found.reverse()
        tokens = {}
        if found and (more if forward else True):
            tokens["next"] = self._token("after", "first", found[-1][by])
        if found and (self.after is not None if forward else more):
            tokens["previous"] = self._token("before", "last", found[0][by])
        return found, tokens

    def _token(self, edge: str, size: str, at: int) -> str:
        order = SEGMENT_DESC if self.newest_first else SEGMENT_ASC
        options = {edge: str(at), size: self.limit, "limit": self.limit, "sortBy": order}
        return b64encode(orjson.dumps(options)).decode()


def _decoded(token: str) -> dict[str, Any]:
    try:
        options = orjson.loads(b64decode(token, validate=True))
    except ValueError as error:
        raise ValidationError({"token": ["Not a page token."]}) from error
    if not isinstance(options, dict):
        raise ValidationError({"token": ["Not a page token."]})
    return options


def _page_number(name: str, given: Any, largest: int) -> int | None:
    """A whole number from 1, as a JSON number or as digits; None if it is not given."""
    if given is None:
        return None
    number = whole_number(str(given), largest) if type(given) in (int, str) else None
    if not number:
        raise ValidationError({name: [f"Must be a whole number from 1 to {largest}."]})
    return number
