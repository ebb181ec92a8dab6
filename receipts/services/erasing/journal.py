"""The admin's log of erasures: who asked for one. It names neither a user nor a title."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType

from chat.models import UNUSABLE_PASSWORD, Conversation, Erasure, User
from receipts.sql.new_ids import id_at_worker

#: The service account for which commands write to the log. It has no key, and is not active.
COMMAND_LINE = "manage.py"


def log_erasure(erasure: Erasure, what: str) -> None:
    """Write who requested an erasure; a command is its own service account."""
    of_user = erasure.user_id is not None
    LogEntry.objects.create(
        pk=id_at_worker(LogEntry._meta.db_table),
        user=erasure.requested_by or _command_line(),
        content_type=ContentType.objects.get_for_model(User if of_user else Conversation),
        object_id=str(erasure.user_id or erasure.conversation_id),
        object_repr=what,
        action_flag=CHANGE if of_user else DELETION,
        change_message=_message(erasure),
    )


def _message(erasure: Erasure) -> str:
    if erasure.user_id is None:
        return "Deleted the conversation."
    return f"Forgot the person{', and the texts of their messages' * erasure.erases_messages}."


def _command_line() -> Any:
    user, _ = User.objects.get_or_create(
        username=COMMAND_LINE,
        defaults={"is_service": True, "is_active": False, "password": UNUSABLE_PASSWORD},
    )
    return user
