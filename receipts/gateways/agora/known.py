"""What events leave out and the SDKs need: kinds of conversations, peers, readers, older messages.

Loaded for all events of all listeners at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Subquery

from chat.models import (
    Conversation,
    ConversationKind,
    ConversationParticipant,
    Message,
    Tracking,
    User,
    look_up_moderators,
)
from receipts.feed.looking import Listener
from receipts.feed.telling import Told
from receipts.gateways.agora.frames import GROUP_DOMAIN, Queue
from receipts.gateways.frame import conversation_name
from receipts.models import EventKind, MessageStatus
from receipts.reads.answers import summary_for
from receipts.reads.messages import message_rows
from receipts.rules.rows import SummaryAnswer
from receipts.rules.status import State
from receipts.sql.keyset import NEWEST_FIRST

#: Messages of an event that names only its newest ones: at most this many of all events.
MOST_OLDER = 2_000
#: Whether a person has read everything is looked up in the other's newest messages; of earlier ones
#: the watermark has to say so.
NEWEST = 50

#: A listener and a conversation.
_Place = tuple[int, int]


class Known:
    """The facts about some events."""

    def __init__(self, told: Mapping[int, list[Told]], listeners: Mapping[int, Listener]) -> None:
        events = [(pk, event) for pk, each in told.items() for event in each]
        self.kinds, self.peers = _conversations({event["conversation"] for _, event in events})
        receipts = [(pk, each) for pk, each in events if each["kind"] == EventKind.RECEIPT_UPDATED]
        self.older = _older([(pk, event) for pk, event in receipts if not event["complete"]])
        reads = [(pk, event) for pk, event in receipts if State.READ in states_of(event)]
        self.read_all = _read_all([place for place in map(_place, reads) if self._is_direct(place)])
        self.reads = _reads(
            (self.summaries(event, listeners[pk]), event)
            for pk, event in reads
            if not self._is_direct((pk, event["conversation"]))
        )

    def queue(self, event: Told, listener: Listener) -> Queue | None:
        """The queue that an event is for; None where there is no such conversation any more."""
        pk = event["conversation"]
        if pk not in self.kinds:
            return None
        if self.kinds[pk] == ConversationKind.GROUP:
            return Queue(conversation_name(event["conversation_external_id"], pk), GROUP_DOMAIN)
        names = (name for user, name in self.peers.get(pk, ()) if user != listener.pk)
        peer = next(names, None)
        return None if peer is None else Queue(peer)

    def summaries(self, event: Told, listener: Listener) -> list[SummaryAnswer]:
        """The receipts of an event's messages, those that it only counts included."""
        named = {each["message"] for each in event["receipts"]}
        older = self.older.get((listener.pk, event["conversation"]), [])
        return [
            *(each for each in older if each["message"] not in named),
            *reversed(event["receipts"]),
        ]

    def has_read_all(self, event: Told, listener: Listener) -> bool:
        """Whether the other person has openly read all that the listener has sent."""
        return (listener.pk, event["conversation"]) in self.read_all

    def reads_of(self, message: int, event: Told) -> list[Any]:
        """The reads of a group's message by those whom the event names, the latest last."""
        users = {mark["user"] for mark in event["marks"]}
        found = self.reads.get(message, [])
        return [read for read in found if read["recipient__username"] in users]

    def _is_direct(self, place: _Place) -> bool:
        return self.kinds.get(place[1]) == ConversationKind.DIRECT


def states_of(event: Told) -> set[str]:
    """The states that an event's marks tell."""
    return {mark["state"] for mark in event["marks"]}


def _place(told: tuple[int, Told]) -> _Place:
    return told[0], told[1]["conversation"]


def _conversations(ids: set[int]) -> tuple[dict[int, str], dict[int, list[tuple[int, str]]]]:
    """The kinds of conversations; of direct ones the two people, each as id and username."""
    kinds = dict(Conversation.objects.filter(pk__in=ids).values_list("pk", "kind"))
    direct = [pk for pk, kind in kinds.items() if kind == ConversationKind.DIRECT]
    peers: dict[int, list[tuple[int, str]]] = {}
    if direct:
        people = ConversationParticipant.objects.filter(conversation__in=direct)
        for pk, user, name in people.values_list("conversation_id", "user_id", "user__username"):
            peers.setdefault(pk, []).append((user, name))
    return kinds, peers


