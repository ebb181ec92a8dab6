"""Builds what is published of events: with current summaries, only to permitted listeners.

Data is loaded for all listeners at once, in a number of statements that depends on neither the
number of events nor of users.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection

from chat.models import Conversation, User, look_up_moderators
from chat.sql.compiled import CompiledQuery
from chat.sql.prepared import fetch_prepared
from receipts.feed.coalescing import CoalescedMark, Group, Heard, coalesced
from receipts.feed.ordering import ToldMessages
from receipts.ledger.announcing import MESSAGES_NAMED
from receipts.models import EventKind
from receipts.reads.answers import message_shape, summary_for
from receipts.reads.threads import threads_of
from receipts.reads.unread import NOTHING_UNREAD, unread_of_pairs
from receipts.rules.disclosure import discloses_receipts
from receipts.sql.pairs import PAIRS, pair_params
from receipts.sql.run import id_list

#: At most this many marks of a coalesced event are listed; the rest is counted.
MARKS_NAMED = 20

_NEEDED = {
    "id", "username", "is_active", "is_service", "is_staff", "is_superuser",
    "read_receipts_enabled", "delivery_receipts_enabled",
}  # fmt: skip
#: The columns needed of listeners, in the order in which ``from_db`` takes them.
_KNOWN = [field.attname for field in User._meta.concrete_fields if field.attname in _NEEDED]
_LISTENERS = CompiledQuery(lambda ids: User.objects.filter(pk__among=ids).values(*_KNOWN), ids=list)
_USERNAMES = CompiledQuery(
    lambda ids: User.objects.filter(pk__among=ids).values("id", "username"), ids=list
)
_CONVERSATIONS = CompiledQuery(
    lambda ids: Conversation.objects.filter(pk__among=ids).values("id", "external_id"), ids=list
)
#: Which of some pairs of user and conversation are participants.
_TAKING_PART = """
    SELECT participant.user_id, participant.conversation_id FROM {pairs}
      JOIN chat_conversationparticipant AS participant
        ON participant.user_id = pair.user_id
       AND participant.conversation_id = pair.conversation_id AND participant.is_active"""

Told = dict[str, Any]


def tell(heard: Iterable[Heard]) -> dict[int, list[Told]]:
    """What is published to each listener, by user id, ordered by each group's first event.

    A service account receives all, each with the ``user`` it concerns. Deactivated accounts and
    former participants receive nothing.
    """
    heard = list(heard)
    listeners = _listeners({pk for pk, _ in heard})
    groups = coalesced(heard, listeners)
    facts = _Facts(groups)
    told: dict[int, list[Told]] = {}
    for group in groups:
        if (said := facts.say(group)) is not None:
            told.setdefault(group.listener.pk, []).append(said)
    return told


def _listeners(ids: set[int]) -> dict[int, User]:
    rows = _LISTENERS.rows(ids=id_list(ids))
    found = [User.from_db(DEFAULT_DB_ALIAS, _KNOWN, list(row.values())) for row in rows]
    look_up_moderators(found)
    return {each.pk: each for each in found}


class _Facts:
    """Data loaded for all groups at once, and the payloads built from it."""

    def __init__(self, groups: list[Group]) -> None:
        self.messages = ToldMessages(groups)
        self.usernames = _usernames(groups)
        self.threads = threads_of(self.messages.rows.values())
        self.taking_part = _memberships(groups)
        self.conversations = self._names_of_conversations(groups)
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
        return {
            "marks": [self._mark(mark) for mark in _named(group)],
            "marks_left_out": max(0, len(group.marks) - MARKS_NAMED),
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
        return self.usernames.get(pk) if pk is not None else None

    def _names_of_conversations(self, groups: list[Group]) -> dict[int, str | None]:
        """The external ids of the groups' conversations; messages come with theirs."""
        found = {
            row["conversation_id"]: row["conversation__external_id"]
            for row in self.messages.rows.values()
        }
        if others := {group.conversation_id for group in groups}.difference(found):
            rows = _CONVERSATIONS.rows(ids=id_list(others))
            found |= {row["id"]: row["external_id"] for row in rows}
        return found


def _named(group: Group) -> Iterable[CoalescedMark]:
    """The marks of a group that are listed."""
    return islice(group.marks.values(), MARKS_NAMED)


def _usernames(groups: list[Group]) -> dict[int, str]:
    """The usernames of all users that the groups' payloads name."""
    audiences = {group.audience_id for group in groups if group.listener.is_service}
    named = audiences.union(*({mark.actor_id for mark in _named(group)} for group in groups))
    ids = [pk for pk in named if pk is not None]
    return {row["id"]: row["username"] for row in _USERNAMES.rows(ids=id_list(ids))} if ids else {}


def _memberships(groups: list[Group]) -> set[tuple[int, int]]:
    """Pairs of listeners and conversations in which they take part."""
    pairs = {
        (group.listener.pk, group.conversation_id)
        for group in groups
        if not group.listener.sees_everything
    }
    if not pairs:
        return set()
    sql = _TAKING_PART.format(pairs=PAIRS[connection.vendor])
    return {(user, place) for user, place in fetch_prepared(sql, pair_params(pairs))}
