"""The admin of webhooks: superusers see how deliveries go, and can switch endpoints off and on.

URLs and signing are managed by the applications: the secret is never shown.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

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
    actions = ["switch_off", "switch_on"]
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
