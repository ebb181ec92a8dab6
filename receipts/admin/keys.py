"""Keys of applications in the admin: superusers issue them, and see each only once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from chat.ids import MAX_USERNAME
from chat.keys import issue_key
from chat.models import Scope, ServiceKey, every_scope
from receipts.admin.forms import ListForm, state_field
from receipts.admin.labels import chip, person_of, time_column
from receipts.admin.lists import ReadOnlyAdmin

_STATES = {"used": ("In use", Q(revoked_at=None)), "revoked": ("Revoked", ~Q(revoked_at=None))}


class KeyListForm(ListForm):
    """Newest first."""

    q = forms.CharField(
        label="Application",
        required=False,
        max_length=MAX_USERNAME,
        widget=forms.TextInput(attrs={"placeholder": "Part of its name"}),
    )
    state = state_field(_STATES)

    def conditions(self) -> Iterator[Q]:
        found = self.cleaned_data
        if found["q"]:
            yield Q(name__icontains=found["q"]) | Q(user__username__icontains=found["q"])
        if found["state"]:
            yield _STATES[found["state"]][1]


class IssueForm(forms.Form):
    """For which application a key is, and what it may do."""

    account = forms.CharField(
        label="Application",
        max_length=MAX_USERNAME,
        help_text="The username of its service account, which is created if there is none.",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autofocus": True}),
    )
    scopes = forms.MultipleChoiceField(
        label="May do",
        choices=Scope.choices,
        initial=every_scope,
        widget=forms.CheckboxSelectMultiple,
    )


@admin.register(ServiceKey)
class ServiceKeyAdmin(ReadOnlyAdmin):
    """Keys are stored as hashes, so that a page can show what one may do, and never the key."""

    list_form = KeyListForm
    list_display = [
        "name", "account", "may", "state",
        time_column("created_at", "issued"), time_column("revoked_at", "revoked"),
    ]  # fmt: skip
    list_select_related = ["user"]
    title = "Service keys"
    nothing = "No keys match these filters."
    about = "admin/seenby/about_keys.html"
    change_form_template = "admin/seenby/key.html"
    actions = ["revoke"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A key acts for any user, so only superusers issue one."""
        return bool(request.user.is_active and request.user.is_superuser)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("chat.change_servicekey"))

    @admin.display(description="application")
    def account(self, key: ServiceKey) -> SafeString:
        return person_of(key.user)

    @admin.display(description="may do")
    def may(self, key: ServiceKey) -> str:
        return ", ".join(key.scopes)

    @admin.display
    def state(self, key: ServiceKey) -> SafeString:
        return chip("revoked", "failed") if key.revoked_at else chip("in use", "good")

    def page_of(self, request: HttpRequest, obj: ServiceKey) -> dict[str, Any]:
        """What the key may do, in words."""
        scopes = [Scope(scope).label for scope in obj.scopes if scope in Scope.values]
        may_revoke = obj.revoked_at is None and self.has_revoke_permission(request)
        return {
            "key": obj, "scopes": scopes, "state": self.state(obj), "may_revoke": may_revoke,
        }  # fmt: skip

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Issue a key: it stands in the answer to the form, and nowhere else."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = IssueForm(request.POST if request.method == "POST" else None)
        key = self._issued(request, form) if form.is_valid() else None
        context = {
            **self.admin_site.each_context(request),
            "title": "A new key, shown only once" if key else "Issue a service key",
            "opts": self.opts,
            "list_title": self.heading,
            "form": form,
            "issued": key,
        }
        return TemplateResponse(request, "admin/seenby/issue_key.html", context)

    @transaction.atomic
    def _issued(self, request: HttpRequest, form: IssueForm) -> str | None:
        asked = form.cleaned_data
        try:
            key = issue_key(account=asked["account"], scopes=asked["scopes"])
        except ValidationError as error:
            form.add_error("account", error.messages)
            return None
        stored = ServiceKey.objects.get(key_hash=ServiceKey.hash(key))
        self.log_addition(request, stored, "Issued.")
        return key

    @admin.action(description="Revoke the selected keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ServiceKey]) -> None:
        revoked = list(queryset.filter(revoked_at=None))
        for key in revoked:
            key.revoked_at = timezone.now()
            key.save(update_fields=["revoked_at"])
            self.log_change(request, key, "Revoked.")
        text = f"Revoked: {', '.join(map(str, revoked))}." if revoked else "Already revoked."
        self.message_user(request, text, messages.SUCCESS if revoked else messages.WARNING)
