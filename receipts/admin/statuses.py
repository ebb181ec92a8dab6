"""Single receipts, as the sender sees them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from chat.ids import MAX_ID, MAX_USERNAME
from chat.models import Conversation, Message
from receipts.admin.forms import ListForm, UserField
from receipts.admin.labels import person_of, time_column
from receipts.admin.lists import ReadOnlyAdmin
from receipts.admin.messages import message_link
from receipts.models import MessageStatus
from receipts.reads.answer_types import RecipientAnswer
from receipts.reads.answers import recipient_shape


class StatusForm(ListForm):
    """Newest message first; those of one message by recipient.

    Found through messages by time: an index of rows by time or by recipient would make marks
    slower. A recipient's are found through the messages of their conversations.
    """

    columns = ("-message__created_at", "-message_id", "-recipient_id")

    message = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_ID,
        widget=forms.TextInput(attrs={"placeholder": "Number", "inputmode": "numeric"}),
    )
    recipient = UserField(
        required=False,
        max_length=MAX_USERNAME,
        widget=forms.TextInput(attrs={"placeholder": "Username", "autocapitalize": "none"}),
    )

    def conditions(self) -> Iterator[Q]:
        found = self.cleaned_data
        if found["message"]:
            yield Q(message=found["message"])
        if user := found["recipient"]:
            yield Q(recipient=user, message__conversation__participants__user=user)

    def order(self) -> tuple[str, ...]:
        return ("recipient_id",) if self.cleaned_data["message"] else self.columns


@admin.register(MessageStatus)
class MessageStatusAdmin(ReadOnlyAdmin):
    """One row per recipient. Nothing private is shown: no read or delivery, no content."""

    list_form = StatusForm
    list_display = [
        "person", "of_message", "state",
        time_column("delivered_at", "delivered"), time_column("read_at", "read"),
    ]  # fmt: skip
    list_select_related = ["recipient"]
    title = "Receipts"
    nothing = "No receipts match these filters."
    change_form_template = "admin/seenby/receipt.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageStatus]:
        rows = super().get_queryset(request).defer("received_at", "seen_at")
        return rows.exclude(conversation__in=Conversation.objects.deleted())

    @admin.display(description="message")
    def of_message(self, status: MessageStatus) -> str:
        return message_link(status.message_id)

    @admin.display
    def state(self, status: MessageStatus) -> SafeString:
        return render_to_string("admin/seenby/state.html", {"recipient": _shape(status)})

    @admin.display(description="recipient")
    def person(self, status: MessageStatus) -> SafeString:
        return person_of(status.recipient)

    def label_of(self, obj: MessageStatus) -> str:
        return f"{obj.recipient.get_full_name()}, message {obj.message_id}"

    def page_of(self, request: HttpRequest, obj: MessageStatus) -> dict[str, Any]:
        """The row as others see it, with its message."""
        message = Message.objects.select_related("sender", "conversation").get(pk=obj.message_id)
        return {
            "title": f"Receipt of {obj.recipient.get_full_name()} for message {obj.message_id}",
            "status": obj,
            "recipient": _shape(obj),
            "message": message,
        }


def _shape(status: MessageStatus) -> RecipientAnswer:
    """The row as others see it."""
    user = status.recipient
    return recipient_shape(
        {
            "message_id": status.message_id,
            "conversation_id": status.conversation_id,
            "recipient_id": status.recipient_id,
            "recipient__username": user.username,
            "recipient__display_name": user.display_name,
            "recipient__avatar_url": user.avatar_url,
            "delivered_at": status.delivered_at,
            "seen_at": None,
            "read_at": status.read_at,
            "failed_at": status.failed_at,
            "failure_reason": status.failure_reason,
            "withdrawn_at": status.withdrawn_at,
            "content": status.content,
        }
    )
