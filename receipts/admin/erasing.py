"""Forgetting a user and deleting a conversation, after a page that says what goes and stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from chat.errors import AccountProtected
from chat.models import Conversation, Erasure, User
from receipts import services
from receipts.admin.labels import conversation_label, person_text


class ForgetForm(forms.Form):
    """The choice that a superuser has when a person is forgotten."""

    messages = forms.BooleanField(
        required=False, label="Also remove the texts of the messages that they sent"
    )


@dataclass(frozen=True)
class Erasing:
    """One kind of erasure: its words, and how it begins."""

    name: str
    title: str
    done: str
    goes: tuple[str, ...]
    stays: tuple[str, ...]
    begin: Callable[[HttpRequest, int, dict[str, Any]], Erasure]
    form: type[forms.Form]


def may_erase(request: HttpRequest) -> bool:
    """Only superusers: neither can be undone."""
    return bool(request.user.is_active and request.user.is_superuser)


def _forget(request: HttpRequest, pk: int, choice: dict[str, Any]) -> Erasure:
    username = _person(pk).username
    erases = bool(choice["messages"])
    return services.forget_user(username=username, messages=erases, actor=_caller(request))


def _delete(request: HttpRequest, pk: int, choice: dict[str, Any]) -> Erasure:
    return services.delete_conversation(conversation_id=pk, actor=_caller(request))


FORGET = Erasing(
    name="forget",
    title="Forget this person",
    done="The person is forgotten.",
    goes=(
        "Their name, picture and username: a name that says nothing is shown instead.",
        "Their tokens and open streams: the account is closed, and cannot be opened again.",
        "What they wrote with a read, and reasons of failed deliveries to them.",
        "Their username in this admin's log, and what imports said about them.",
    ),
    stays=(
        "The messages they sent, with who has read them; their texts, if you keep them.",
        "Counts: reads that others could see still count.",
        "What others wrote about them.",
    ),
    begin=_forget,
    form=ForgetForm,
)
DELETE_CONVERSATION = Erasing(
    name="erase",
    title="Delete this conversation",
    done="The conversation is deleted.",
    goes=(
        "The conversation, for all who take part: they are told that it is deleted.",
        "Its messages, with their texts and receipts, and who took part.",
        "Its external id, which is free again.",
    ),
    stays=("The accounts of those who took part.",),
    begin=_delete,
    form=forms.Form,
)


def erasing_url(model_admin: admin.ModelAdmin, erasing: Erasing) -> URLPattern:
    """The address of the page below an object's."""

    def page(request: HttpRequest, pk: int) -> HttpResponse:
        return _page(model_admin, request, erasing, pk)

    name = f"chat_{model_admin.opts.model_name}_{erasing.name}"
    return path(f"<int:pk>/{erasing.name}/", model_admin.admin_site.admin_view(page), name=name)


def _page(
    model_admin: admin.ModelAdmin, request: HttpRequest, erasing: Erasing, pk: int
) -> HttpResponse:
    """Ask; when confirmed, begin or continue, for as long as a request may take (rule 8)."""
    if not may_erase(request):
        raise PermissionDenied
    label = person_text(_person(pk)) if erasing is FORGET else conversation_label(_conversation(pk))
    pending = _pending(erasing, pk)
    form = erasing.form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            erasure = pending or erasing.begin(request, pk, form.cleaned_data)
        except AccountProtected as error:
            model_admin.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.path)
        return _continued(model_admin, request, erasing, erasure)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"{erasing.title}?",
        "opts": model_admin.opts,
        "erasing": erasing,
        "label": label,
        "pending": pending,
        "form": form,
    }
    return TemplateResponse(request, "admin/seenby/erase.html", context)


def _continued(
    model_admin: admin.ModelAdmin, request: HttpRequest, erasing: Erasing, erasure: Erasure
) -> HttpResponse:
    if not services.run_erasure(erasure):
        text = (
            "It is gone for everybody. More rows are left to remove: continue here, or run erase."
        )
        model_admin.message_user(request, text, messages.WARNING)
        return HttpResponseRedirect(request.path)
    model_admin.message_user(request, erasing.done, messages.SUCCESS)
    return HttpResponseRedirect(reverse(f"admin:chat_{model_admin.opts.model_name}_changelist"))


def _pending(erasing: Erasing, pk: int) -> Erasure | None:
    subject = {"user": pk} if erasing is FORGET else {"conversation_id": pk}
    return Erasure.objects.filter(**subject, finished_at=None).first()


def _person(pk: int) -> User:
    user = User.objects.filter(pk=pk).first()
    if user is None:
        raise Http404
    return user


def _conversation(pk: int) -> Conversation:
    conversation = Conversation.objects.filter(pk=pk).first()
    if conversation is None:
        raise Http404
    return conversation


def _caller(request: HttpRequest) -> User:
    return User.objects.get(pk=request.user.pk or 0)
