"""Builds what is published of events: with current summaries, only to permitted listeners.

Data is loaded for all listeners at once, in a number of statements that depends on neither the
number of events nor of users.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chat.models import Conversation, ConversationParticipant, User, look_up_moderators
from receipts.feed.coalescing import CoalescedMark, Group, Heard, coalesced
from receipts.feed.ordering import ToldMessages
from receipts.ledger.announcing import MESSAGES_NAMED
from receipts.models import EventKind
from receipts.reads.answers import message_shape, summary_for
from receipts.reads.threads import threads_of
from receipts.reads.unread import NOTHING_UNREAD, unread_of_pairs
from receipts.rules.disclosure import discloses_receipts

#: At most this many marks of a coalesced event are listed; the rest is counted.
MARKS_NAMED = 20

#: The columns needed of listeners and of users in events.
_KNOWN = (
    "username", "is_active", "is_service", "is_staff", "is_superuser", "read_receipts_enabled",
    "delivery_receipts_enabled",
)  # fmt: skip

Told = dict[str, Any]


def tell(heard: Iterable[Heard]) -> dict[int, list[Told]]:
    """What is published to each listener, by user id, ordered by each group's first event.

    A service account receives all, each with the ``user`` it concerns. Deactivated accounts and
    former participants receive nothing.
    """
    heard = list(heard)
    people = User.objects.only(*_KNOWN).in_bulk(_ids(heard))
    look_up_moderators(people.values())
    groups = coalesced(heard, people)
    facts = _Facts(groups, people)
    told: dict[int, list[Told]] = {}
    for group in groups:
        if (said := facts.say(group)) is not None:
            told.setdefault(group.listener.pk, []).append(said)
    return told


def _ids(heard: list[Heard]) -> set[int]:
    """The ids of all listeners, and of all users in the events."""
    ids: set[int | None] = set()
    for listener_id, event in heard:
        ids |= {listener_id, event.audience_id, event.actor_id}
    return {pk for pk in ids if pk is not None}


class _Facts:
    """Data loaded for all groups at once, and the payloads built from it."""

    def __init__(self, groups: list[Group], people: Mapping[int, User]) -> None:
        self.people = people
        self.messages = ToldMessages(groups)
        self.threads = threads_of(self.messages.rows.values())
        self.taking_part = _memberships(groups)
        self.conversations = _names_of_conversations(groups)
        self.unread = unread_of_pairs(
            {
                (group.listener.pk, group.conversation_id)
                for group in groups
                if group.kind == EventKind.CONVERSATION_READ
            }
        )

    def say(self, group: Group) -> Told | None:
        """The payload for the listener; None if they may no longer see it."""
        place = (group.listener.pk, group.conversation_id)
        # Nobody takes part in a deleted one any more, and it may be gone: its name is in the event.
        is_deleted = group.kind == EventKind.CONVERSATION_DELETED
        may_see = is_deleted or group.listener.sees_everything or place in self.taking_part
        if not may_see:
            return None
        what: Mapping[str, object] | None
        if is_deleted:
            what = {}
        elif group.kind == EventKind.RECEIPT_UPDATED:
            what = self._receipts(group)
        elif group.kind == EventKind.CONVERSATION_READ:
            what = self.unread.get(place, NOTHING_UNREAD)
        else:
            what = self._message(group)
        if what is None:
            return None
        said = {
            "kind": group.kind,
            "conversation": group.conversation_id,
            "conversation_external_id": group.external_id
            if is_deleted
            else self.conversations.get(group.conversation_id),
            "at": group.at,
            **what,
        }
        if group.listener.is_service and group.audience_id is not None:
            said["user"] = self._name(group.audience_id)
        return said

    def _receipts(self, group: Group) -> Told | None:
        rows = (self.messages.rows.get(pk) for pk in self.messages.newest(group))
        summaries = [
            summary_for(row, group.listener)
            for row in rows
            if row is not None and discloses_receipts(row, group.listener)
        ]
        if not summaries:
            return None
        marks = list(group.marks.values())
        return {
            "marks": [self._mark(mark) for mark in marks[:MARKS_NAMED]],
            "marks_left_out": max(0, len(marks) - MARKS_NAMED),
            "receipts": summaries,
            "complete": group.complete and len(group.messages) <= MESSAGES_NAMED,
        }

    def _mark(self, mark: CoalescedMark) -> Told:
        first = min(mark.messages, key=self.messages.position)
        last = max(mark.messages, key=self.messages.position)
        return {
            "user": self._name(mark.actor_id),
            "state": mark.state,
            "at": mark.at,
            "reason": mark.reason,
            "count": mark.count,
            "first_message": first,
            "first_message_external_id": self.messages.names.get(first),
            "last_message": last,
            "last_message_external_id": self.messages.names.get(last),
        }

    def _message(self, group: Group) -> Told | None:
        row = self.messages.rows.get(next(iter(group.messages)))
        return (
            None if row is None else {"message": message_shape(row, group.listener, self.threads)}
        )

    def _name(self, pk: int | None) -> str | None:
        person = self.people.get(pk) if pk is not None else None
        return person.username if person else None


def _names_of_conversations(groups: list[Group]) -> dict[int, str | None]:
    """The external ids of the groups' conversations."""
    found = Conversation.objects.filter(pk__in={group.conversation_id for group in groups})
    return dict(found.values_list("pk", "external_id"))


def _memberships(groups: list[Group]) -> set[tuple[int, int]]:
    """Pairs of listeners and conversations in which they take part."""
    found = ConversationParticipant.objects.filter(
        user__in={group.listener.pk for group in groups},
        conversation__in={group.conversation_id for group in groups},
        is_active=True,
    )
    return set(found.values_list("user_id", "conversation_id"))
