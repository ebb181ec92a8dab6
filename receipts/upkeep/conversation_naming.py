"""Check that conversations and the table of their names agree, where they are distributed.

Elsewhere there are no such names, but indexes (``receipts.sql.conversation_names``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import transaction

from chat.models import Conversation, ConversationName
from receipts.sql.conversation_names import names_of
from receipts.sql.distributed import is_distributed
from receipts.sql.run import lock_in_order


@dataclass
class ConversationNameCheck:
    """Wrong names first, so that they are free for the conversations that are called so."""

    tell: Callable[[str], None]
    conversation: int | None
    fix: bool
    found: int = 0
    fixed: int = 0

    def run(self, size: int) -> None:
        """Compare ``size`` names, and then ``size`` conversations, at a time."""
        if not is_distributed():
            return
        after: str = ""
        while names := self._names(after, size):
            self._check_names(names)
            after = next(reversed(names))  # as the database sorts them
        least = 0
        while ids := self._conversations(least, size):
            self._check_conversations(ids)
            least = ids[-1]

    def _names(self, after: str, size: int) -> dict[str, int]:
        names = ConversationName.objects.filter(name__gt=after)
        if self.conversation is not None:
            names = names.filter(conversation=self.conversation)
        return dict(names.order_by("name").values_list("name", "conversation")[:size])

    def _conversations(self, after: int, size: int) -> list[int]:
        conversations = Conversation.objects.filter(pk__gt=after)
        if self.conversation is not None:
            conversations = conversations.filter(pk=self.conversation)
        return list(conversations.order_by("pk").values_list("pk", flat=True)[:size])

    def _check_names(self, names: dict[str, int]) -> None:
        """Names that are not those of their conversations; they are given to none any more."""
        wrong = _wrong(names)
        for name in wrong:
            self.found += 1
            self.tell(f"name {name}: conversation {names[name]} is not called so")
        if wrong and self.fix:
            with transaction.atomic():  # locked: it may be called so since
                lock_in_order(Conversation.objects.filter(pk__in={names[name] for name in wrong}))
                still = _wrong({name: names[name] for name in wrong})
                ConversationName.objects.filter(pk__in=still).delete()
            self.fixed += len(wrong)

    def _check_conversations(self, ids: list[int]) -> None:
        """Conversations whose names are missing, or another one's."""
        missing = _missing(ids)
        for name, pk in missing.items():
            self.found += 1
            self.tell(f"conversation {pk}: its name {name} is not in the table of names")
        if missing and self.fix:
            with transaction.atomic():
                still = _missing(
                    lock_in_order(Conversation.objects.filter(pk__in=missing.values()))
                )
                ConversationName.objects.bulk_create(
                    (ConversationName(pk=name, conversation_id=pk)
                     for name, pk in sorted(still.items())),
                    ignore_conflicts=True,
                )  # fmt: skip
            self.fixed += len(missing) - len(_missing(ids))


def _wrong(names: dict[str, int]) -> list[str]:
    called = _called(names.values())
    return [name for name, pk in names.items() if called.get(name) != pk]


def _missing(ids: Iterable[int]) -> dict[str, int]:
    called = _called(ids)
    known = dict(ConversationName.objects.filter(pk__in=called).values_list("name", "conversation"))
    return {name: pk for name, pk in called.items() if known.get(name) != pk}


def _called(ids: Iterable[int]) -> dict[str, int]:
    return names_of(Conversation.objects.filter(pk__in=set(ids)))
