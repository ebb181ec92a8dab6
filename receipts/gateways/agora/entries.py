"""Entries of queues: messages and receipts as the SDKs are told them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson

from receipts.gateways.agora.frames import (
    GROUP_DOMAIN,
    PERSON_DOMAIN,
    BodyType,
    Namespace,
    Queue,
)
from receipts.gateways.agora.wire.msync_pb2 import (
    Address,
    Body,
    Config,
    Content,
    Meta,
    Pair,
    Statistics,
)
from receipts.gateways.unixtime import milliseconds

#: Type of an extra attribute whose text is JSON.
_JSON_TEXT = 8
#: Receipts get ids of their own, above those of messages (``chat.ids.MAX_ID``).
_RECEIPTS_FROM = 2**63
#: Where statistics come from: nobody's queue.
STATISTICS_QUEUE = Queue("")


@dataclass(frozen=True, slots=True)
class GroupCount:
    """How many have read a group's message."""

    group: str
    message: int
    count: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a listener's queue."""

    queue: Queue
    meta: bytes
    #: Of a message: the ``client_id`` that its sender's device gave it, where the listener sent it.
    client_id: str | None = None
    #: Of a group's receipt: who was away is told this as well.
    count: GroupCount | None = None
    #: Whether it is told only to those who were there: a receipt that says nothing but its count.
    passes: bool = False


def message_entry(queue: Queue, message: Any, *, sender: str, to: str, own: bool) -> Entry:
    """A message; ``message`` as the native API shows it to the listener."""
    is_group = queue.domain == GROUP_DOMAIN
    body = Body(
        type=BodyType.GROUP if is_group else BodyType.CHAT,
        sender=_person(sender),
        to=_at(to, queue.domain),
        contents=[Content(type=0, text=message["body"])],
        # Whose reads are receipts: a client is to send one, and its user sees that one is due.
        config=Config(allow_group_ack=True) if is_group and message["tracked"] else None,
    )
    meta = _meta(message["id"], sender, _at(to, queue.domain), message["created_at"], body)
    return Entry(queue, meta, client_id=message["client_id"] if own else None)


def receipt_entry(
    queue: Queue, kind: BodyType, *, reader: str, to: str, at: datetime, message: int = 0
) -> Entry:
    """The other person has got or read a message, or everything."""
    body = Body(type=kind, sender=_person(reader), to=_person(to), message_id=message or None)
    number = _receipt_id(kind, message, reader, milliseconds(at))
    return Entry(queue, _meta(number, reader, _person(to), at, body))


def group_read_entry(
    queue: Queue, *, reader: str, at: datetime, message: int, count: int, content: str | None
) -> Entry:
    """A member has read a message of a group, as one of ``count``, and perhaps answered."""
    counts = orjson.dumps({str(message): count}).decode()
    body = Body(
        type=BodyType.READ,
        sender=_person(reader),
        to=_at(queue.name, queue.domain),
        message_id=message,
        ack_content=content,
        ext=[Pair(key="group_read_count", type=_JSON_TEXT, text=counts)],
    )
    number = _receipt_id(BodyType.READ, message, reader, count)
    meta = _meta(number, reader, queue.address(), at, body)
    return Entry(queue, meta, count=GroupCount(queue.name, message, count), passes=content is None)


def statistic(counts: list[GroupCount], at: datetime) -> bytes:
    """The counts of a group's messages that changed while their sender was away."""
    acks = [
        {"group_id": each.group, "msg_id": str(each.message), "read_count": each.count}
        for each in counts
    ]
    said = Statistics(operation=0, location=orjson.dumps({"group_ack": acks}).decode())
    return Meta(
        id=_receipt_id(*(f"{each.message} {each.count}" for each in counts)),
        timestamp=milliseconds(at),
        namespace=Namespace.STATISTICS,
        payload=said.SerializeToString(),
    ).SerializeToString()


def _meta(number: int, sender: str, to: Address, at: datetime, body: Body) -> bytes:
    return Meta(
        id=number,
        sender=_person(sender),
        to=to,
        timestamp=milliseconds(at),
        namespace=Namespace.CHAT,
        payload=body.SerializeToString(),
    ).SerializeToString()


def _person(name: str) -> Address:
    return _at(name, PERSON_DOMAIN)


def _at(name: str, domain: str) -> Address:
    return Address(name=name, domain=domain)


def _receipt_id(*what: object) -> int:
    """The same for the same receipt, however often it is told."""
    digest = blake2b(repr(what).encode(), digest_size=8).digest()
    return _RECEIPTS_FROM | int.from_bytes(digest) >> 1
