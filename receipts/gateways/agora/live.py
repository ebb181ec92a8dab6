"""The live half of Agora's and Easemob's web clients: protobuf in binary WebSocket messages.

What waits in a queue is pushed without a notice, and comes again after a reconnect until the client
has confirmed it. How far a device has confirmed is its position in the live feed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import orjson
from django.utils import timezone

from receipts.feed.looking import Listener
from receipts.feed.positions import Position
from receipts.feed.telling import Told
from receipts.gateways.agora import frames
from receipts.gateways.agora.entries import STATISTICS_QUEUE, Entry, GroupCount, statistic
from receipts.gateways.agora.frames import FrameType, Namespace, Queue, parsed
from receipts.gateways.agora.outstanding import Outstanding
from receipts.gateways.agora.pushes import queued
from receipts.gateways.agora.requests import HANDLERS
from receipts.gateways.agora.statuses import WRONG_TOKEN, status_code_of
from receipts.gateways.agora.waiting import waiting_for
from receipts.gateways.agora.wire.msync_pb2 import Body, Envelope, Meta, Provision, SyncUp
from receipts.gateways.sockets.calls import CallRefused
from receipts.gateways.sockets.vendor import Garbled, Push, Session, SessionSocket, Vendor

#: What stands before a token on the wire.
_TOKEN_PREFIX = "$t$"  # noqa: S105
#: Messages that wait for a new device, of one frame: they may be long.
MOST_WAITING_AT_ONCE = 20
#: Entries of one frame.
MOST_ENTRIES_AT_ONCE = 100


class AgoraSession(Session):
    """One client, from its login on."""

    __slots__ = ("outstanding",)

    def __init__(self, socket: SessionSocket) -> None:
        super().__init__(socket)
        self.outstanding = Outstanding()

    async def received(self, data: bytes) -> None:
        envelope = parsed(Envelope, data)
        if any(envelope.compress):
            raise Garbled("Compressed.")
        if envelope.command == FrameType.PROVISION:
            await self._log_in(envelope)
        elif self.socket.device is None:
            raise Garbled("Not logged in.")
        elif envelope.command == FrameType.LOGOUT:
            self.socket.close()
        elif self._start():
            if envelope.command == FrameType.UNREAD:
                self._heartbeat()
            elif envelope.command == FrameType.SYNC:
                await self._sync(parsed(SyncUp, envelope.payload))

    def push(self, pushes: list[Push], position: Position | None) -> None:
        entries = [each.data for each in pushes if not self._is_own(each.data)]
        if self.socket.task is not None:
            entries = _with_statistic(entries)
        by_queue: dict[Queue, list[bytes]] = {}
        for entry in entries:
            by_queue.setdefault(entry.queue, []).append(entry.meta)
        self.socket.send(
            *(
                frames.queue_page(queue, part, self.outstanding.next_key(queue))
                for queue, metas in by_queue.items()
                for part in _parts(metas)
            )
        )
        if position is not None:
            self.socket.confirm(self.outstanding.reached(position))

    # --- Logging in

    async def _log_in(self, envelope: Envelope) -> None:
        if self.socket.device is not None:
            raise Garbled("Logged in already.")
        asked = parsed(Provision, envelope.payload)
        token = envelope.auth or _token_in(asked.auth_token)
        try:
            user = await self.socket.login(token.removeprefix(_TOKEN_PREFIX), asked.resource)
        except CallRefused as error:
            if error.refusal.status == 401:
                self._refuse_login(error.refusal.code == "token_expired")
            self.socket.close()  # else it tries again
            return
        # The token says who it is. Clients write names in small letters.
        if envelope.who.name.lower() != user.username.lower():
            self._refuse_login(False)
            self.socket.close()
            return
        expires = time.time() + self.socket.ends_at - time.monotonic()
        told = orjson.dumps({"expires_in": int(expires * 1000)}).decode()
        self.socket.send(frames.provisioned(asked.resource, told))

    def _refuse_login(self, is_expired: bool) -> None:
        code = frames.Code.TOKEN_EXPIRED if is_expired else frames.Code.FAILED
        self.socket.send(frames.not_provisioned(code, WRONG_TOKEN))

    def _start(self) -> bool:
        """Push from now on: a client takes nothing in before its first request."""
        try:
            self.socket.start(since=self._beginning)
        except CallRefused:
            self.socket.close()
            return False
        return True

    async def _beginning(self) -> Position:
        """Push what waits for a new device, and return where it continues after that."""
        position = self.socket.position
        if self.socket.is_new:
            waiting = await self.socket.call(waiting_for, position)
            for start in range(0, len(waiting), MOST_WAITING_AT_ONCE):
                self.push(waiting[start : start + MOST_WAITING_AT_ONCE], None)
                await self.socket.written()
            self.push([], position)
        return position

    # --- What clients ask for

    def _heartbeat(self) -> None:
        if not self.outstanding:
            self.socket.confirm(self.socket.reached.quiet)
        self.socket.send(frames.nothing_unread())

    async def _sync(self, up: SyncUp) -> None:
        if not up.HasField("meta"):
            queue = Queue(up.queue.name, up.queue.domain)
            self.socket.confirm(self.outstanding.confirm(queue, up.key))
            self.socket.send(frames.last_page(queue.address()))
        elif up.meta.namespace == Namespace.CHAT:
            await self._chat(up.meta)
        elif up.meta.namespace != Namespace.STATISTICS:  # which get no answer
            reason = "Only messages and receipts are served here."
            self.socket.send(frames.refused(up.meta.id, frames.Code.NOT_PERMITTED, reason))

    async def _chat(self, meta: Meta) -> None:
        body = parsed(Body, meta.payload)
        handler = HANDLERS.get(body.type)
        if handler is None:
            reason = f"What has the type {body.type} is not served here."
            self.socket.send(frames.refused(meta.id, frames.Code.NOT_PERMITTED, reason))
            return
        try:
            number = await self.socket.call(
                handler, meta, body, f"{self._own_prefix}{meta.id}", writes=True
            )
        except CallRefused as error:
            refusal = error.refusal
            self.socket.send(frames.refused(meta.id, status_code_of(refusal), refusal.text))
        else:
            self.socket.send(frames.accepted(meta.id, number))

    @property
    def _own_prefix(self) -> str:
        """What the ``client_id`` of a message from this device begins with."""
        return f"msync:{self.socket.device.name if self.socket.device else ''}:"

    def _is_own(self, entry: Entry) -> bool:
        return entry.client_id is not None and entry.client_id.startswith(self._own_prefix)


class AgoraVendor(Vendor):
    """The protocol that the vendors call MSYNC."""

    name = "agora"
    confirms = True
    greets = True
    # They are heard every 30 to 60 seconds.
    idle_seconds = 120

    def session(self, socket: SessionSocket) -> AgoraSession:
        return AgoraSession(socket)

    def encode(
        self,
        told: Mapping[int, list[Told]],
        listeners: Mapping[int, Listener],
        position: Position,
    ) -> Mapping[int, list[Push]]:
        return queued(told, listeners)


VENDOR = AgoraVendor()


def _token_in(auth: str) -> str:
    """The token in the JSON of a login; empty if there is none."""
    try:
        said = orjson.loads(auth)
    except orjson.JSONDecodeError:
        return ""
    token = said.get("token") if isinstance(said, dict) else None
    return token if isinstance(token, str) else ""


def _parts(metas: list[bytes]) -> list[list[bytes]]:
    count = MOST_ENTRIES_AT_ONCE
    return [metas[start : start + count] for start in range(0, len(metas), count)]


def _with_statistic(entries: list[Entry]) -> list[Entry]:
    """The counts of groups' messages in one entry, in place of a receipt without an answer."""
    counts: dict[int, GroupCount] = {}
    for entry in entries:
        if entry.count is not None:
            counts[entry.count.message] = entry.count
    if not counts:
        return entries
    told = Entry(STATISTICS_QUEUE, statistic(list(counts.values()), timezone.now()))
    return [*(entry for entry in entries if not entry.passes), told]
