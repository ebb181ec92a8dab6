"""Records of a history, the import of them, and what the database holds afterwards."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command

from chat.models import Conversation, ConversationParticipant, Message, Thread, ThreadFollower
from receipts.models import MessageStatus
from receipts.reads.watermarks import show_watermarks

Record = dict[str, Any]

#: The times of records are seconds from here.
START = 1_600_000_000


def history_time(second: float) -> datetime:
    return datetime.fromtimestamp(START + second, UTC)


def import_records(records: Iterable[Record], **options: Any) -> list[str]:
    """Import them as one file; what the command said. Refusing all of them is no error."""
    out = StringIO()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "history.ndjson"
        file.write_text("".join(json.dumps(record) + "\n" for record in records))
        try:
            call_command("import_history", str(file), stdout=out, stderr=out, **options)
        except CommandError as error:
            out.write(f"{error}\n")
    return out.getvalue().splitlines()


def refused(said: Sequence[str]) -> int:
    """How many lines were skipped, from what the command said."""
    (line,) = (line for line in said if line.startswith("lines skipped: "))
    return int(line.removeprefix("lines skipped: ").partition(",")[0])


def told(conversation: Conversation, plain: Callable[[str | None], str | None]) -> Any:
    """All that is known of a conversation, with the names that ``plain`` gives: rows, counts,
    participants, and their watermarks as stored and as shown.
    """
    names = {
        message.pk: plain(message.external_id or message.client_id)
        for message in Message.objects.filter(conversation=conversation)
    }
    rows = {
        (names[row.message_id], plain(row.recipient.username)): (
            row.sent_at, row.received_at, row.delivered_at, row.seen_at, row.read_at, row.failed_at,
            names.get(row.thread_id or 0), row.failure_reason, row.withdrawn_at, row.content,
        )
        for row in MessageStatus.objects.filter(conversation=conversation).select_related(
            "recipient"
        )
    }  # fmt: skip
    messages = {
        names[message.pk]: (
            message.created_at, message.body, message.edited_at, message.deleted_at,
            message.tracking, message.recipient_count, message.delivered_count,
            message.read_count, message.failed_count, message.overall_status,
            message.read_since_edit_count, names.get(message.thread_id or 0),
        )
        for message in Message.objects.filter(conversation=conversation)
    }  # fmt: skip
    participants = list(
        ConversationParticipant.objects.filter(conversation=conversation).select_related("user")
    )
    members = {
        plain(each.user.username): (
            # Without any message one has joined now.
            each.role,
            each.is_active,
            min(each.joined_at, history_time(10**8)),
            each.left_at,
        )
        for each in participants
    }
    threads = {
        names[each.root_id]: (each.reply_count, names.get(each.last_reply_id or 0))
        for each in Thread.objects.filter(conversation=conversation, reply_count__gt=0)
    }
    following = {
        (names[each.root_id], plain(each.user.username))
        for each in ThreadFollower.objects.filter(conversation=conversation).select_related("user")
    }
    stored = _watermarks(participants, names, plain)
    show_watermarks(participants)
    shown = _watermarks(participants, names, plain)
    return {
        "rows": rows, "messages": messages, "members": members, "stored": stored, "shown": shown,
        "threads": threads, "following": following,
    }  # fmt: skip


def _watermarks(
    participants: Iterable[ConversationParticipant],
    names: dict[int, str | None],
    plain: Callable[[str | None], str | None],
) -> dict[str | None, Any]:
    return {
        plain(each.user.username): (
            names.get(each.last_delivered_message_id or 0), each.last_delivered_at,
            names.get(each.last_read_message_id or 0), each.last_read_at,
        )
        for each in participants
    }  # fmt: skip
