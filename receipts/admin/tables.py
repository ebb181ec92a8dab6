"""The table on the page of one object: recipients, participants, or a user's conversations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, QueryDict

from receipts.admin.forms import PlaceForm, errors_of, given
from receipts.admin.keyset import Keyset, KeysetPage

ROWS_PER_TABLE = 50


@dataclass(frozen=True)
class Table:
    """One page of a table, the form above it, and the errors in the query."""

    form: Any
    page: KeysetPage
    errors: list[str]
    #: The filters in the query; empty if none, which tells an empty table from no matches.
    asked: QueryDict

    @property
    def query(self) -> str:
        """The filters, encoded for links that keep them."""
        return self.asked.urlencode()


def table(request: HttpRequest, filterset: Any, keyset: Keyset) -> Table:
    """The requested page of a filter set's rows; empty if the query is invalid."""
    place = PlaceForm(request.GET)
    errors = errors_of(filterset.data, filterset.form, place)
    rows = filterset.queryset.none() if errors else filterset.qs
    page = keyset.page(rows, place.place(), ROWS_PER_TABLE, filterset.data)
    return Table(filterset.form, page, errors, filterset.data)


def asked_of(request: HttpRequest) -> QueryDict:
    """The filters in a request's query."""
    return given(request.GET)
