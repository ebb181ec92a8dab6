"""Messages: the list, a page with recipients, soft deletion and restoring."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chat.models import Message, OverallStatus, Tracking
from receipts.admin.charts import receipts_bar
from receipts.admin.exporting import csv_lines
from receipts.admin.labels import conversation_label, look_up_people, person_of, time_column
from receipts.admin.lists import ReadOnlyAdmin
from receipts.admin.message_list import MessageForm
from receipts.admin.moderating import DELETE, RESTORE, VERBS, Verb, moderate
from receipts.admin.recipients import all_recipients, listed, recipient_filter, recipients_table
from receipts.admin.threads import thread_of
from receipts.reads.position_counts import with_count
from receipts.rules.rows import MessageRow
from receipts.rules.status import SUMMARY_COLUMNS, summary_of


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """Messages with their receipts; deletion is soft and can be undone."""

    list_form = MessageForm
    list_display = [
        "excerpt", "sent_by", "in_conversation", "receipts", time_column("created_at", "sent"),
    ]  # fmt: skip
    list_display_links = ["excerpt"]
    list_select_related = ["conversation", "sender"]
    actions = ["delete_softly", "restore"]
    change_form_template = "admin/seenby/message.html"
    nothing = "No messages match these filters."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        messages = super().get_queryset(request).filter(conversation__deleted_at=None)
        return messages.select_related(*self.list_select_related)

    def has_act_permission(self, request: HttpRequest) -> bool:
        """The permission to moderate covers the actions and the buttons."""
        return bool(request.user.has_perm("chat.moderate_message"))

    def has_export_permission(self, request: HttpRequest, message: Message) -> bool:
        """For users who may view receipts, unless the rows are gone: see ``archived_at``."""
        return message.archived_at is None and request.user.has_perm("receipts.view_messagestatus")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        mine = [
            path(
                f"<int:pk>/{name.replace('_', '-')}/",
                view(self.moderating_page),
                {"verb": verb},
                name=f"chat_message_{name}",
            )
            for name, verb in VERBS.items()
        ]
        export = path(
            "<int:pk>/recipients.csv", view(self.export), name="chat_message_recipients_csv"
        )
        return [*mine, export, *super().get_urls()]

    @admin.display(description="message")
    def excerpt(self, message: Message) -> SafeString:
        return render_to_string("admin/seenby/excerpt.html", {"message": message})

    @admin.display
    def receipts(self, message: Message) -> SafeString:
        return render_to_string("admin/seenby/receipts_cell.html", receipts_of(message))

    @admin.display(description="sender")
    def sent_by(self, message: Message) -> SafeString:
        return person_of(message.sender)

    @admin.display(description="conversation")
    def in_conversation(self, message: Message) -> str:
        return conversation_label(message.conversation)

    def prepare(self, rows: list[Message]) -> None:
        look_up_people([each.conversation for each in rows])

    @admin.action(description="Delete the selected messages …", permissions=["act"])
    def delete_softly(self, request: HttpRequest, queryset: QuerySet[Message]) -> Any:
        return moderate(self, request, DELETE, queryset, request.get_full_path())

    @admin.action(description="Restore the selected messages …", permissions=["act"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Message]) -> Any:
        return moderate(self, request, RESTORE, queryset, request.get_full_path())

    def page_of(self, request: HttpRequest, obj: Message) -> dict[str, Any]:
        """The message, its summary, its thread, who deleted it, and a table of its recipients."""
        context = {
            "message": obj,
            "tracking": Tracking(obj.tracking).label,
            "may_act": self.has_act_permission(request),
            "deletion": self._deletion(obj) if obj.deleted_at else None,
            "may_export": self.has_export_permission(request, obj),
            **receipts_of(obj, counted=True),
            **thread_of(obj),
        }
        if context["may_export"]:
            context["table"] = found = recipients_table(request, obj)
            rows = found.page.rows
            context["recipients"] = [
                answer | {"id": row["recipient_id"]}
                for row, answer in zip(rows, listed(rows, obj, request.user), strict=True)
            ]
        return context

    def _deletion(self, message: Message) -> LogEntry | None:
        """The log entry with who deleted it and why; None if it was not deleted in the admin."""
        log = LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(Message), object_id=str(message.pk)
        )
        log = log.filter(
            change_message__startswith=DELETE.past, action_time__gte=message.deleted_at
        )
        return log.select_related("user").order_by("-action_time").first()

    def moderating_page(self, request: HttpRequest, pk: int, verb: Verb) -> HttpResponse:
        """Delete or restore one message, by the button on its page."""
        if not self.has_act_permission(request):
            raise PermissionDenied
        page, message = _page_of(pk), self.get_object(request, str(pk))
        if message is None:
            return HttpResponseRedirect(page)  # which reports that it does not exist
        return moderate(self, request, verb, [message], page) or HttpResponseRedirect(page)

    def export(self, request: HttpRequest, pk: int) -> Any:
        """A message's recipients as a CSV file, filtered like the table on its page."""
        message = self.get_object(request, str(pk)) if self.has_view_permission(request) else None
        if message is None or not self.has_export_permission(request, message):
            raise PermissionDenied
        if recipients_table(request, message).errors:  # the page names the invalid filter
            return HttpResponseRedirect(f"{_page_of(pk)}?{request.GET.urlencode()}")
        found = recipient_filter(request, message)
        lines = csv_lines(all_recipients(found, message, request.user))
        name = f"message-{pk}-recipients.csv"
        return StreamingHttpResponse(
            lines,
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


def _page_of(pk: int) -> str:
    return reverse("admin:chat_message_change", args=[pk])


def receipts_of(message: Message, *, counted: bool = False) -> dict[str, Any]:
    """A message's summary, and its counts as segments of a bar.

    Only if ``counted`` are positions counted; a list does not count those of each message.
    """
    columns = {name: attrgetter(name.replace("__", "."))(message) for name in SUMMARY_COLUMNS}
    counts = cast(MessageRow, {**columns, "sender_id": message.sender_id})
    counts = with_count(counts) if counted else counts
    overall = OverallStatus(counts["overall_status"]).label
    return {"summary": summary_of(counts), "bar": receipts_bar(counts), "overall": overall}


def message_link(pk: int | None) -> str:
    """A link to a message's page, ``#`` and its id; empty for None."""
    return format_html('<a href="{}">#{}</a>', _page_of(pk), pk) if pk else ""
