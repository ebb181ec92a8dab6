"""Participants of conversations, with their watermarks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import django_filters
from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chat.ids import MAX_USERNAME
from chat.models import ConversationParticipant, Role
from receipts import services
from receipts.admin.forms import ConversationField, ListForm, UserField
from receipts.admin.labels import conversation_label, look_up_people, person_of, time_column
from receipts.admin.lists import ReadOnlyAdmin
from receipts.admin.messages import message_link
from receipts.admin.recipients import OneOfSeveral
from receipts.api.filters import MembershipFilter
from receipts.reads.answers import participant_shape
from receipts.reads.watermarks import show_watermarks
from receipts.rules.privacy import Shown


class ParticipantForm(ListForm):
    """Newest memberships first; those of one conversation by user, in the order of their index."""

    conversation = ConversationField(
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"placeholder": "Id or title"}),
    )
    user = UserField(
        required=False,
        max_length=MAX_USERNAME,
        widget=forms.TextInput(attrs={"placeholder": "Username", "autocapitalize": "none"}),
    )
    role = forms.ChoiceField(required=False, choices=[("", "Any role"), *Role.choices])

    def conditions(self) -> Iterator[Q]:
        found = self.cleaned_data
        if found["conversation"]:
            yield Q(conversation__in=found["conversation"])
        if found["user"]:
            yield Q(user=found["user"])
        if found["role"]:
            yield Q(role=found["role"])

    def order(self) -> tuple[str, ...]:
        alone = len(self.cleaned_data["conversation"]) == 1
        return ("user_id",) if alone else self.columns


class ParticipantListFilter(django_filters.FilterSet):
    """``role``, ``membership`` and ``search`` in a conversation; unlike the API, all by default."""

    role = django_filters.ChoiceFilter(choices=Role.choices, empty_label="Any role")
    membership = MembershipFilter(account="user", label="Membership")
    search = django_filters.CharFilter(
        label="Name", method="filter_search", max_length=MAX_USERNAME
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        fields = self.form.fields
        choices = [("", "Any membership"), *fields["membership"].choices]
        fields["membership"].widget = OneOfSeveral(choices=choices)
        fields["search"].widget.attrs["placeholder"] = "Name or username"

    def filter_search(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        named = Q(user__username__icontains=value) | Q(user__display_name__icontains=value)
        return rows.filter(named)


def told(participant: ConversationParticipant) -> dict[str, Any]:
    """A membership with its watermarks, which private reads do not move."""
    shape = participant_shape(participant, watermarks=True, to=Shown(), wishes=False, names={})
    return shape | {"role": participant.get_role_display(), "user_id": participant.user_id}


@admin.register(ConversationParticipant)
class ParticipantAdmin(ReadOnlyAdmin):
    """Memberships across all conversations."""

    list_form = ParticipantForm
    list_display = [
        "person", "in_conversation", "role", "membership", "delivered", "read",
        time_column("joined_at", "joined"),
    ]  # fmt: skip
    list_select_related = ["conversation", "user"]
    actions = ["remove"]
    title = "Participants"
    nothing = "No participants match these filters."
    change_form_template = "admin/seenby/participant.html"

    def has_act_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("chat.change_conversationparticipant"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[ConversationParticipant]:
        return super().get_queryset(request).filter(conversation__deleted_at=None)

    def prepare(self, rows: list[ConversationParticipant]) -> None:
        show_watermarks(rows)
        look_up_people([each.conversation for each in rows])

    def label_of(self, obj: ConversationParticipant) -> str:
        return f"{obj.user.get_full_name()} in {conversation_label(obj.conversation)}"

    def page_of(self, request: HttpRequest, obj: ConversationParticipant) -> dict[str, Any]:
        show_watermarks([obj])
        return {"participant": obj, "told": told(obj)}

    @admin.display(description="participant")
    def person(self, participant: ConversationParticipant) -> SafeString:
        return person_of(participant.user)

    @admin.display(description="conversation")
    def in_conversation(self, participant: ConversationParticipant) -> str:
        return conversation_label(participant.conversation)

    @admin.display
    def membership(self, participant: ConversationParticipant) -> str:
        word = told(participant)["membership"]
        return format_html('<span class="membership {}">{}</span>', word, word.capitalize())

    @admin.display(description="delivered up to")
    def delivered(self, participant: ConversationParticipant) -> str:
        return message_link(participant.last_delivered_message_id)

    @admin.display(description="read up to")
    def read(self, participant: ConversationParticipant) -> str:
        return message_link(participant.last_read_message_id)

    @admin.action(description="Remove from the conversation", permissions=["act"])
    def remove(self, request: HttpRequest, queryset: QuerySet[ConversationParticipant]) -> None:
        removed = [
            each
            for each in queryset
            if services.remove_participant(conversation_id=each.conversation_id, user=each.user)
        ]
        for each in removed:
            self.log_change(request, each, "Removed.")
        self.message_user(request, f"Removed {len(removed)} of {len(queryset)}.", messages.SUCCESS)
