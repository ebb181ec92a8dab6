"""Events of the live feed as entries of queues.

A receipt is told as it stands when it is told: coalesced events hold what the latest counts are.
The number of statements depends on neither the number of events nor of listeners.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from receipts.feed.looking import Listener
from receipts.feed.telling import Told
from receipts.gateways.agora.entries import group_read_entry, message_entry, receipt_entry
from receipts.gateways.agora.frames import GROUP_DOMAIN, BodyType, Queue
from receipts.gateways.agora.known import Known, states_of
from receipts.gateways.sockets.vendor import Push, change_count
from receipts.models import EventKind
from receipts.rules.status import State


def queued(
    told: Mapping[int, list[Told]], listeners: Mapping[int, Listener]
) -> dict[int, list[Push]]:
    """What each listener's clients are sent, by user id."""
    known = Known(told, listeners)
    return {
        pk: [push for event in events for push in _pushes(event, listeners[pk], known)]
        for pk, events in told.items()
    }


def _pushes(event: Told, listener: Listener, known: Known) -> Iterator[Push]:
    queue = known.queue(event, listener)
    if queue is None:
        return
    if event["kind"] == EventKind.MESSAGE_CREATED:
        message = event["message"]
        # A deleted message has no text, and these SDKs have no system lines.
        if message["deleted_at"] is None and message["kind"] == "message":
            yield Push(_message(queue, message, listener))
    elif event["kind"] == EventKind.RECEIPT_UPDATED:
        if queue.domain == GROUP_DOMAIN:
            yield from _group_reads(event, queue, listener, known)
        else:
            yield from _receipts(event, queue, listener, known)


def _message(queue: Queue, message: Any, listener: Listener) -> Any:
    own = message["sender"] == listener.username
    to = queue.name if own or queue.domain == GROUP_DOMAIN else listener.username
    return message_entry(queue, message, sender=message["sender"], to=to, own=own)


def _receipts(event: Told, queue: Queue, listener: Listener, known: Known) -> Iterator[Push]:
    """What the other person has got, what they have read, and whether that is everything."""
    states = states_of(event)
    who: dict[str, Any] = {"reader": queue.name, "to": listener.username, "at": event["at"]}
    for summary in known.summaries(event, listener):
        pk = summary["message"]
        if State.DELIVERED in states and summary["delivered_count"]:
            entry = receipt_entry(queue, BodyType.DELIVERED, message=pk, **who)
            yield Push(entry, about=(BodyType.DELIVERED, pk))
        if State.READ in states and summary["read_count"]:
            entry = receipt_entry(queue, BodyType.READ, message=pk, **who)
            yield Push(entry, about=(BodyType.READ, pk))
    if State.READ in states and known.has_read_all(event, listener):
        entry = receipt_entry(queue, BodyType.CONVERSATION_READ, **who)
        yield Push(entry, about=(BodyType.CONVERSATION_READ, event["conversation"]))


def _group_reads(event: Told, queue: Queue, listener: Listener, known: Known) -> Iterator[Push]:
    """For each message its count with the latest reader, and each answer of a reader."""
    if State.READ not in states_of(event):
        return
    for summary in known.summaries(event, listener):
        pk, count = summary["message"], summary["read_count"]
        reads = known.reads_of(pk, event) if count else []
        for number, read in enumerate(reads, start=1):
            if read["content"] is None and number < len(reads):
                continue
            entry = group_read_entry(
                queue,
                reader=read["recipient__username"],
                at=read["read_at"],
                message=pk,
                count=count,
                content=read["content"],
            )
            # An answer is replaced by no other reader.
            about = read["recipient__username"] if read["content"] is not None else None
            yield Push(entry, (BodyType.READ, pk, about), 1 if about else change_count(event))
