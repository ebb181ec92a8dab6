"""What the live feed tells, as the SDK's events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from django.utils import timezone

from chat.models import Message, User, look_up_moderators
from receipts.feed.telling import Told
from receipts.gateways.socialplus.packets import publish
from receipts.gateways.socialplus.shapes import FeedMessageRow, content_markers, message_listing
from receipts.gateways.socialplus.topics import markers_topic, messages_topic
from receipts.gateways.sockets.vendor import Push, change_count
from receipts.models import EventKind
from receipts.reads.messages import rows_of

#: The SDK's names of events about messages.
_EVENTS = {
    EventKind.MESSAGE_CREATED: "message.created",
    EventKind.MESSAGE_EDITED: "message.updated",
    EventKind.MESSAGE_DELETED: "message.deleted",
    EventKind.MESSAGE_RESTORED: "message.updated",
}
#: For this many of the messages whose counts change at once, the newest, the message is sent, too:
#: one that is watched alone is not shown anew otherwise. It then asks for its counts once more.
MOST_UPDATED = 5
#: The answer to sending a message arrives within this time.
_JUST_NOW = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class EventPackets:
    """MQTT packets for one listener; ``is_own``: about a message that they have just sent."""

    packets: bytes
    is_own: bool = False


def pushes_of(told: Mapping[int, list[Told]]) -> dict[int, list[Push]]:
    """The pushes for each listener, by user id, in a constant number of statements."""
    facts = _Facts(told)
    return {pk: [push for each in events for push in facts.pushes(pk, each)]
            for pk, events in told.items()}  # fmt: skip


class _Facts:
    """The messages that are told and the users who hear of them, loaded for all at once."""

    def __init__(self, told: Mapping[int, list[Told]]) -> None:
        ids = {pk for events in told.values() for each in events for pk in _messages_of(each)}
        present = Message.objects.filter(pk__in=ids, conversation__deleted_at=None)
        self.rows = {row["id"]: row for row in rows_of(present, FeedMessageRow)} if ids else {}
        self.people = User.objects.in_bulk(list(told)) if ids else {}
        look_up_moderators(self.people.values())
        self.now = timezone.now()

    def pushes(self, pk: int, event: Told) -> Iterator[Push]:
        """What one event is for one listener."""
        user = self.people.get(pk)
        rows = [self.rows[number] for number in _messages_of(event) if number in self.rows]
        if user is None or not rows:
            return
        if event["kind"] == EventKind.RECEIPT_UPDATED:
            yield from self._counts(rows, user, change_count(event) // len(rows))
        else:
            yield Push(self._message(_EVENTS[event["kind"]], rows[0], user))

    def _counts(self, rows: list[FeedMessageRow], user: User, changes: int) -> Iterator[Push]:
        """A push for each message, since the SDK hears of the first of an event alone."""
        for number, row in enumerate(rows):
            if markers := content_markers([row], user):
                frames = _marked(markers, user)
                if number < MOST_UPDATED:
                    frames = self._message("message.updated", row, user).packets + frames
                yield Push(EventPackets(frames), about=row["id"], changes=max(1, changes))

    def _message(self, name: str, row: FeedMessageRow, user: User) -> EventPackets:
        is_new = name == "message.created" and self.now - row["created_at"] < _JUST_NOW
        packet = _packet(messages_topic(user.pk), name, message_listing([row], user))
        return EventPackets(packet, is_own=is_new and row["sender_id"] == user.pk)


def _messages_of(event: Told) -> list[int]:
    """The ids of the messages that an event is about, newest first."""
    if event["kind"] == EventKind.RECEIPT_UPDATED:
        return [summary["message"] for summary in event["receipts"]]
    return [event["message"]["id"]] if event["kind"] in _EVENTS else []


def _marked(markers: list[dict[str, Any]], user: User) -> bytes:
    """The counts of one message.

    Without ``feedMarkers``: where they are, the SDK raises the counts of all messages that it shows
    of the feed to those of the first marker.
    """
    lists = {"contentMarkers": markers, "feedMarkers": [], "userFeedMarkers": [], "userMarkers": []}
    return _packet(markers_topic(user.pk), "marker.marked-message", lists)


def _packet(topic: str, name: str, data: dict[str, Any]) -> bytes:
    return publish(topic, orjson.dumps({"eventType": name, "data": data}, option=_UTC))


_UTC = orjson.OPT_UTC_Z
