"""Coalesces events for each listener: one group per conversation and kind.

A thousand recipients who read one message, or one who reads a thousand, are one group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chat.models import User
from receipts.feed.event import FeedEvent
from receipts.models import EventKind
from receipts.rules.privacy import Shown, shown_to
from receipts.rules.status import State

#: A listener's user id, and an event for that listener.
Heard = tuple[int, FeedEvent]


@dataclass
class CoalescedMark:
    """One user's marks of one state on one sender's messages in a conversation.

    Failures with different reasons are different marks.
    """

    actor_id: int | None
    state: str
    #: Why they failed.
    reason: str | None
    #: The latest time of the marks, which their makers may have given.
    at: datetime
    count: int = 0
    #: The first message of each event and its newest ones: among them are the first and the last.
    messages: set[int] = field(default_factory=set)


@dataclass
class Group:
    """The events of one kind in one conversation, for one listener."""

    listener: User
    kind: str
    #: Whose receipts, or whose reads; None for events that go to all participants.
    audience_id: int | None
    conversation_id: int
    at: datetime
    #: Of a deleted conversation: the one that it had.
    external_id: str | None = None
    marks: dict[tuple[int | None, str, str | None], CoalescedMark] = field(default_factory=dict)
    messages: set[int] = field(default_factory=set)
    #: Whether ``messages`` holds every message that changed.
    complete: bool = True

    def add(self, event: FeedEvent, state: str | None) -> None:
        """Add an event; ``state`` is its receipts' state as shown to the listener."""
        self.at = max(self.at, event.created_at)
        self.messages.update(event.messages)
        self.complete = self.complete and len(event.messages) == event.message_count
        if state is None:
            return
        who, at = (event.actor_id, state, event.reason), event.marked_at or event.created_at
        mark = self.marks.setdefault(who, CoalescedMark(*who, at))
        mark.at = max(mark.at, at)
        mark.count += event.message_count
        mark.messages.update(event.messages)
        if event.first_message is not None:
            mark.messages.add(event.first_message)

    @property
    def known(self) -> set[int]:
        """All messages that the events name."""
        return self.messages.union(*(mark.messages for mark in self.marks.values()))


def coalesced(heard: Sequence[Heard], people: Mapping[int, User]) -> list[Group]:
    """The groups, ordered by their first event; none for deactivated accounts."""
    groups: dict[tuple[Any, ...], Group] = {}
    shown = {pk: shown_to(people[pk]) for pk in {pk for pk, _ in heard} if pk in people}
    for listener_id, event in _in_order(heard):
        listener = people.get(listener_id)
        if listener is None or not listener.is_active:
            continue
        state = event.state
        if event.kind == EventKind.RECEIPT_UPDATED:
            state = _shown(event, shown[listener_id])
            if state is None:
                continue
        # Events of messages are published one by one, receipts and reads once per conversation.
        what = event.id if event.audience_id is None else event.audience_id
        key = (listener_id, event.kind, event.conversation_id, what)
        if key not in groups:
            groups[key] = Group(
                listener, event.kind, event.audience_id, event.conversation_id, event.created_at,
                event.external_id,
            )  # fmt: skip
        groups[key].add(event, state)
    return list(groups.values())


def _in_order(heard: Sequence[Heard]) -> Sequence[Heard]:
    """The events of each conversation in their order, also where it was moved to another node.

    Events come node by node. So those of a conversation that lay on several are sorted by the time
    of the first one there: a move takes longer than clocks differ.
    """
    if len({event.node for _, event in heard}) <= 1:
        return heard
    began: dict[tuple[int, int], datetime] = {}
    for _, event in heard:
        place = event.conversation_id, event.node
        began[place] = min(began.get(place, event.created_at), event.created_at)
    if len({conversation for conversation, _ in began}) == len(began):
        return heard
    return sorted(heard, key=lambda each: began[each[1].conversation_id, each[1].node])


def _shown(event: FeedEvent, shown: Shown) -> str | None:
    """The state as it is shown (rule 14): a hidden read becomes its delivery; None for nothing."""
    state = event.state
    if not shown.reads and state in (State.READ, State.DELIVERED):
        state = State.DELIVERED.value if event.is_delivery else None
    return None if state == State.DELIVERED and not shown.deliveries else state
