"""Users and conversations: those that exist already are not changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chat.models import UNUSABLE_PASSWORD, Conversation, User
from receipts.importing.report import Report
from receipts.importing.staging import staged
from receipts.sql.run import fetch_rows


def add_users(report: Report, batch_size: int) -> None:
    """Insert users who do not exist yet, without a password, since they sign in elsewhere."""
    for batch in _unknown("user", "display_name", "chat_user", "username", batch_size):
        User.objects.bulk_create(
            [
                User(username=username, display_name=name, password=UNUSABLE_PASSWORD)
                for username, name in batch
            ],
            ignore_conflicts=True,
        )
        report.new["user"] += len(batch)
    report.good["user"] = staged("user")


def add_conversations(report: Report, batch_size: int) -> None:
    """Insert the conversations that do not exist yet."""
    columns = "kind, title"
    for batch in _unknown("conversation", columns, "chat_conversation", "external_id", batch_size):
        Conversation.objects.bulk_create(
            [Conversation(external_id=name, kind=kind, title=title) for name, kind, title in batch],
            ignore_conflicts=True,
        )
        report.new["conversation"] += len(batch)
    report.good["conversation"] = staged("conversation")


def _unknown(
    kind: str, columns: str, table: str, key: str, batch_size: int
) -> Iterator[list[tuple[Any, ...]]]:
    """The records whose id is not in ``table``, each id once, in batches.

    Each batch is in the order of the ids, so that concurrent imports cannot deadlock.
    """
    line = 0
    while found := fetch_rows(
        f"""SELECT record.line, record.id, {columns} FROM import_{kind} AS record
             WHERE record.line > %(line)s
               AND NOT EXISTS (SELECT 1 FROM {table} WHERE {key} = record.id)
               AND NOT EXISTS (SELECT 1 FROM import_{kind} AS earlier
                                WHERE earlier.id = record.id AND earlier.line < record.line)
             ORDER BY record.line LIMIT %(batch_size)s""",
        {"line": line, "batch_size": batch_size},
    ):
        line = found[-1][0]
        yield sorted(record[1:] for record in found)
