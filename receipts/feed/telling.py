"""What is said of events: with the summaries of this moment, and only to those it is for.

Everything is looked up for all who are told at once, in a number of statements that depends on
neither events nor people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chat.models import ConversationParticipant, Message, User, look_up_moderators
from receipts.feed.coalescing import Group, Heard, Marked, coalesced
from receipts.ledger.announcing import MESSAGES_NAMED
from receipts.models import EventKind
from receipts.reads.answers import message_shape, summary_for
from receipts.reads.selectors import message_rows, unread_of_pairs
from receipts.rules.disclosure import discloses_receipts
from receipts.rules.rows import MessageRow

#: So many marks of a coalesced event are told one by one; of the rest the number.
MARKS_NAMED = 20

#: What has to be known of a person to tell them, or of them.
_KNOWN = (
    "username", "is_active", "is_service", "is_staff", "is_superuser", "read_receipts_enabled",
)  # fmt: skip

Told = dict[str, Any]


def tell(heard: Iterable[Heard]) -> dict[int, list[Told]]:
    """What each listener is told of the events they hear of, in the order in which things began.

    A service account hears of all, each with the ``user`` it concerns. Whose account is off, or
    who takes no part any more, is told nothing.
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
    """Everybody who is told or told of."""
    ids: set[int | None] = set()
    for listener_id, event in heard:
        ids |= {listener_id, event.audience_id, event.actor_id}
    return {pk for pk in ids if pk is not None}


class _Facts:
    """What is looked up for all groups at once, and what is said with it."""

    def __init__(self, groups: list[Group], people: Mapping[int, User]) -> None:
        self.people = people
        ids = {pk for group in groups for pk in group.newest}
        rows = message_rows(Message.objects.filter(pk__in=ids)) if ids else ()
        self.messages: dict[int, MessageRow] = {row["id"]: row for row in rows}
        self.taking_part = _memberships(groups)
        self.unread = unread_of_pairs(
            {
                (group.listener.pk, group.conversation_id)
                for group in groups
                if group.kind == EventKind.CONVERSATION_READ
            }
        )

    def say(self, group: Group) -> Told | None:
        """What the listener is told; nothing, where it is not theirs to know any more."""
        place = (group.listener.pk, group.conversation_id)
        if not group.listener.sees_everything and place not in self.taking_part:
            return None
        what: Mapping[str, object] | None
        if group.kind == EventKind.RECEIPT_UPDATED:
            what = self._receipts(group)
        elif group.kind == EventKind.CONVERSATION_READ:
            what = self.unread.get(place, {"unread_count": 0, "first_unread_message": None})
        else:
            what = self._message(group)
        if what is None:
            return None
        said = {"kind": group.kind, "conversation": group.conversation_id, "at": group.at, **what}
        if group.listener.is_service and group.audience_id is not None:
            said["user"] = self._name(group.audience_id)
        return said

    def _receipts(self, group: Group) -> Told | None:
        rows = [self.messages[pk] for pk in group.newest if pk in self.messages]
        summaries = [
            summary_for(row, group.listener)
            for row in rows
            if discloses_receipts(row, group.listener)
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

    def _mark(self, mark: Marked) -> Told:
        return {
            "user": self._name(mark.actor_id),
            "state": mark.state,
            "count": mark.count,
            "first_message": mark.first,
            "last_message": mark.last,
        }

    def _message(self, group: Group) -> Told | None:
        row = self.messages.get(next(iter(group.messages)))
        return None if row is None else {"message": message_shape(row, group.listener)}

    def _name(self, pk: int | None) -> str | None:
        person = self.people.get(pk) if pk is not None else None
        return person.username if person else None


def _memberships(groups: list[Group]) -> set[tuple[int, int]]:
    """Who of the listeners takes part in which of the conversations."""
    found = ConversationParticipant.objects.filter(
        user__in={group.listener.pk for group in groups},
        conversation__in={group.conversation_id for group in groups},
        is_active=True,
    )
    return set(found.values_list("user_id", "conversation_id"))
