"""A vendor of our own whose frames are JSON, to try what all vendors' sockets share."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from chat.authentication import issue_token
from chat.models import User
from receipts import services
from receipts.feed.looking import Listener
from receipts.feed.positions import Position
from receipts.feed.telling import Told
from receipts.gateways.sockets import door
from receipts.gateways.sockets.calls import CallRefused
from receipts.gateways.sockets.vendor import (
    Garbled,
    Push,
    Session,
    SessionSocket,
    Vendor,
    change_count,
)
from tests.support.websocket import Dial, WebSocket

PATH = "/plain"


class PlainSession(Session):
    """``{"login": token, "device": name}``, then ``{"send": text, "to": conversation}``.

    With ``"begun_as"`` at the login, pushes begin after ``{"ready": true}``.
    """

    def __init__(self, socket: SessionSocket) -> None:
        super().__init__(socket)
        self.ready = asyncio.Event()

    async def received(self, data: bytes) -> None:
        try:
            said = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise Garbled("No JSON.") from error
        try:
            if "login" in said:
                begun_as = said.get("begun_as", "")
                user = await self.socket.login(said["login"], said["device"], begun_as=begun_as)
                self.socket.send(orjson.dumps({"hello": user.username}))
                self.socket.start(self._beginning if begun_as else None)
            elif "ready" in said:
                self.ready.set()
            elif "send" in said:
                sent = await self.socket.call(_send, said["to"], said["send"], writes=True)
                self.socket.send(orjson.dumps({"sent": sent}))
            elif "fail" in said:
                raise RuntimeError("a fault of ours")
            else:
                self.socket.send(data)
        except CallRefused as error:
            self.socket.send(orjson.dumps({"refused": error.refusal.code}))
            if "login" in said:
                self.socket.close()

    async def _beginning(self) -> Position:
        await self.ready.wait()
        return self.socket.begun or self.socket.position

    def push(self, pushes: list[Push], position: Position | None) -> None:
        self.socket.send(orjson.dumps([each.data for each in pushes]))

    def ending(self) -> None:
        self.socket.send(b'{"bye": true}')


def _send(user: User, conversation: int, text: str) -> int:
    return services.send_message(conversation_id=conversation, sender=user, body=text).message.pk


class PlainVendor(Vendor):
    name = "plain"
    subprotocols = ("plain.1",)

    def session(self, socket: Any) -> PlainSession:
        return PlainSession(socket)

    def encode(
        self,
        told: Mapping[int, list[Told]],
        listeners: Mapping[int, Listener],
        position: Position,
    ) -> Mapping[int, list[Push]]:
        return {pk: [push_of(each) for each in events] for pk, events in told.items()}


def push_of(event: Told) -> Push:
    if event["kind"] == "receipt.updated":
        [newest, *_] = event["receipts"]
        data = [newest["message"], newest["read_count"], newest["delivered_count"]]
        return Push({"receipts": data}, about=newest["message"], changes=change_count(event))
    if event["kind"].startswith("message."):
        return Push({event["kind"]: event["message"]["id"]})
    return Push({"kind": event["kind"]}, about=event["kind"])


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch, settings: Any) -> PlainVendor:
    """The vendor is served at ``/plain``."""
    vendor = PlainVendor()
    monkeypatch.setitem(door.ADDRESSES, PATH, "plain")
    monkeypatch.setattr(door, "_vendor", lambda name: vendor)
    settings.GATEWAYS = [*settings.GATEWAYS, "plain"]
    return vendor


class Plain:
    """A logged-in client."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket

    def ask(self, **what: Any) -> Any:
        """Send a request and return its answer, which must be the next message."""
        self.socket.send(orjson.dumps(what))
        return self.next()

    def next(self) -> Any:
        return orjson.loads(self.socket.receive())

    def pushed(self) -> Any:
        """The next pushes."""
        while not isinstance(said := self.next(), list):
            pass
        return said


@pytest.fixture
def visit(plain: PlainVendor, dial: Dial) -> Any:
    """``visit(alice)`` logs her in; ``device`` is how her client calls itself."""

    def visit(who: User, device: str = "phone", *, begun_as: str = "") -> Plain:
        client = Plain(dial(PATH))
        answer = client.ask(login=issue_token(who)[0], device=device, begun_as=begun_as)
        assert answer == {"hello": who.username}
        return client

    return visit
