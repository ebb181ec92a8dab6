"""Erasing from the admin's log: a user's name, and the title of a deleted conversation."""

from __future__ import annotations

import json
import re

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q

from chat.models import Conversation, Erasure, User

#: ``LogEntry.object_repr`` keeps this much of a text.
_KEPT = 200


def erase_from_log(erasure: Erasure) -> int | None:
    """Replace the username in the log by the new one, wherever it stands as a word of its own.

    Login attempts with that name go as a whole.
    """
    username = str(erasure.username)
    if not erasure.position:
        for attempts in (AccessAttempt, AccessFailureLog, AccessLog):
            attempts.objects.filter(username=username).delete()
    named = Q(object_repr__contains=username[:_KEPT]) | Q(change_message__contains=username)
    named |= Q(change_message__contains=json.dumps(username)[1:-1])
    entries = LogEntry.objects.filter(named, pk__gt=erasure.position or 0).order_by("pk")
    found = list(entries[: settings.BATCH_ROWS])
    if not found:
        return None
    user = User.objects.get(erasures=erasure)
    for entry in found:
        entry.object_repr = _renamed(entry.object_repr, username[:_KEPT], user)[:_KEPT]
        entry.change_message = _renamed(entry.change_message, username, user)
    LogEntry.objects.bulk_update(found, ["object_repr", "change_message"], batch_size=500)
    return found[-1].pk


def _renamed(text: str, username: str, user: User) -> str:
    # A message of the log may be JSON, in which some characters are escaped.
    names = "|".join(re.escape(name) for name in {username, json.dumps(username)[1:-1]})
    whole = rf"(?<![\w-])(?:{names})(?![\w-])"
    return re.sub(whole, lambda _: user.username, text)


def erase_titles_from_log(erasure: Erasure) -> int | None:
    """Replace the conversation's title in the log by its number."""
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Conversation),
        object_id=str(erasure.conversation_id),
        pk__gt=erasure.position or 0,
    ).order_by("pk")
    ids = list(entries.values_list("pk", flat=True)[: settings.BATCH_ROWS])
    if not ids:
        return None
    name = f"Conversation {erasure.conversation_id}"
    LogEntry.objects.filter(pk__in=ids).update(object_repr=name)
    return ids[-1]
