"""Template filters that format figures."""

from __future__ import annotations

from datetime import date

from django import template
from django.utils import formats

from receipts.admin.charts import percent, spoken

register = template.Library()
register.filter("percent", percent)
register.filter("spoken", spoken)


@register.filter
def day(written: str) -> str:
    """An ISO 8601 day, as in the insights, formatted for pages."""
    return formats.date_format(date.fromisoformat(written), "DATE_FORMAT")
