"""The admin of what receipts do not depend on. Everything else is in ``receipts.admin``."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from chat.models import ServiceKey


@admin.register(ServiceKey)
class ServiceKeyAdmin(admin.ModelAdmin):
    """Keys can be viewed and revoked; only ``issue_service_key`` shows a new one."""

    list_display = ["name", "user", "scopes", "created_at", "revoked_at"]
    list_select_related = ["user"]
    readonly_fields = ["user", "name", "scopes", "created_at", "revoked_at"]
    actions = ["revoke"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ServiceKey]) -> None:
        for key in queryset.filter(revoked_at=None):
            key.revoked_at = timezone.now()
            key.save(update_fields=["revoked_at"])
            self.log_change(request, key, "Revoked.")
