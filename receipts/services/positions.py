"""Marks up to a message, or from one on, by username: shared by the API and the gateways."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from django.utils import timezone

from chat.errors import Invalid, NotParticipant
from chat.names import MessageReference
from receipts.reads.positions import own_position
from receipts.rules.privacy import delivers_privately, opens_on_request, reads_privately
from receipts.rules.rows import OwnPosition
from receipts.rules.threads import EVERYTHING, MAIN, MAIN_LINE, MessageLine, ThreadReference
from receipts.services.marking import (
    UpTo,
    bulk_mark_delivered,
    bulk_mark_read,
    bulk_mark_unread,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedUpTo:
    """The result of a mark up to a message, or from one on."""

    recipient_id: int
    conversation_id: int
    conversation_external_id: str | None
    #: The message marked up to or from; None if the conversation has no messages.
    message_id: int | None
    message_external_id: str | None
    #: Which line was marked: ``main``, the root of a thread, or None for everything.
    thread: int | Literal["main"] | None
    #: How many rows are newly marked, or marked unread.
    count: int
    #: The mark's time: the given one, at most now.
    at: datetime


def mark_up_to(
    *,
    conversation_id: int | str,
    username: str,
    up_to: MessageReference | None = None,
    read: bool,
    at: datetime | None = None,
    private: bool | None = None,
    thread: ThreadReference | None = None,
) -> MarkedUpTo:
    """Mark everything up to a message delivered to or read by a participant.

    With ``thread`` only what stands outside threads, or only the replies to one root (rule 30).
    Without a message, up to the newest that was there at the time ``at`` (rule 7). A read is
    private if ``private`` is set or the participant's setting is off; where it is open by request,
    it also discloses earlier private reads (rule 13). The conversation may be given by its external
    id. Raises ``NotParticipant``, or ``Invalid`` for a message that is not in this conversation, or
    not in this line of it.
    """
    found = _position(conversation_id, username, "up_to_message", up_to, at, thread)
    count, line = 0, _line(found, thread)
    if found["up_to"] is not None:
        position = UpTo.of(found, line)
        hides = delivers_privately(found["delivery_receipts_enabled"])
        if read:
            hidden = reads_privately(found["read_receipts_enabled"], private)
            how = {"private": hidden, "explicit": opens_on_request(private, hidden)}
            count = bulk_mark_read(position=position, at=at, hides_delivery=hides, **how)
        else:
            count = bulk_mark_delivered(position=position, at=at, hides_delivery=hides)
    return _marked(found, count, at, line)


def mark_unread_from(
    *,
    conversation_id: int | str,
    username: str,
    message: MessageReference,
    thread: ThreadReference | None = None,
) -> MarkedUpTo:
    """Mark everything from a message on unread (rule 10). Raises as ``mark_up_to``."""
    found = _position(conversation_id, username, "from_message", message, thread=thread)
    line = _line(found, thread)
    count = bulk_mark_unread(
        recipient_id=found["user_id"],
        conversation_id=found["conversation_id"],
        from_message=cast(int, found["up_to"]),
        line=line,
    )
    return _marked(found, count, None, line)


def _line(found: OwnPosition, thread: ThreadReference | None) -> MessageLine:
    if thread is None:
        return EVERYTHING
    return MAIN_LINE if thread == MAIN else MessageLine(root=found["root"])


def _marked(found: OwnPosition, count: int, at: datetime | None, line: MessageLine) -> MarkedUpTo:
    now = timezone.now()
    return MarkedUpTo(
        recipient_id=found["user_id"],
        conversation_id=found["conversation_id"],
        conversation_external_id=found["conversation_external_id"],
        message_id=found["up_to"],
        message_external_id=found["up_to_external_id"],
        thread=MAIN if line.is_main else line.root,
        count=count,
        at=min(at, now) if at else now,
    )


def _position(
    conversation_id: int | str,
    username: str,
    field: str,
    message: MessageReference | None,
    at: datetime | None = None,
    thread: ThreadReference | None = None,
) -> OwnPosition:
    found = own_position(conversation_id, username, up_to=message, at=at, thread=thread)
    if found is None:
        raise NotParticipant
    if thread not in (None, MAIN) and found["root"] is None:
        raise Invalid("thread", "No such message in this conversation, or it is a reply itself.")
    if message is not None:
        if found["up_to"] is None:
            raise Invalid(field, "No such message in this conversation.")
        if message.name not in (None, found["up_to_external_id"]):
            raise Invalid(field, "The message with this id has another external_id.")
        if thread == MAIN and found["up_to_thread"] is not None:
            raise Invalid(field, "This message is a reply: name its thread, or leave thread out.")
        if found["root"] is not None and found["root"] not in (
            found["up_to_thread"],
            found["up_to"],
        ):
            raise Invalid(field, "This message is not in that thread.")
    return found
