"""Deleting and restoring messages, with a reason that is recorded in the admin's log."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.http import HttpRequest
from django.template.response import TemplateResponse

from chat.models import Message
from receipts import services


@dataclass(frozen=True)
class Verb:
    """An action of a moderator on messages."""

    name: str
    title: str
    button: str
    past: str
    about: str
    do: Callable[..., Any]


DELETE = Verb(
    "delete_softly",
    "Delete",
    "Delete",
    "Deleted",
    "Others will see that a message was deleted, but no longer its text. It is removed from unread"
    " counts; its receipts are kept, and it can be restored.",
    services.delete_message,
)
RESTORE = Verb(
    "restore",
    "Restore",
    "Restore",
    "Restored",
    "Everyone will see it again as it was. It is unread again for those who had not read it.",
    services.restore_message,
)
VERBS = {verb.name: verb for verb in (DELETE, RESTORE)}


class ReasonForm(forms.Form):
    """The reason, for later readers of the admin's log."""

    reason = forms.CharField(
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
        help_text="Recorded in the admin's log; at most 300 characters.",
    )


def moderate(
    model_admin: admin.ModelAdmin,
    request: HttpRequest,
    verb: Verb,
    chosen: Iterable[Message],
    back: str,
) -> TemplateResponse | None:
    """Ask for a reason; with one, apply the verb to each message and log each change.

    Returns the page that asks, or None when done.
    """
    chosen = list(chosen)
    form = ReasonForm(request.POST if "reason" in request.POST else None)
    if not form.is_valid():
        asking = {"verb": verb, "chosen": chosen, "form": form, "back": back}
        return _asking(model_admin, request, asking)
    changed = [each for each in chosen if _done(model_admin, request, verb, each, form)]
    if changed:
        model_admin.message_user(request, _told(verb, chosen, changed), messages.SUCCESS)
    else:
        model_admin.message_user(request, f"Already {verb.past.lower()}.", messages.WARNING)
    return None


@transaction.atomic
def _done(
    model_admin: admin.ModelAdmin, request: HttpRequest, verb: Verb, message: Message, form: Any
) -> bool:
    """Whether the message changed; the log entry is written in the same transaction."""
    if not verb.do(message_id=message.pk):
        return False
    reason = " ".join(form.cleaned_data["reason"].split())
    model_admin.log_change(request, message, f"{verb.past}: {reason}")
    return True


def _told(verb: Verb, chosen: list[Message], changed: list[Message]) -> str:
    if len(chosen) == 1:
        return f"{verb.past}."
    others = f"; the others were already {verb.past.lower()}" if len(changed) < len(chosen) else ""
    return f"{verb.past} {len(changed)} of {len(chosen)} messages{others}."


def _asking(
    model_admin: admin.ModelAdmin, request: HttpRequest, asking: dict[str, Any]
) -> TemplateResponse:
    """The page that asks for the reason."""
    chosen, verb = asking["chosen"], asking["verb"]
    many = "this message" if len(chosen) == 1 else f"these {len(chosen)} messages"
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"{verb.title} {many}?",
        "opts": model_admin.opts,
        "ticked": ACTION_CHECKBOX_NAME,
        **asking,
    }
    return TemplateResponse(request, "admin/seenby/reason.html", context)
