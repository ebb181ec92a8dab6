"""What events are written from, loaded for all listeners at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chat.models import Conversation, ConversationKind, ConversationParticipant, Message
from receipts import services
from receipts.feed.telling import Told
from receipts.gateways.tencent.messages import NumberedRow
from receipts.gateways.tencent.read_times import read_times
from receipts.models import EventKind
from receipts.reads.messages import rows_of
from receipts.reads.numbers import last_numbers, message_numbers
from receipts.services.numbering import MOST_NUMBERED_LIVE


class PushedRow(NumberedRow):
    """A message, with what a push says of its sender and its conversation."""

    sender__avatar_url: str
    conversation__kind: str
    conversation__title: str


class Facts:
    """Messages, numbers and people of some events, in a constant number of statements."""

    def __init__(self, told: Mapping[int, list[Told]]) -> None:
        events = [event for each in told.values() for event in each]
        messages = Message.objects.filter(pk__in={pk for each in events for pk in _named(each)})
        self.rows: dict[int, PushedRow] = {row["id"]: row for row in rows_of(messages, PushedRow)}
        places = {event["conversation"] for event in events}
        self.conversations: dict[int, Conversation] = Conversation.objects.only(
            "kind", "external_id", "title"
        ).in_bulk(places)
        direct = {
            pk for pk, each in self.conversations.items() if each.kind == ConversationKind.DIRECT
        }
        self.numbers = self._numbers(direct)
        own_reads = {
            event["conversation"]
            for event in events
            if event["kind"] == EventKind.CONVERSATION_READ
        }
        self.last = last_numbers(own_reads - direct) if own_reads - direct else {}
        self._people = _people_of(direct) if direct else {}
        receipts = {
            event["conversation"] for event in events if event["kind"] == EventKind.RECEIPT_UPDATED
        }
        self._read = read_times(receipts & direct) if receipts & direct else {}

    def peer(self, conversation: int, user: int) -> str:
        """The username of the other one in a direct conversation."""
        people = self._people.get(conversation, {})
        return next((name for pk, name in people.items() if pk != user), "")

    def read_by_peer(self, conversation: int, user: int) -> int | None:
        """The second up to which the other one has read a direct conversation."""
        people = self._people.get(conversation, {})
        times = (self._read.get((conversation, pk)) for pk in people if pk != user)
        return next((time for time in times if time is not None), None)

    def _numbers(self, direct: set[int]) -> dict[int, int]:
        """The numbers of the groups' messages; the missing ones are written, up to a limit."""
        rows = [row for row in self.rows.values() if row["conversation_id"] not in direct]
        known = {row["id"]: row["numbered__number"] for row in rows}
        found = {pk: number for pk, number in known.items() if number is not None}
        if missing := [row for row in rows if row["id"] not in found]:
            services.number_some({row["conversation_id"] for row in missing}, MOST_NUMBERED_LIVE)
            found |= message_numbers(row["id"] for row in missing)
        return found


def _named(event: Told) -> Iterable[int]:
    """The ids of the messages that an event names."""
    if "message" in event:
        yield event["message"]["id"]
    for summary in event.get("receipts", ()):
        yield summary["message"]
    if first := event.get("first_unread_message"):
        yield first


def _people_of(conversations: Iterable[int]) -> dict[int, dict[int, str]]:
    """The two people of each direct conversation, whether they take part now or not."""
    found: dict[int, dict[int, str]] = {}
    rows: Any = ConversationParticipant.objects.filter(conversation__in=set(conversations))
    for conversation, pk, name in rows.values_list("conversation_id", "user_id", "user__username"):
        found.setdefault(conversation, {})[pk] = name
    return found
