"""Its page tokens: base64 of JSON, which its SDK takes apart and puts together by itself."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import QuerySet
from django.http import QueryDict
from rest_framework.exceptions import ValidationError

from chat.ids import MAX_ID, whole_number

#: As many as a native page has, and at most.
DEFAULT_LIMIT, MAX_LIMIT = 50, 200
NEWEST_FIRST, OLDEST_FIRST = "segmentDesc", "segmentAsc"
PARAMETERS = frozenset({"options[token]", "options[limit]", "options[sortBy]"})


@dataclass(frozen=True)
class Asked:
    """The page that is asked for: after or before an id, and how many."""

    limit: int
    after: int | None = None
    before: int | None = None
    newest_first: bool = False

    @classmethod
    def by(cls, query: QueryDict, *, newest_first: bool = False) -> Asked:
        """What ``options`` ask. A token holds all of it: its SDK sends nothing beside one."""
        token = query.get("options[token]")
        options = _decoded(token) if token else {}
        size = options.get("limit", options.get("first", options.get("last")))
        size = query.get("options[limit]", DEFAULT_LIMIT) if size is None else size
        order = options.get("sortBy") or query.get("options[sortBy]")
        if order not in (None, NEWEST_FIRST, OLDEST_FIRST):
            raise ValidationError({"sortBy": [f"Is {NEWEST_FIRST} or {OLDEST_FIRST}."]})
        return cls(
            limit=_number("limit", size, MAX_LIMIT) or MAX_LIMIT,
            after=_number("after", options.get("after"), MAX_ID),
            before=_number("before", options.get("before"), MAX_ID),
            newest_first=newest_first if order is None else order == NEWEST_FIRST,
        )

    def page(self, rows: QuerySet[Any, Any], by: str) -> tuple[list[Any], dict[str, str]]:
        """Its rows in their order, which is that of the column ``by``, and the tokens beside it.

        A token says the page's size under each of the names that its SDK looks for.
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
        order = NEWEST_FIRST if self.newest_first else OLDEST_FIRST
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


def _number(name: str, given: Any, largest: int) -> int | None:
    """A whole number from 1, as a number or in digits."""
    if given is None:
        return None
    number = whole_number(str(given), largest) if type(given) in (int, str) else None
    if not number:
        raise ValidationError({name: [f"Must be a whole number from 1 to {largest}."]})
    return number
