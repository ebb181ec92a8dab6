"""What the admin calls people, conversations and times: each is made in one place.

A person is their display name, with the username beside it; or the username alone. A direct
conversation without a title is the names of its people, as in a chat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.template.loader import render_to_string
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from chat.models import Conversation, ConversationKind, ConversationParticipant, User


def person(name: str, username: str, url: str = "") -> SafeString:
    """A person on a page: the name, linked where there is a ``url``, and another username."""
    shown = format_html('<a href="{}">{}</a>', url, name or username) if url else name or username
    if name in ("", username):
        return conditional_escape(shown)
    return format_html('{} <span class="quiet">{}</span>', shown, username)


def person_of(user: User, url: str = "") -> SafeString:
    """A user, as ``person``."""
    return person(user.display_name, user.username, url)


def person_text(user: User) -> str:
    """A person where there is only text: ``Bob Okafor (bob)``."""
    name = user.get_full_name()
    return name if name == user.username else f"{name} ({user.username})"


def look_up_people(conversations: Iterable[Conversation]) -> None:
    """Look up who is in those that are named by their people: one query for all, or none."""
    people: dict[int, list[str]] = {}
    named = [each for each in conversations if _is_named_by_people(each)]
    for each in named:
        people[each.pk] = []
    if people:
        found = ConversationParticipant.objects.filter(conversation__in=people)
        for participant in found.select_related("user").order_by("conversation_id", "user_id"):
            people[participant.conversation_id].append(participant.user.get_full_name())
    for each in named:
        each.__dict__["people"] = people[each.pk]


def conversation_label(conversation: Conversation) -> str:
    """What pages call a conversation. It costs a query, unless ``look_up_people`` was called."""
    if not _is_named_by_people(conversation):
        return str(conversation)
    if "people" not in conversation.__dict__:
        look_up_people([conversation])
    return " & ".join(conversation.__dict__["people"]) or str(conversation)


def _is_named_by_people(conversation: Conversation) -> bool:
    return conversation.kind == ConversationKind.DIRECT and not conversation.title


def chip(words: str, kind: str = "") -> SafeString:
    """A state in a word or two; ``good`` and ``failed`` have colours."""
    return format_html('<span class="chip {}">{}</span>', kind, words)


def time_html(at: datetime | None) -> SafeString:
    """A time on a page: in UTC, until a script shows it in the browser's zone."""
    return render_to_string("admin/seenby/time.html", {"time": at})


def time_column(column: str, title: str) -> Callable[[Any], SafeString]:
    """A column of a list, or a read-only field, that shows a time."""

    def shown(row: Any) -> SafeString:
        return time_html(getattr(row, column))

    shown.__name__ = column
    return admin.display(description=title)(shown)
