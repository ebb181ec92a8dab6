"""The admin as a site for moderators: its sections, login limits and the insights page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse

from chat.signing_in import TooManyTries, count_try


@dataclass(frozen=True)
class Section:
    """A section of the admin, shown to users who have its permission."""

    name: str
    page: str
    right: str
    about: str
    #: Whether it is in the navigation of every page, not only on the start page.
    daily: bool = True


SECTIONS = (
    Section(
        "Messages",
        "chat_message_changelist",
        "chat.view_message",
        "Find a message, see who got it and who has read it; delete or restore it.",
    ),
    Section(
        "Conversations",
        "chat_conversation_changelist",
        "chat.view_conversation",
        "Participants, how far each has received and read, and receipt settings.",
    ),
    Section("Users", "chat_user_changelist", "chat.view_user", "Users and their conversations."),
    Section(
        "Insights",
        "insights",
        "chat.view_message",
        "How well messages arrive: delivered and read by day, and how long reading takes.",
    ),
    Section(
        "Receipts",
        "receipts_messagestatus_changelist",
        "receipts.view_messagestatus",
        "Single receipts, by message or by recipient.",
        daily=False,
    ),
    Section(
        "Participants",
        "chat_conversationparticipant_changelist",
        "chat.view_conversationparticipant",
        "Memberships across all conversations.",
        daily=False,
    ),
    Section(
        "Service keys",
        "chat_servicekey_changelist",
        "chat.view_servicekey",
        "API keys of applications: issue and revoke them.",
        daily=False,
    ),
    Section(
        "Webhooks",
        "receipts_webhookendpoint_changelist",
        "receipts.view_webhookendpoint",
        "Where applications receive events, and whether deliveries succeed.",
        daily=False,
    ),
    Section(
        "Groups",
        "auth_group_changelist",
        "auth.view_group",
        "Who may do what in this admin.",
        daily=False,
    ),
)


def too_many_tries(request: HttpRequest, seconds: int, when: str) -> HttpResponse:
    """The 429 page after too many passwords; ``seconds`` go into ``Retry-After``."""
    page = render(request, "429.html", {"when": when}, status=429)
    page["Retry-After"] = str(seconds)
    return page


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    """The response of django-axes while it locks out a username and address."""
    seconds = int(settings.AXES_COOLOFF_TIME.total_seconds())
    return too_many_tries(request, seconds, f"in {seconds // 60} minutes")


class ModerationSite(admin.AdminSite):
    """Django's admin under our own name, with its sections at the top of each page."""

    site_header = site_title = "Seenby"
    index_title = "Who got it, and who has read it?"
    site_url = None
    #: The sections at the top replace it, on phones as well.
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff and superusers, as in the API; service accounts use keys and cannot log in."""
        user = request.user
        is_let_in = user.is_active and (user.is_staff or user.is_superuser)
        return bool(is_let_in and not getattr(user, "is_service", False))

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Log in, with limited attempts so that passwords cannot be guessed."""
        try:
            if request.method == "POST":
                count_try(request)
            return super().login(request, extra_context)
        except TooManyTries:
            return too_many_tries(request, 60, "in a minute")

    def get_urls(self) -> list[URLResolver | URLPattern]:
        from receipts.admin.insights import insights_page

        mine = path("insights/", self.admin_view(insights_page(self)), name="insights")
        return [mine, *super().get_urls()]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        sections = [
            {"section": section, "url": (url := reverse(f"admin:{section.page}")),
             "current": request.path.startswith(url)}
            for section in SECTIONS
            if request.user.has_perm(section.right)
        ]  # fmt: skip
        return {**super().each_context(request), "sections": sections}

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        latest = LogEntry.objects.filter(user=request.user.pk or 0).select_related("content_type")
        return super().index(request, {"latest": latest[:8], **(extra_context or {})})
