"""Users and conversations: those that exist already are not changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.db import IntegrityError, transaction

from chat.errors import Conflict
from chat.models import (
    UNUSABLE_PASSWORD,
    Conversation,
    ConversationName,
    User,
    freed_among,
    tokens_valid_from,
)
from receipts.importing.loading import refuse
from receipts.importing.report import Report
from receipts.importing.staging import staged
from receipts.sql.conversation_names import claim_names
from receipts.sql.distributed import is_distributed
from receipts.sql.run import fetch_rows


def add_users(report: Report, batch_size: int) -> None:
    """Insert users who do not exist yet, without a password, since they sign in elsewhere."""
    known = "chat_user WHERE username = record.id"
    for batch in _unknown("user", "display_name", known, batch_size):
        report.new["user"] += _add_users(report, dict(batch))
    report.good["user"] = staged("user")


def _add_users(report: Report, names: dict[str, str]) -> int:
    """Insert users by username, with their display names; return how many.

    A username that was freed a moment ago is refused. Older ones get accounts that take no tokens
    of the earlier ones, as ``User.save`` does.
    """
    while True:
        for username, freed in freed_among(names).items():
            if freed.is_held:
                del names[username]
                params = {"username": username, "reason": f"id: {freed.held_text}"}
                refuse(report, "user", "record.id = %(username)s", "%(reason)s", params)
        with suppress(Conflict), transaction.atomic():
            User.objects.bulk_create(
                [
                    User(username=username, display_name=name, password=UNUSABLE_PASSWORD)
                    for username, name in names.items()
                ],
                ignore_conflicts=True,
            )
            valid_from, freed_names = tokens_valid_from(names)
            if freed_names:
                reused = User.objects.filter(username__in=freed_names, tokens_valid_from=None)
                reused.update(tokens_valid_from=valid_from)
            return len(names)


def add_conversations(report: Report, batch_size: int) -> None:
    """Insert the conversations that do not exist yet."""
    columns = "kind, title"
    known = "chat_conversation WHERE external_id = record.id"
    if is_distributed():
        known = "chat_conversationname WHERE name = 'ext:' || record.id"
    for batch in _unknown("conversation", columns, known, batch_size):
        _add_conversations(
            [Conversation(external_id=name, kind=kind, title=title) for name, kind, title in batch]
        )
        report.new["conversation"] += len(batch)
    report.good["conversation"] = staged("conversation")


def _add_conversations(conversations: list[Conversation]) -> None:
    """Insert conversations, but those whose names others were given in that moment."""
    if not is_distributed():
        Conversation.objects.bulk_create(conversations, ignore_conflicts=True)
        return
    while True:
        names = [f"ext:{each.external_id}" for each in conversations]
        taken = {*ConversationName.objects.filter(pk__in=names).values_list("pk", flat=True)}
        new = [each for each in conversations if f"ext:{each.external_id}" not in taken]
        with suppress(IntegrityError), transaction.atomic():
            Conversation.objects.bulk_create(new)
            # Read again: Citus answers the ids in the order of its shards, not of the rows.
            named = [each.external_id for each in new]
            claim_names(Conversation.objects.filter(external_id__in=named))
            return


def _unknown(
    kind: str, columns: str, known: str, batch_size: int
) -> Iterator[list[tuple[Any, ...]]]:
    """The records of which there is nothing in ``known``, each id once, in batches.

    Each batch is in the order of the ids, so that concurrent imports cannot deadlock.
    """
    line = 0
    while found := fetch_rows(
        f"""SELECT record.line, record.id, {columns} FROM import_{kind} AS record
             WHERE record.line > %(line)s
               AND NOT EXISTS (SELECT 1 FROM {known})
               AND NOT EXISTS (SELECT 1 FROM import_{kind} AS earlier
                                WHERE earlier.id = record.id AND earlier.line < record.line)
             ORDER BY record.line LIMIT %(batch_size)s""",
        {"line": line, "batch_size": batch_size},
    ):
        line = found[-1][0]
        yield sorted(record[1:] for record in found)
