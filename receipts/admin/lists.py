"""Lists of any length: a form of filters, keyset pagination, and no counting."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from chat.ids import MAX_ID, whole_number
from receipts.admin.forms import ListForm, PlaceForm, errors_of, given
from receipts.admin.keyset import Keyset, KeysetPage


class KeysetChangeList(ChangeList):
    """A change list with keyset pagination. Its filters are the model admin's ``list_form``."""

    model_admin: ListAdmin
    form: ListForm
    page: KeysetPage

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """The matching rows of all pages; none if the query is invalid."""
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
        self.model_admin.prepare(self.page.rows)
        # Django's counts are set to this page's rows; rows of all pages cannot be selected.
        self.result_count = self.full_result_count = len(self.page.rows)
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.show_admin_actions = bool(self.page.rows)

    def get_ordering_field_columns(self) -> dict[int, Any]:
        """Columns are not sortable: each would need an index, which makes marks slower."""
        return {}


class ListAdmin(admin.ModelAdmin):
    """A model whose list may have any length."""

    list_form: type[ListForm]
    list_per_page = 50
    show_full_result_count = False
    preserve_filters = False
    sortable_by = ()
    empty_value_display = ""
    change_list_template = "admin/seenby/list.html"
    #: The title of the list, if not the model's name.
    title = ""
    #: Shown when no rows match the filters.
    nothing = "Nothing matches these filters."
    #: A template that says below the list how its rows are made, if not here.
    about = ""

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return KeysetChangeList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"title": self.heading, "nothing": self.nothing, "about": self.about}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    @property
    def heading(self) -> str:
        """The title of the list, and its name in breadcrumbs."""
        return self.title or str(self.opts.verbose_name_plural).capitalize()

    def label_of(self, obj: Any) -> str:
        """What an object's pages call it."""
        return str(obj)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        """The page of one object, with what its template shows in addition to the form."""
        context["list_title"] = self.heading
        if obj is not None:
            context |= {"title": self.label_of(obj), "subtitle": None}
            context |= self.page_of(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What was done to an object, under the name that its page has."""
        obj = self.get_object(request, unquote(object_id))
        context: dict[str, Any] = {"list_title": self.heading}
        if obj is not None:
            context |= {"title": "History", "label": self.label_of(obj)}
        return super().history_view(request, object_id, {**context, **(extra_context or {})})

    def prepare(self, rows: list[Any]) -> None:
        """Change the rows of a page for display; they are never saved."""

    def page_of(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """Extra context for the template of an object's page."""
        return {}

    def response_action(  # type: ignore[override]  # the stubs have a later argument
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        """Apply an action to the selected rows only, never to all pages."""
        ticked = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if any(whole_number(each, MAX_ID) is None for each in ticked):
            self.message_user(request, "Select rows of the list.", messages.ERROR)
            return None
        return super().response_action(request, queryset.filter(pk__in=ticked))


class ReadOnly(admin.ModelAdmin):
    """Nothing can be added, changed or deleted here, neither by a button nor by its URL."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, ListAdmin):
    """A read-only list with keyset pagination; the page of an object is its template."""

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return []
