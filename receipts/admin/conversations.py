"""Conversations: their receipt settings, and participants with their watermarks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern

from chat.ids import MAX_ID, whole_number
from chat.models import Conversation, ConversationKind, ConversationParticipant, ReceiptPolicy
from receipts.admin.erasing import DELETE_CONVERSATION, erasing_url, may_erase
from receipts.admin.forms import ListForm
from receipts.admin.keyset import Keyset
from receipts.admin.labels import conversation_label, look_up_people, time_column
from receipts.admin.lists import ListAdmin
from receipts.admin.participants import ParticipantListFilter, told
from receipts.admin.tables import asked_of, table
from receipts.reads.watermarks import show_watermarks

#: The order of the unique index on (conversation, user).
BY_USER = Keyset("user_id", key="user_id")


class ConversationForm(ListForm):
    """Newest first. A search for a title scans rows in that order until a page is full.

    A direct conversation is found by its people, too, since it is called by their names.
    """

    q = forms.CharField(
        label="Title",
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"placeholder": "Part of a title, a person, or an id"}),
    )
    kind = forms.ChoiceField(required=False, choices=[("", "Any kind"), *ConversationKind.choices])
    policy = forms.ChoiceField(
        label="Receipts for", required=False, choices=[("", "Any policy"), *ReceiptPolicy.choices]
    )

    def conditions(self) -> Iterator[Q]:
        found = self.cleaned_data
        if found["q"]:
            named = Q(title__icontains=found["q"]) | Q(external_id__icontains=found["q"])
            named |= Q(Exists(_with(found["q"])), kind=ConversationKind.DIRECT)
            if (number := whole_number(found["q"], MAX_ID)) is not None:
                named |= Q(pk=number)
            yield named
        if found["kind"]:
            yield Q(kind=found["kind"])
        if found["policy"]:
            yield Q(receipt_policy=found["policy"])


def _with(name: str) -> QuerySet[ConversationParticipant]:
    """Participants of this name, in a conversation of an outer query."""
    called = Q(user__username__icontains=name) | Q(user__display_name__icontains=name)
    return ConversationParticipant.objects.filter(called, conversation=OuterRef("pk"))


@admin.register(Conversation)
class ConversationAdmin(ListAdmin):
    """Title and receipt settings are editable with that permission; participants are read-only."""

    list_form = ConversationForm
    list_display = [
        "name", "kind", "external_id", "receipts_for", time_column("created_at", "created"),
    ]  # fmt: skip
    readonly_fields = ["kind", "external_id", "created_at"]
    change_form_template = "admin/seenby/conversation.html"
    nothing = "No conversations match these filters."
    fields = ["title", "receipt_policy", "receipts_visible_to", "thread_recipients"]

    @admin.display(description="conversation")
    def name(self, conversation: Conversation) -> str:
        return conversation_label(conversation)

    @admin.display(description="receipts for")
    def receipts_for(self, conversation: Conversation) -> str:
        return ReceiptPolicy(conversation.receipt_policy).label

    def prepare(self, rows: list[Conversation]) -> None:
        look_up_people(rows)

    def label_of(self, obj: Conversation) -> str:
        return conversation_label(obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        return [erasing_url(self, DELETE_CONVERSATION), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        return super().get_queryset(request).filter(deleted_at=None)

    def page_of(self, request: HttpRequest, obj: Conversation) -> dict[str, Any]:
        """The conversation, and a table of its participants."""
        context: dict[str, Any] = {"conversation": obj}
        context["may_erase"] = may_erase(request)
        if request.user.has_perm("chat.view_conversationparticipant"):
            people = ConversationParticipant.objects.filter(conversation=obj)
            rows = ParticipantListFilter(asked_of(request), people.select_related("user"))
            context["table"] = found = table(request, rows, BY_USER)
            show_watermarks(found.page.rows)
            context["participants"] = [told(each) for each in found.page.rows]
        return context
