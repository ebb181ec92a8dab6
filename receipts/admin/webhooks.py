"""The admin of webhooks: superusers see how deliveries go, try endpoints, switch them off and on.

URLs are managed by the applications. A secret is never shown, except a new one, once, to the
superuser who replaces it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from chat.errors import Conflict
from receipts.admin.lists import ReadOnly
from receipts.models import WebhookEndpoint
from receipts.webhooks import endpoints


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnly):
    """Read-only, except for switching off and on."""

    list_display = ["url", "owner", "active", "failures", "last_error", "delivered_at"]
    list_filter = [("disabled_at", admin.EmptyFieldListFilter)]
    list_select_related = ["owner"]
    list_per_page = 50
    search_fields = ["url", "=owner__username"]
    search_help_text = "Part of the URL, or the service account's username."
    ordering = ["pk"]
    actions = ["switch_off", "switch_on", "ping", "rotate_secret"]
    readonly_fields = [
        "url",
        "owner",
        "kinds",
        "active",
        "created_at",
        "delivered_at",
        "failures",
        "failing_since",
        "last_error",
        "ping_at",
        "previous_until",
        "try_at",
        "disabled_at",
    ]

    @admin.display(boolean=True, ordering="disabled_at")
    def active(self, endpoint: WebhookEndpoint) -> bool:
        return endpoint.is_active

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
            "endpoint": endpoint,
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
