"""From events to what one listener hears at once: one group for each conversation and kind.

A thousand recipients who read one message, or one who reads a thousand, are one group.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chat.models import User
from receipts.feed.event import Event
from receipts.ledger.announcing import MESSAGES_NAMED
from receipts.models import EventKind
from receipts.rules.privacy import hides_reads_from
from receipts.rules.status import State

#: An event and who hears of it.
Heard = tuple[int, Event]


@dataclass
class Marked:
    """What one person did to one sender's messages of a conversation."""

    actor_id: int | None
    state: str
    count: int
    first: int
    last: int


@dataclass
class Group:
    """The events of one kind in one conversation, as one listener hears of them."""

    listener: User
    kind: str
    #: Whose receipts, or whose reads; None of what all who take part are told.
    audience_id: int | None
    conversation_id: int
    at: datetime
    marks: dict[tuple[int | None, str], Marked] = field(default_factory=dict)
    messages: set[int] = field(default_factory=set)
    #: Whether ``messages`` are all that changed.
    complete: bool = True

    def add(self, event: Event, state: str | None) -> None:
        """Let one more event into it; ``state`` is that of its receipts as the listener hears."""
        self.at = max(self.at, event.created_at)
        self.messages.update(event.messages)
        self.complete = self.complete and len(event.messages) == event.message_count
        if state is None:
            return
        first, last = event.first_message or 0, max(event.messages)
        mark = self.marks.setdefault(
            (event.actor_id, state), Marked(event.actor_id, state, 0, first, last)
        )
        mark.count += event.message_count
        mark.first, mark.last = min(mark.first, first), max(mark.last, last)

    @property
    def newest(self) -> list[int]:
        """The messages whose summaries are told."""
        return sorted(self.messages, reverse=True)[:MESSAGES_NAMED]


def coalesced(heard: Iterable[Heard], people: Mapping[int, User]) -> list[Group]:
    """The groups, in the order in which they began; none for those whose account is off."""
    groups: dict[tuple[Any, ...], Group] = {}
    for listener_id, event in heard:
        listener = people.get(listener_id)
        if listener is None or not listener.is_active:
            continue
        state = event.state
        if event.kind == EventKind.RECEIPT_UPDATED and hides_reads_from(listener):
            state = _without_reads(event)
            if state is None:
                continue
        # What becomes of messages is told one by one, receipts and reads of a conversation once.
        what = event.id if event.audience_id is None else event.audience_id
        key = (listener_id, event.kind, event.conversation_id, what)
        if key not in groups:
            groups[key] = Group(
                listener, event.kind, event.audience_id, event.conversation_id, event.created_at
            )
        groups[key].add(event, state)
    return list(groups.values())


def _without_reads(event: Event) -> str | None:
    """The state as those hear of it who are told of no reads; None where it is no news (14)."""
    if event.state not in (State.READ, State.DELIVERED):
        return event.state
    return State.DELIVERED.value if event.is_delivery else None
