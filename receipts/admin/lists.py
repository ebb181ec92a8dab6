"""Lists of any length: a form of filters above, pages by key, and no count of anything."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from chat.ids import MAX_ID, whole_number
from receipts.admin.forms import ListForm, PlaceForm, errors_of, given
from receipts.admin.keyset import Keyset, Page


class KeysetChangeList(ChangeList):
    """A list of the admin that is paged by key. Its filters are the model admin's ``list_form``."""

    model_admin: ListAdmin
    form: ListForm
    page: Page

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """The rows asked for, of all pages; none where something was asked wrongly."""
        self.filter_specs, self.has_filters = [], False
        asked = given(request.GET)
        place = PlaceForm(request.GET)
        self.form = self.model_admin.list_form(asked)
        self.errors = errors_of(asked, self.form, place)
        self.has_active_filters = bool(asked)
        self.clear_all_filters_qs = "?"
        self.place = place.place()
        rows = self.apply_select_related(self.root_queryset)
        return rows.none() if self.errors else self.form.narrow(rows)

    def get_results(self, request: HttpRequest) -> None:
        order = self.model_admin.list_form.columns if self.errors else self.form.order()
        asked = given(request.GET)
        self.page = Keyset(*order).page(self.queryset, self.place, self.list_per_page, asked)
        self.result_list, self.descends = self.page.rows, order[0].startswith("-")
        # What Django would count says what is on this page; there is no choosing of all pages.
        self.result_count = self.full_result_count = len(self.page.rows)
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.show_admin_actions = bool(self.page.rows)

    def get_ordering_field_columns(self) -> dict[int, Any]:
        """No column is sorted by: each would need an index, and marks pay for indexes."""
        return {}


class ListAdmin(admin.ModelAdmin):
    """A model whose list has any length."""

    list_form: type[ListForm]
    list_per_page = 50
    show_full_result_count = False
    preserve_filters = False
    sortable_by = ()
    empty_value_display = ""
    change_list_template = "admin/seenby/list.html"
    #: What the list is called, where that is not the model's name.
    title = ""
    #: What a list says that nothing answers to.
    nothing = "Nothing here answers to that."

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return KeysetChangeList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = self.title or str(self.opts.verbose_name_plural).capitalize()
        return super().changelist_view(
            request, {"title": title, "nothing": self.nothing, **(extra_context or {})}
        )

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        """The page of one thing, with what its template shows beside a form."""
        if obj is not None:
            context |= self.page_of(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def page_of(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """What the template of one thing's page is given."""
        return {}

    def response_action(  # type: ignore[override]  # the stubs know of a later argument
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        """An action does something to the rows that were ticked, never to all pages."""
        ticked = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if any(whole_number(each, MAX_ID) is None for each in ticked):
            self.message_user(request, "Tick rows of the list.", messages.ERROR)
            return None
        return super().response_action(request, queryset.filter(pk__in=ticked))


class ReadOnly(admin.ModelAdmin):
    """Nothing is added, edited or deleted here, whether by a button or by its address."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, ListAdmin):
    """A list of ours that is only looked at."""
