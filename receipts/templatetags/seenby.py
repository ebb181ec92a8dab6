"""Words for figures, in templates."""

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
    """A day as the insights name it, as pages write days."""
    return formats.date_format(date.fromisoformat(written), "DATE_FORMAT")
