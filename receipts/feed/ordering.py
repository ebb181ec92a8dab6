"""The messages of coalesced events, in the order of time: the newest, the first and the last."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from chat.models import Message
from chat.sql.compiled import CompiledQuery
from receipts.feed.coalescing import Group
from receipts.ledger.announcing import MESSAGES_NAMED
from receipts.reads.messages import message_rows
from receipts.rules.rows import MessageRow
from receipts.sql.keyset import EARLIEST
from receipts.sql.run import id_list

_SHOWN = CompiledQuery(
    lambda ids: message_rows(Message.objects.filter(pk__among=ids, conversation__deleted_at=None)),
    ids=list,
)


class ToldMessages:
    """The messages of some groups: loaded in one statement, or in two where a group has many."""

    def __init__(self, groups: Iterable[Group]) -> None:
        groups = list(groups)
        many = {pk for group in groups if _has_many(group) for pk in group.known}
        self._sent: dict[int, datetime] = {}
        #: The external ids of all that the groups name.
        self.names: dict[int, str | None] = {}
        if many:
            known = Message.objects.filter(pk__in=many)
            for pk, sent_at, name in known.values_list("pk", "created_at", "external_id"):
                self._sent[pk], self.names[pk] = sent_at, name
        shown = {
            pk
            for group in groups
            for pk in (self.newest(group) if _has_many(group) else group.known)
        }
        rows = _SHOWN.rows(ids=id_list(shown)) if shown else ()
        self.rows: dict[int, MessageRow] = {row["id"]: row for row in rows}
        for pk, row in self.rows.items():
            self._sent[pk], self.names[pk] = row["created_at"], row["external_id"]

    def newest(self, group: Group) -> list[int]:
        """The newest messages, whose summaries are published."""
        return sorted(group.messages, key=self.position, reverse=True)[:MESSAGES_NAMED]

    def position(self, pk: int) -> tuple[datetime, int]:
        """Where a message stands; one that no longer exists, before all others."""
        return self._sent.get(pk, EARLIEST), pk


def _has_many(group: Group) -> bool:
    return len(group.known) > MESSAGES_NAMED
