"""Groups. The moderators' group keeps its name, by which all other code finds it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest

from chat.models import MODERATORS

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin):
    """The moderators' group cannot be renamed or deleted; its permissions can be changed."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["name"] if _is_fixed(obj) else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_fixed(obj) and super().has_delete_permission(request, obj)


def _is_fixed(group: Any) -> bool:
    return group is not None and group.name == MODERATORS
