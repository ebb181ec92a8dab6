"""The insights page: delivery and read rates, rendered on the server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from chat.models import Conversation
from receipts.admin.charts import chart_columns, parts_of, percent, spoken
from receipts.admin.forms import ConversationField, DaysForm, PlaceForm, errors_of, given
from receipts.api.insights import DEFAULT_DAYS, MAX_DAYS
from receipts.reads.insights import InsightFigures, MeasuredRange, TimeSpread


class InsightsForm(DaysForm):
    """A range of days, by default up to today; in all conversations or in one."""

    conversation = ConversationField(
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"placeholder": "All, or an id or title"}),
    )
    field_order = ("from", "to", "conversation")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.order_fields(self.field_order)

    def clean_conversation(self) -> int | None:
        found = self.cleaned_data["conversation"]
        if len(found) > 1:
            raise forms.ValidationError("Several conversations match: enter an id.")
        return found[0] if found else None

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        found["to"] = found.get("to") or timezone.now().date()
        found["from"] = found.get("from") or found["to"] - timedelta(days=DEFAULT_DAYS - 1)
        if (found["to"] - found["from"]).days >= MAX_DAYS:
            self.add_error("from", f"At most {MAX_DAYS} days at once.")
        return super().clean()

    def filled(self) -> InsightsForm:
        """The same form, with the default days filled in."""
        days = {name: self.cleaned_data[name].isoformat() for name in ("from", "to")}
        return InsightsForm({**{name: self.data.get(name) for name in self.data}, **days})


def insights_page(site: AdminSite) -> Callable[[HttpRequest], HttpResponse]:
    """The view, for users with permission to view messages."""

    def view(request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm("chat.view_message"):
            raise PermissionDenied
        asked = given(request.GET)
        form = InsightsForm(asked)
        errors = errors_of(asked, form, PlaceForm())
        context = {
            **site.each_context(request),
            "title": "Insights",
            "form": form if errors else form.filled(),
            "errors": errors,
            "asked": asked,
            "found": None if errors else _found(form.cleaned_data),
        }
        return TemplateResponse(request, "admin/seenby/insights.html", context)

    return view


def _found(asked: dict[str, Any]) -> dict[str, Any]:
    """Everything the page shows for a range."""
    measured = MeasuredRange(asked["from"], asked["to"], conversation_id=asked["conversation"])
    figures, spread = measured.answer(), measured.times_to_read()
    return {
        "since": asked["from"],
        "until": asked["to"],
        "conversation": Conversation.objects.filter(pk=asked["conversation"]).first()
        if asked["conversation"]
        else None,
        "total": figures["total"],
        "tiles": _tiles(figures["total"]),
        "days": figures["days"],
        "columns": chart_columns(asked["from"], asked["to"], figures["days"]),
        "spread": parts_of([("read", label, count) for label, count in spread]),
        "reads": sum(count for _, count in spread),
    }


def _tiles(total: InsightFigures) -> list[tuple[str, str, str]]:
    """The figures of the whole range, each as name, value and detail."""
    delivered, read = total["seconds_to_delivered"], total["seconds_to_read"]
    return [
        ("Messages", f"{total['messages']:,}", f"to {total['recipients']:,} recipients"),
        ("Delivered", percent(total["delivered_rate"]), f"{total['delivered']:,} recipients"),
        ("Read", percent(total["read_rate"]), f"{total['read']:,} recipients"),
        (
            "Delivered within",
            spoken(delivered["median"]),
            "only reads tell of deliveries"
            if total["delivered"] and delivered["p95"] is None
            else _most_within(delivered),
        ),
        ("Read within", spoken(read["median"]), _most_within(read)),
    ]


def _most_within(times: TimeSpread) -> str:
    return f"95 % within {spoken(times['p95'])}"
