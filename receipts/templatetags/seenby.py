"""Template filters and tags: figures, and what people, conversations and cells are called."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import template
from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from receipts.admin.charts import percent, spoken
from receipts.admin.labels import conversation_label, person, person_of, person_text

register = template.Library()
register.simple_tag(person)
register.simple_tag(person_of)
register.filter("person_text", person_text)
register.filter("conversation_label", conversation_label)
register.filter("percent", percent)
register.filter("spoken", spoken)


@register.filter
def day(written: str) -> str:
    """An ISO 8601 day, as in the insights, formatted for pages."""
    return formats.date_format(date.fromisoformat(written), "DATE_FORMAT")


@register.filter
def labelled(cells: Iterable[SafeString], headers: Iterable[dict[str, Any]]) -> list[SafeString]:
    """The cells of a list's row with their columns' headings, which a phone shows beside them."""
    pairs = zip(cells, headers, strict=True)
    return [_labelled(cell, str(header["text"])) for cell, header in pairs]


def _labelled(cell: SafeString, heading: str) -> SafeString:
    """The first cell of a row is its heading, and a checkbox has a label of its own."""
    if not cell.startswith("<td") or "action-checkbox" in cell:
        return cell
    label = format_html('<td data-label="{}"', heading[:1].upper() + heading[1:])
    return mark_safe(label + cell.removeprefix("<td"))  # noqa: S308 - a cell of Django's
