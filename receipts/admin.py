"""The admin of people, messages and receipts: whatever changes who counts goes by the services.

Receipts are read-only, and a private read looks delivered here too: ``seen_at`` is never shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from chat.models import ConversationParticipant, Message, User
from receipts import services
from receipts.api.fields import MAX_ID, whole_number
from receipts.models import MessageStatus
from receipts.status import STATE_BY_TIME, SUMMARY_COLUMNS, state_of, summary_of


class ReadOnlyAdmin(admin.ModelAdmin):
    """Nothing is added, edited or deleted here, whether by a button or by its address."""

    show_full_result_count = False
    list_per_page = 50

    class Media:
        css = {"all": ["receipts/admin.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def run(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        verb: Callable[[Any], Any],
        done: str,
    ) -> None:
        """Do something to each selected object, and log where it changed anything."""
        changed = [each for each in queryset if verb(each)]
        for each in changed:
            self.log_change(request, each, done)
        self.message_user(request, f"{done} {len(changed)} of {len(queryset)}.", messages.SUCCESS)

    def may_act(self, request: HttpRequest) -> bool:
        """The right to change the model is the right to its actions."""
        name = f"{self.opts.app_label}.change_{self.opts.model_name}"
        return bool(request.user.has_perm(name))

    has_act_permission = may_act


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """People; an account is switched off by an action, since that withdraws its receipts."""

    list_display = ["username", "display_name", "is_active", "is_staff", "is_service", "created_at"]
    list_filter = ["is_active", "is_staff", "is_service"]
    search_fields = ["username", "display_name"]
    ordering = ["username"]
    readonly_fields = ["is_active", "is_service", "created_at", "last_login"]
    filter_horizontal = ["groups", "user_permissions"]
    fieldsets = [
        (None, {"fields": ["username", "password", "display_name", "avatar_url"]}),
        ("Receipts", {"fields": ["read_receipts_enabled"]}),
        ("Account", {"fields": ["is_active", "is_service", "created_at", "last_login"]}),
        ("Moderation", {"fields": ["is_staff", "is_superuser", "groups", "user_permissions"]}),
    ]
    add_fieldsets = [(None, {"fields": ["username", "usable_password", "password1", "password2"]})]
    actions = ["deactivate", "reactivate"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description="Deactivate the selected users", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            if services.deactivate_user(user=user):
                self.log_change(request, user, "Deactivated.")

    @admin.action(description="Reactivate the selected users", permissions=["change"])
    def reactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            if services.reactivate_user(user=user):
                self.log_change(request, user, "Reactivated.")


@admin.register(ConversationParticipant)
class ParticipantAdmin(ReadOnlyAdmin):
    """Who takes part in what, and how far they have come."""

    list_display = [
        "conversation",
        "user",
        "role",
        "is_active",
        "is_muted",
        "is_banned",
        "last_delivered_message_id",
        "last_read_message_id",
    ]
    list_filter = ["role", "is_active", "is_muted", "is_banned"]
    list_select_related = ["conversation", "user"]
    search_fields = ["=user__username", "=conversation__external_id", "=conversation__id"]
    search_help_text = "A username, or a conversation's id."
    ordering = ["-pk"]
    actions = ["remove"]

    @admin.action(description="Remove from the conversation", permissions=["act"])
    def remove(self, request: HttpRequest, queryset: QuerySet[ConversationParticipant]) -> None:
        def verb(each: ConversationParticipant) -> bool:
            return services.remove_participant(conversation_id=each.conversation_id, user=each.user)

        self.run(request, queryset, verb, "Removed.")


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """Messages with how far they have come; deleting is soft and can be taken back."""

    list_display = [
        "id",
        "conversation",
        "sender",
        "excerpt",
        "summary",
        "created_at",
        "deleted_at",
    ]
    list_filter = ["overall_status", "tracking", ("deleted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["conversation", "sender"]
    search_fields = ["body", "=sender__username", "=conversation__external_id"]
    search_help_text = "Words of the message, its sender's username, a conversation's external id."
    ordering = ["-pk"]
    actions = ["delete_softly", "restore"]
    fields = [
        "conversation",
        "sender",
        "body",
        "created_at",
        "deleted_at",
        "client_id",
        "tracking",
        "overall_status",
        "summary",
        "counts",
        "recipients",
    ]
    readonly_fields = ["overall_status", "summary", "counts", "recipients"]

    @admin.display(description="body")
    def excerpt(self, message: Message) -> str:
        return message.body[:60] + ("…" if len(message.body) > 60 else "")

    @admin.display(description="receipts")
    def summary(self, message: Message) -> str:
        counts = {name: getattr(message, name) for name in SUMMARY_COLUMNS}
        return str(summary_of(counts)["summary_text"])

    @admin.display
    def counts(self, message: Message) -> str:
        return (
            f"{message.recipient_count} recipients, {message.delivered_count} delivered,"
            f" {message.read_count} read, {message.failed_count} failed"
        )

    @admin.display
    def recipients(self, message: Message) -> str:
        address = reverse("admin:receipts_messagestatus_changelist")
        return format_html(
            '<a href="{}?message={}">Who got it, and who read it</a>', address, message.pk
        )

    @admin.action(description="Delete the selected messages", permissions=["act"])
    def delete_softly(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        self.run(
            request, queryset, lambda each: services.delete_message(message_id=each.pk), "Deleted."
        )

    @admin.action(description="Restore the selected messages", permissions=["act"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        self.run(
            request,
            queryset,
            lambda each: services.restore_message(message_id=each.pk),
            "Restored.",
        )


class MessageListFilter(admin.SimpleListFilter):
    """``?message=42``, as a message's page links to its recipients; offers no list of messages."""

    title = "message"
    parameter_name = "message"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = request.GET.get(self.parameter_name)
        return [(chosen, f"Message {chosen}")] if chosen else []

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen is None:
            return queryset
        message = whole_number(chosen, MAX_ID)
        return queryset.none() if message is None else queryset.filter(message=message)


@admin.register(MessageStatus)
class MessageStatusAdmin(ReadOnlyAdmin):
    """One row a recipient, as a sender would see it."""

    list_display = ["message_id", "recipient", "state", "delivered_at", "read_at"]
    list_filter = [MessageListFilter]
    list_select_related = ["recipient"]
    search_fields = ["=message__id", "=recipient__username"]
    search_help_text = "A message's id, or a recipient's username."
    ordering = ["-message_id", "recipient_id"]
    fields = [
        "message",
        "recipient",
        "conversation",
        "sent_at",
        "delivered_at",
        "read_at",
        "failed_at",
        "failure_reason",
        "withdrawn_at",
        "content",
    ]

    @admin.display
    def state(self, status: MessageStatus) -> str:
        return state_of({name: getattr(status, name) for name in STATE_BY_TIME}).label
