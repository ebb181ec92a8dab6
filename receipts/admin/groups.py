"""Groups. The moderators' group keeps its name, by which all other code finds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from django.db.models import Q
from django.http import HttpRequest

from chat.models import MODERATORS
from receipts.admin.forms import ListForm
from receipts.admin.lists import ListAdmin

admin.site.unregister(Group)


class GroupForm(ListForm):
    """By name."""

    columns = ("name",)
    q = forms.CharField(
        label="Name",
        required=False,
        max_length=150,
        widget=forms.TextInput(attrs={"placeholder": "Part of a name"}),
    )

    def conditions(self) -> Iterator[Q]:
        if self.cleaned_data["q"]:
            yield Q(name__icontains=self.cleaned_data["q"])


@admin.register(Group)
class GroupAdmin(ListAdmin, DjangoGroupAdmin):
    """The moderators' group cannot be renamed or deleted; its permissions can be changed."""

    list_form = GroupForm
    list_display = ["name"]
    search_fields = ()
    nothing = "No groups match these filters."

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["name"] if _is_fixed(obj) else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_fixed(obj) and super().has_delete_permission(request, obj)


def _is_fixed(group: Any) -> bool:
    return group is not None and group.name == MODERATORS
