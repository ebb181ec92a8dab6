"""Users, their conversations, and who is a moderator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import django_filters
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import models, transaction
from django.db.models import ExpressionWrapper, Q, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from chat.ids import MAX_USERNAME
from chat.models import ConversationParticipant, FreedName, User, moderator_q
from receipts import services
from receipts.admin.erasing import FORGET, erasing_url, may_erase
from receipts.admin.forms import ListForm
from receipts.admin.keyset import Keyset
from receipts.admin.labels import look_up_people, person_text, time_column
from receipts.admin.lists import ListAdmin
from receipts.admin.participants import told
from receipts.admin.recipients import OneOfSeveral
from receipts.admin.tables import asked_of, table
from receipts.api.filters import MembershipFilter

NEWEST_MEMBERSHIP_FIRST = Keyset("-pk")

#: Read-only fields of an account.
_TIMES: Any = (time_column("created_at", "created"), time_column("last_login", "last login"))

ACCOUNT_KINDS = {
    "moderators": ("Moderators", moderator_q()),
    "services": ("Service accounts", Q(is_service=True)),
    "deactivated": ("Deactivated", Q(is_active=False)),
}


class UserForm(ListForm):
    """By username. A search for a name scans rows in that order until a page is full."""

    columns = ("username",)
    q = forms.CharField(
        label="Name",
        required=False,
        max_length=MAX_USERNAME,
        widget=forms.TextInput(attrs={"placeholder": "Part of a name or username"}),
    )
    kind = forms.ChoiceField(
        label="Account",
        required=False,
        choices=[
            ("", "Any account"),
            *((name, label) for name, (label, _) in ACCOUNT_KINDS.items()),
        ],
    )

    def conditions(self) -> Iterator[Q]:
        found = self.cleaned_data
        if found["q"]:
            yield Q(username__icontains=found["q"]) | Q(display_name__icontains=found["q"])
        if found["kind"]:
            yield ACCOUNT_KINDS[found["kind"]][1]


class ParticipationFilter(django_filters.FilterSet):
    """``membership`` and ``search`` in the conversations of one user."""

    membership = MembershipFilter(account="user", label="Membership")
    search = django_filters.CharFilter(
        label="Conversation", field_name="conversation__title", lookup_expr="icontains",
        max_length=255,
    )  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        fields = self.form.fields
        choices = [("", "Any membership"), *fields["membership"].choices]
        fields["membership"].widget = OneOfSeveral(choices=choices)
        fields["search"].widget.attrs["placeholder"] = "Part of a title"


def chips_of(user: User) -> list[str]:
    """Labels of an account, if it is more or less than an ordinary user's."""
    chips = {
        "superuser": user.is_superuser,
        "moderator": user.is_moderator and not user.is_superuser,
        "service account": user.is_service,
        "deactivated": not user.is_active,
    }
    return [chip for chip, is_so in chips.items() if is_so]


@admin.register(User)
class UserAdmin(ListAdmin, DjangoUserAdmin):
    """Accounts are deactivated and reactivated by actions, since that changes their receipts."""

    list_form = UserForm
    list_display = ["username", "display_name", "account", time_column("created_at", "created")]
    list_filter = ()
    search_fields = ()
    ordering = ["username"]
    readonly_fields = ["is_active", "is_service", *_TIMES]
    filter_horizontal = ["groups", "user_permissions"]
    fieldsets = [
        ("Profile", {"fields": ["username", "password", "display_name", "avatar_url"]}),
        ("Receipts", {"fields": ["read_receipts_enabled", "delivery_receipts_enabled"]}),
        ("Account", {"fields": ["is_active", "is_service", *_TIMES]}),
        ("Moderation", {"fields": ["is_staff", "is_superuser", "groups", "user_permissions"]}),
    ]
    add_fieldsets = [(None, {"fields": ["username", "usable_password", "password1", "password2"]})]
    change_form_template = "admin/seenby/user.html"
    change_user_password_template = "admin/seenby/set_password.html"  # noqa: S105 - a page
    actions = ["deactivate", "reactivate", "make_moderators", "unmake_moderators"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    nothing = "No users match these filters."

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With ``is_moderator``, which every row shows, computed in the same statement."""
        is_moderator = ExpressionWrapper(moderator_q(), models.BooleanField())
        users: Any = super().get_queryset(request)
        return cast("QuerySet[User]", users.annotate(is_moderator=is_moderator))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        return [erasing_url(self, FORGET), *super().get_urls()]

    def has_appoint_permission(self, request: HttpRequest) -> bool:
        """Only superusers decide who may see everything."""
        return bool(request.user.is_active and request.user.is_superuser)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """A renamed account frees its old name: tokens for that are nobody's any more."""
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if change and "username" in form.changed_data:
                FreedName.objects.free(form.initial["username"])
                obj.claim_username()

    @admin.display
    def account(self, user: User) -> SafeString:
        chips = ((chip,) for chip in chips_of(user))
        return format_html_join(" ", '<span class="chip">{}</span>', chips)

    def label_of(self, obj: User) -> str:
        return obj.get_full_name()

    def page_of(self, request: HttpRequest, obj: User) -> dict[str, Any]:
        """The user, and a table of their conversations."""
        context: dict[str, Any] = {"person": obj}
        context["chips"] = chips_of(obj)
        context["may_forget"] = may_erase(request) and not obj.is_protected
        if request.user.has_perm("chat.view_conversationparticipant"):
            rows = ConversationParticipant.objects.filter(user=obj, conversation__deleted_at=None)
            rows = rows.select_related("conversation", "user")
            found = table(
                request, ParticipationFilter(asked_of(request), rows), NEWEST_MEMBERSHIP_FIRST
            )
            context["table"] = found
            look_up_people([each.conversation for each in found.page.rows])
            context["participations"] = [(each, told(each)) for each in found.page.rows]
        return context

    @admin.action(description="Deactivate the selected users", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(
            request, queryset, lambda user: services.deactivate_user(user=user), "Deactivated"
        )

    @admin.action(description="Reactivate the selected users", permissions=["change"])
    def reactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        people = queryset.filter(erasures=None)
        self._each(request, people, lambda user: services.reactivate_user(user=user), "Reactivated")

    @admin.action(description="Make moderators of the selected users", permissions=["appoint"])
    def make_moderators(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        people = queryset.filter(is_service=False)
        self._each(
            request,
            people,
            lambda user: services.appoint_moderators(users=[user]),
            "Made a moderator",
        )
        for user in people:
            if not user.has_usable_password():
                text = f"No password yet: {person_text(user)} can log in here once one is set"
                self.message_user(request, f"{text} on their page.", messages.WARNING)

    @admin.action(description="Revoke moderation from the selected users", permissions=["appoint"])
    def unmake_moderators(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        people = queryset.filter(is_superuser=False)
        self._each(
            request,
            people,
            lambda user: services.dismiss_moderators(users=[user]),
            "No longer a moderator",
        )

    def _each(
        self,
        request: HttpRequest,
        queryset: QuerySet[User],
        verb: Callable[[User], object],
        done: str,
    ) -> None:
        """Apply ``verb``, which returns whether it changed the user, to each; log the changes."""
        changed = []
        for user in queryset:
            with transaction.atomic():
                if verb(user):
                    changed.append(user)
                    self.log_change(request, user, f"{done}.")
        names = ", ".join(map(person_text, changed))
        text = f"{done}: {names}." if changed else "Nothing was changed."
        self.message_user(request, text, messages.SUCCESS if changed else messages.WARNING)