def _older(told: list[tuple[int, Told]]) -> dict[_Place, list[SummaryAnswer]]:
    """The receipts of all messages between the first and the last of each event's marks."""
    if not told:
        return {}
    users = User.objects.in_bulk({pk for pk, _ in told})
    look_up_moderators(users.values())
    times = _times(told)
    asked = Q(pk=None)
    for pk, event in told:
        sent = [times[each] for each in _ends(event) if each in times]
        if sent:
            asked |= Q(
                conversation=event["conversation"], sender=pk, created_at__gte=min(sent),
                created_at__lte=max(sent),
            )  # fmt: skip
    rows = message_rows(Message.objects.filter(asked, tracking=Tracking.TRACKED, deleted_at=None))
    found: dict[_Place, list[SummaryAnswer]] = {}
    for row in reversed(NEWEST_FIRST.sorted(rows)[:MOST_OLDER]):
        user = users[row["sender_id"]]
        found.setdefault((user.pk, row["conversation_id"]), []).append(summary_for(row, user))
    return found


def _times(told: Iterable[tuple[int, Told]]) -> dict[int, datetime]:
    ids = {pk for _, event in told for pk in _ends(event)}
    return dict(Message.objects.filter(pk__in=ids).values_list("pk", "created_at"))


def _ends(event: Told) -> Iterator[int]:
    for mark in event["marks"]:
        yield mark["first_message"]
        yield mark["last_message"]


def _reads(told: Iterable[tuple[list[SummaryAnswer], Told]]) -> dict[int, list[Any]]:
    """The open reads of these messages by those whom the events name, the latest last."""
    messages, users = set[int](), set[str]()
    for summaries, event in told:
        messages |= {each["message"] for each in summaries if each["read_count"]}
        users |= {mark["user"] for mark in event["marks"] if mark["state"] == State.READ}
    found: dict[int, list[Any]] = {}
    if messages:
        rows = MessageStatus.objects.filter(
            message__in=messages, recipient__username__in=users, read_at__isnull=False
        ).order_by("read_at", "recipient_id")
        for row in rows.values("message_id", "recipient__username", "read_at", "content"):
            found.setdefault(row["message_id"], []).append(row)
    return found


def _read_all(places: list[_Place]) -> set[_Place]:
    """The places where the other person has openly read all that the user sent there."""
    if not places:
        return set()
    mine = Message.objects.filter(
        conversation=OuterRef("conversation"), sender=OuterRef("user"), tracking=Tracking.TRACKED
    )
    newest = Message.objects.filter(
        conversation=OuterRef(OuterRef("conversation")), sender=OuterRef(OuterRef("user")),
        tracking=Tracking.TRACKED,
    )  # fmt: skip
    unread = Message.objects.filter(
        conversation=OuterRef("conversation"),
        pk__in=NEWEST_FIRST.sorted(newest).values("pk")[:NEWEST], read_count=0, deleted_at=None,
        recipient_count__gt=0,
    )  # fmt: skip
    other = ConversationParticipant.objects.filter(
        ~Q(user=OuterRef("user")), conversation=OuterRef("conversation"), held_back=False
    )
    found = (
        ConversationParticipant.objects.filter(
            conversation__in={place[1] for place in places}, user__in={place[0] for place in places}
        )
        .annotate(
            has_unread=Exists(unread),
            earlier=Subquery(NEWEST_FIRST.sorted(mine).values("created_at")[NEWEST : NEWEST + 1]),
            covered=Subquery(other.values("last_read_message__created_at")[:1]),
        )
        .filter(Q(earlier=None) | Q(covered__gte=F("earlier")), has_unread=False)
    )
    return set(found.values_list("user_id", "conversation_id"))
