"""Filters of messages: text, sender, conversation, thread, days, status, and what they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.db.models import Q

from chat.ids import MAX_EXTERNAL_ID, MAX_USERNAME
from chat.models import MessageName, OverallStatus, Tracking
from receipts.admin.forms import (
    ConversationField,
    DaysForm,
    ListForm,
    MessageField,
    UserField,
    within,
)
from receipts.admin.threads import replies_with
from receipts.rules.tracking import RECEIPTS_BY

#: The choices of ``only``: label and condition.
FATES = {
    "failed": ("failed for someone", Q(failed_count__gt=0)),
    "edited": ("edited", Q(edited_at__isnull=False)),
    "deleted": ("deleted", Q(deleted_at__isnull=False)),
    "untracked": ("without receipts", ~Q(tracking__in=RECEIPTS_BY)),
    "system": ("system lines", Q(tracking=Tracking.SYSTEM)),
    "archived": ("archived", Q(archived_at__isnull=False)),
}


class MessageForm(ListForm, DaysForm):
    """Newest first, as the API lists them.

    Without filters, or by sender, conversation, thread or days, a page reads only its own rows:
    there is an index in that order. Text, status and ``only`` have none (it would make every mark
    slower): the rows that the other filters leave are scanned, newest first, until a page is full.
    To find something rare, add days, a sender or a conversation.
    """

    columns = ("-created_at", "-pk")

    q = forms.CharField(
        label="Text",
        required=False,
        max_length=MAX_EXTERNAL_ID,
        widget=forms.TextInput(attrs={"placeholder": "Text, or an external id"}),
    )
    sender = UserField(
        required=False,
        max_length=MAX_USERNAME,
        widget=forms.TextInput(attrs={"placeholder": "Username", "autocapitalize": "none"}),
    )
    conversation = ConversationField(
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"placeholder": "Id or title"}),
    )
    thread = MessageField(
        required=False,
        max_length=MAX_EXTERNAL_ID,
        widget=forms.TextInput(attrs={"placeholder": "Id of a message"}),
    )
    status = forms.ChoiceField(required=False, choices=[("", "Any status"), *OverallStatus.choices])
    only = forms.MultipleChoiceField(
        label="Only",
        required=False,
        choices=[(name, label) for name, (label, _) in FATES.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    field_order = ("q", "sender", "conversation", "thread", "from", "to", "status", "only")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.order_fields(self.field_order)

    def conditions(self) -> Iterator[Q]:
        found = self.cleaned_data
        if found["q"]:
            named = MessageName.objects.filter(external_id=found["q"]).values("message")
            yield Q(pk=named[0]["message"]) if named else Q(body__icontains=found["q"])
        if found["sender"]:
            yield Q(sender=found["sender"])
        if found["conversation"]:
            yield Q(conversation__in=found["conversation"])
        if found["thread"]:
            yield replies_with(found["thread"])
        if found["status"]:
            yield Q(overall_status=found["status"])
        for name in found["only"]:
            yield FATES[name][1]
        yield from within(found, "created_at")
