"""social.plus's live half: MQTT over a WebSocket at ``/mqtt``, as its SDK speaks it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from receipts.feed.looking import Listener
from receipts.feed.positions import Position
from receipts.feed.telling import Told
from receipts.gateways.socialplus import packets
from receipts.gateways.socialplus.base import GATEWAY, renewal_of
from receipts.gateways.socialplus.events import pushes_of
from receipts.gateways.socialplus.packet_reader import PacketReader
from receipts.gateways.socialplus.packets import (
    Connect,
    ConnectCode,
    Disconnect,
    Ping,
    Subscribe,
    Unsubscribe,
)
from receipts.gateways.socialplus.topics import own_topics, visible_topics
from receipts.gateways.sockets.calls import CallRefused
from receipts.gateways.sockets.vendor import Garbled, Push, Session, SessionSocket, Vendor

#: Seconds in which a client that has just started subscribes. One that reconnects does not, and
#: hears at once what comes.
SUBSCRIBING = 1.0
#: Seconds for which a user's own new message waits: the SDK shows it twice if it hears of it
#: before it has read the answer to its sending.
OWN_PAUSE = 0.3
#: Packets that wait with it at most.
MOST_DELAYED = 256


class SocialPlusSession(Session):
    """One client."""

    __slots__ = ("delayed", "reader", "subscribed", "user_id")

    def __init__(self, socket: SessionSocket) -> None:
        super().__init__(socket)
        self.reader = PacketReader()
        #: Set when a client that has just started has subscribed.
        self.subscribed = asyncio.Event()
        self.user_id: int | None = None
        #: What waits until an own message may be told; None if there is none.
        self.delayed: list[bytes] | None = None

    async def received(self, data: bytes) -> None:
        for packet in self.reader.packets(data):
            if self.socket.over:
                return
            if isinstance(packet, Connect):
                await self._connect(packet)
            elif self.user_id is None:
                raise Garbled("A client connects first.")
            elif isinstance(packet, Subscribe):
                await self._subscribe(packet, self.user_id)
            elif isinstance(packet, Unsubscribe):
                self.socket.send(packets.unsuback(packet.number))
            elif isinstance(packet, Ping):
                self.socket.send(packets.pingresp())
            elif isinstance(packet, Disconnect):
                self.socket.close()

    def push(self, pushes: list[Push], position: Position | None) -> None:
        frames = [each.data.packets for each in pushes]
        if self.delayed is None and any(each.data.is_own for each in pushes):
            self.delayed = []
            asyncio.get_running_loop().call_later(OWN_PAUSE, self._pass_on)
        if self.delayed is None:
            self.socket.send(*frames)
            return
        self.delayed += frames
        if len(self.delayed) > MOST_DELAYED:
            self._pass_on()

    def ending(self) -> None:
        """A server says no farewell in MQTT 3.1.1."""

    def _pass_on(self) -> None:
        frames, self.delayed = self.delayed, None
        if frames:
            self.socket.send(*frames)

    async def _connect(self, packet: Connect) -> None:
        if self.user_id is not None:
            raise Garbled("A client connects once.")
        answer = await self._log_in(packet)
        self.socket.send(packets.connack(answer))
        if answer != ConnectCode.ACCEPTED:
            self.socket.close()

    async def _log_in(self, packet: Connect) -> ConnectCode:
        """The user name is the user's private id, the password the access token of a session."""
        if packet.level != packets.LEVEL:
            return ConnectCode.WRONG_LEVEL
        if not packet.client_id:
            return ConnectCode.WRONG_CLIENT_ID
        token = packet.password
        try:
            names = {"begun_as": token, "renewed_as": renewal_of(token)}
            user = await self.socket.login(token, packet.client_id, **names)
            if packet.user_name != str(user.pk):
                return ConnectCode.WRONG_CREDENTIALS
            self.socket.start(self._beginning)
        except CallRefused as error:
            wrong = error.refusal.status in (401, 403)
            return ConnectCode.WRONG_CREDENTIALS if wrong else ConnectCode.UNAVAILABLE
        self.user_id = user.pk
        return ConnectCode.ACCEPTED

    async def _beginning(self) -> Position:
        """Where a client begins: one that has just started where its login did, else where it was.

        A client that has just started loses what comes before it has read the CONNACK.
        """
        try:
            await asyncio.wait_for(self.subscribed.wait(), SUBSCRIBING)
        except TimeoutError:
            return self.socket.position
        return self.socket.begun or self.socket.position

    async def _subscribe(self, packet: Subscribe, user_id: int) -> None:
        own = own_topics(user_id)
        granted = own.intersection(packet.topics)
        if granted:
            self.subscribed.set()
        others = [topic for topic in packet.topics if topic not in own]
        if others:
            granted |= await self._visible(others)
        codes = [0 if topic in granted else packets.REFUSED for topic in packet.topics]
        self.socket.send(packets.suback(packet.number, codes))

    async def _visible(self, topics: list[str]) -> frozenset[str]:
        try:
            return await self.socket.call(visible_topics, topics)
        except CallRefused:
            return frozenset()


class SocialPlus(Vendor):
    """social.plus, of which one SDK is known."""

    name = GATEWAY
    subprotocols = ("mqtt",)
    #: Once and a half its keep-alive of 60 seconds, as MQTT has it (3.1.2.10).
    idle_seconds = 90
    #: The SDK renews its session before that, and takes the new token when it connects again.
    ends_early = 300

    def session(self, socket: SessionSocket) -> SocialPlusSession:
        return SocialPlusSession(socket)

    def encode(
        self,
        told: Mapping[int, list[Told]],
        listeners: Mapping[int, Listener],
        position: Position,
    ) -> Mapping[int, list[Push]]:
        return pushes_of(told)


VENDOR = SocialPlus()
