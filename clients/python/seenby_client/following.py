"""Events as they happen, without a gap: the stream is opened again where it broke off."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
from httpx_sse import ServerSentEvent, connect_sse

from .calling import Refused, refusal
from .generated.client import AuthenticatedClient
from .generated.models.conversation_deleted_event import ConversationDeletedEvent
from .generated.models.conversation_read_event import ConversationReadEvent
from .generated.models.error import Error
from .generated.models.message_created_event import MessageCreatedEvent
from .generated.models.message_deleted_event import MessageDeletedEvent
from .generated.models.message_edited_event import MessageEditedEvent
from .generated.models.message_restored_event import MessageRestoredEvent
from .generated.models.receipt_updated_event import ReceiptUpdatedEvent

logger = logging.getLogger("seenby_client")

Event = (
    ReceiptUpdatedEvent
    | ConversationReadEvent
    | MessageCreatedEvent
    | MessageEditedEvent
    | MessageDeletedEvent
    | MessageRestoredEvent
    | ConversationDeletedEvent
)
_KINDS: dict[str, Any] = {
    "receipt.updated": ReceiptUpdatedEvent,
    "conversation.read": ConversationReadEvent,
    "message.created": MessageCreatedEvent,
    "message.edited": MessageEditedEvent,
    "message.deleted": MessageDeletedEvent,
    "message.restored": MessageRestoredEvent,
    "conversation.deleted": ConversationDeletedEvent,
}
#: Seconds without a byte, after which a stream is dead: the server sends something every 20.
SILENCE = 60.0
#: Seconds between two tries: the first, and the most.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
#: Refusals that pass.
_PASSING = frozenset({429, 502, 503, 504})


class CursorExpired(Refused):
    """Events after the cursor are no longer kept: reload your data, then follow from now on."""


def events(
    client: AuthenticatedClient,
    after: str | None = None,
    *,
    remember: Callable[[str], None] = lambda cursor: None,
) -> Iterator[Event]:
    """The caller's events, for ever, in order; each at least once.

    ``after`` is a cursor; without one it begins with what happens from now on. When your code asks
    for the next event, it is done with those before: ``remember`` is then called with the cursor
    after them. Store it, and pass it as ``after`` when your program starts again. When the
    connection is lost, or the server is away, it is tried again until it is back.

    Raises ``CursorExpired``, and ``Refused`` for what waiting does not mend, such as a token that
    has expired. Kinds of events that this version does not know are left out.
    """
    cursor, pause = after, FIRST_PAUSE
    while True:
        try:
            for sent in _stream(client, cursor):
                pause = FIRST_PAUSE
                if sent.data and (event := _event(sent.data)) is not None:
                    yield event
                if sent.id and sent.id != cursor:
                    cursor = sent.id
                    remember(cursor)
        except httpx.TransportError as error:
            logger.info("The stream of events broke off: %s", error)
        except Refused as refused:
            if refused.status not in _PASSING:
                raise
            pause = max(pause, refused.retry_after or 0)
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _stream(client: AuthenticatedClient, cursor: str | None) -> Iterator[ServerSentEvent]:
    """One connection, until the server ends it. Raises ``Refused``, ``httpx.TransportError``."""
    headers = {} if cursor is None else {"Last-Event-ID": cursor}
    timeout = httpx.Timeout(10.0, read=SILENCE)
    with connect_sse(
        client.get_httpx_client(), "GET", "/api/v1/events/", headers=headers, timeout=timeout
    ) as source:
        if source.response.status_code != 200:
            raise _refused(source.response)
        yield from source.iter_sse()


def _refused(response: httpx.Response) -> Refused:
    try:
        answer: object = Error.from_dict(json.loads(response.read()))
    except (ValueError, KeyError, TypeError):
        answer = None
    refused = refusal(response.status_code, answer, response.headers.get("Retry-After"))
    if refused.code == "cursor_expired":
        return CursorExpired(
            refused.status, refused.code, refused.detail, refused.errors, refused.retry_after
        )
    return refused


def _event(data: str) -> Event | None:
    content = json.loads(data)
    kind = _KINDS.get(content["kind"])
    event: Event | None = None if kind is None else kind.from_dict(content)
    return event
