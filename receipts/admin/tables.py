"""The table on a page of one thing: a message's recipients, who takes part, where somebody does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, QueryDict

from receipts.admin.forms import PlaceForm, errors_of, given
from receipts.admin.keyset import Keyset, Page

ROWS = 50


@dataclass(frozen=True)
class Table:
    """One page of a table, the form above it, and what was asked wrongly."""

    form: Any
    page: Page
    errors: list[str]
    #: Whether anything was asked, so that nothing found is another thing than nothing there.
    asked: QueryDict

    @property
    def query(self) -> str:
        """What was asked, for links that go on with it."""
        return self.asked.urlencode()


def table(request: HttpRequest, filterset: Any, keyset: Keyset) -> Table:
    """The page that was asked for of a filter set's rows; nothing where it was asked wrongly."""
    place = PlaceForm(request.GET)
    errors = errors_of(filterset.data, filterset.form, place)
    rows = filterset.queryset.none() if errors else filterset.qs
    page = keyset.page(rows, place.place(), ROWS, filterset.data)
    return Table(filterset.form, page, errors, filterset.data)


def asked_of(request: HttpRequest) -> QueryDict:
    """What a table's filters are asked."""
    return given(request.GET)
