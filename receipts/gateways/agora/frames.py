"""Frames in terms of ``wire/msync.proto``: reading what came in, and writing what goes out."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple, TypeVar

from django.utils import timezone
from google.protobuf.message import DecodeError, Message

from receipts.gateways.agora.wire.msync_pb2 import (
    Address,
    Envelope,
    Provision,
    Status,
    SyncDown,
    UnreadDown,
)
from receipts.gateways.sockets.vendor import Garbled
from receipts.gateways.unixtime import milliseconds

Parsed = TypeVar("Parsed", bound=Message)


class FrameType(IntEnum):
    """What a frame is."""

    SYNC = 0
    UNREAD = 1
    PROVISION = 3
    LOGOUT = 4


class Namespace(IntEnum):
    """What a ``Meta`` holds."""

    STATISTICS = 0
    CHAT = 1


class BodyType(IntEnum):
    """What somebody says to somebody."""

    CHAT = 1
    GROUP = 2
    READ = 4
    DELIVERED = 5
    CONVERSATION_READ = 7


class Code(IntEnum):
    """The status codes that the SDKs tell apart; with ``FAILED`` they read the reason."""

    OK = 0
    FAILED = 1
    WRONG_PARAMETER = 4
    TOKEN_EXPIRED = 6
    NOT_PERMITTED = 7
    LIMIT = 14
    MUTED = 15


PERSON_DOMAIN, GROUP_DOMAIN = "easemob.com", "conference.easemob.com"


class Queue(NamedTuple):
    """What a client fetches and confirms together: all from one person, or of one group."""

    name: str
    domain: str = PERSON_DOMAIN

    def address(self) -> Address:
        """The queue's name on the wire."""
        return Address(name=self.name, domain=self.domain)


def parsed(kind: type[Parsed], data: bytes) -> Parsed:
    """A message of the protocol. Raises ``Garbled``."""
    try:
        return kind.FromString(data)
    except DecodeError as error:
        raise Garbled(f"No {kind.__name__}.") from error


def provisioned(resource: str, auth_token: str) -> bytes:
    """The answer to a login."""
    accepted = Provision(status=Status(code=Code.OK), resource=resource, auth_token=auth_token)
    return _enveloped(FrameType.PROVISION, accepted)


def not_provisioned(code: Code, reason: str) -> bytes:
    """The answer to a login that is refused."""
    return _enveloped(FrameType.PROVISION, Provision(status=Status(code=code, reason=reason)))


def nothing_unread() -> bytes:
    """The answer to ``UNREAD``: what waits is sent unasked, so there is nothing to fetch."""
    return _enveloped(FrameType.UNREAD, UnreadDown(status=Status(code=Code.OK), timestamp=_now()))


def accepted(meta_id: int, server_id: int) -> bytes:
    """The answer to something that a client has sent."""
    return _enveloped(
        FrameType.SYNC,
        SyncDown(
            status=Status(code=Code.OK), meta_id=meta_id, server_id=server_id, timestamp=_now()
        ),
    )


def refused(meta_id: int, code: Code, reason: str) -> bytes:
    """The answer to something that a client has sent in vain."""
    status = Status(code=code, reason=reason)
    return _enveloped(FrameType.SYNC, SyncDown(status=status, meta_id=meta_id, timestamp=_now()))


def queue_page(queue: Queue, metas: Sequence[bytes], key: int) -> bytes:
    """Some entries of a queue, which the client confirms by asking for what follows the key."""
    return _enveloped(
        FrameType.SYNC,
        SyncDown(
            status=Status(code=Code.OK), metas=metas, next_key=key, queue=queue.address(),
            timestamp=_now(),
        ),
    )  # fmt: skip


def last_page(queue: Address) -> bytes:
    """Nothing more is in this queue."""
    down = SyncDown(status=Status(code=Code.OK), queue=queue, last=True, timestamp=_now())
    return _enveloped(FrameType.SYNC, down)


def _enveloped(command: FrameType, content: Message) -> bytes:
    envelope = Envelope(version=0, command=command, payload=content.SerializeToString())
    return envelope.SerializeToString()


def _now() -> int:
    return milliseconds(timezone.now())
