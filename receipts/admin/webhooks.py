"""The admin of webhooks: superusers see how deliveries go, try endpoints, switch them off and on.

URLs are managed by the applications. A secret is never shown, except a new one, once, to the
superuser who replaces it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from chat.errors import Conflict
from receipts.admin.forms import ListForm, state_field
from receipts.admin.labels import chip, person_of, time_column
from receipts.admin.lists import ReadOnlyAdmin
from receipts.models import EventKind, WebhookEndpoint
from receipts.webhooks import endpoints

#: The states of an endpoint: label and condition.
_STATES = {
    "on": ("On", Q(disabled_at=None)),
    "failing": ("Failing", Q(disabled_at=None, failures__gt=0)),
    "off": ("Switched off", ~Q(disabled_at=None)),
}


class WebhookForm(ListForm):
    """Newest first; there are few, so that any of them is found by a scan."""

    q = forms.CharField(
        label="Address",
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"placeholder": "Part of the URL, or an application"}),
    )
    state = state_field(_STATES)

    def conditions(self) -> Iterator[Q]:
        found = self.cleaned_data
        if found["q"]:
            yield Q(url__icontains=found["q"]) | Q(owner__username__icontains=found["q"])
        if found["state"]:
            yield _STATES[found["state"]][1]


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnlyAdmin):
    """Read-only, except for its actions."""

    list_form = WebhookForm
    list_display = [
        "endpoint", "application", "state", "last_error", time_column("delivered_at", "delivered"),
    ]  # fmt: skip
    list_select_related = ["owner"]
    title = "Webhooks"
    nothing = "No webhooks match these filters."
    about = "admin/seenby/about_webhooks.html"
    change_form_template = "admin/seenby/webhook.html"
    actions = ["switch_off", "switch_on", "ping", "rotate_secret"]

    @admin.display(description="address")
    def endpoint(self, endpoint: WebhookEndpoint) -> str:
        return endpoint.url

    @admin.display
    def application(self, endpoint: WebhookEndpoint) -> SafeString:
        return person_of(endpoint.owner)

    @admin.display
    def state(self, endpoint: WebhookEndpoint) -> SafeString:
        if not endpoint.is_active:
            return chip("switched off")
        if endpoint.failures:
            times = "failure" if endpoint.failures == 1 else "failures"
            return chip(f"{endpoint.failures:,} {times}", "failed")
        return chip("on", "good")

    def page_of(self, request: HttpRequest, obj: WebhookEndpoint) -> dict[str, Any]:
        """How its deliveries go, in words."""
        kinds = [EventKind(kind).label for kind in obj.kinds if kind in EventKind.values]
        return {"webhook": obj, "kinds": kinds, "state": self.state(obj)}

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_superuser(request)

    @admin.action(description="Switch off: stop sending", permissions=["view"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        self._switch(request, queryset, "Switched off", on=False)

    @admin.action(description="Switch on: continue where it stopped", permissions=["view"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        self._switch(request, queryset, "Switched on", on=True)

    @admin.action(description="Send a ping", permissions=["view"])
    def ping(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        """Try webhooks; those that are switched off are left out."""
        requested = 0
        for each in queryset:
            with suppress(Conflict):
                endpoints.ask_for_ping(each)
                requested += 1
        self.message_user(request, f"Pings requested: {requested} of {len(queryset)}.")

    @admin.action(description="Replace the secret, and show the new one", permissions=["view"])
    def rotate_secret(
        self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]
    ) -> HttpResponse | None:
        """Shown in the answer itself: a message would be stored in a cookie."""
        if len(queryset) != 1:
            self.message_user(request, "Select one webhook.", messages.ERROR)
            return None
        endpoint = queryset[0]
        secret = endpoints.rotate_secret(endpoint)
        endpoint.refresh_from_db()
        self.log_change(request, endpoint, "Replaced the secret.")
        context = {
            **self.admin_site.each_context(request),
            "title": "New secret",
            "webhook": endpoint,
            "secret": secret,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/seenby/new_secret.html", context)

    def _switch(
        self, request: HttpRequest, chosen: QuerySet[WebhookEndpoint], done: str, *, on: bool
    ) -> None:
        changed = [each for each in chosen if endpoints.switch(each, on=on)]
        for each in changed:
            self.log_change(request, each, f"{done}.")
        self.message_user(request, f"{done}: {len(changed)} of {len(chosen)}.", messages.SUCCESS)

    @staticmethod
    def _is_superuser(request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)
