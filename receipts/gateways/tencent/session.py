"""One connection of a device: JSON frames, logged in by the first that says who speaks."""

from __future__ import annotations

import time
from collections import deque
from secrets import randbelow
from typing import Any, NamedTuple

import orjson

from chat.authentication import token_holder
from chat.errors import Refused
from chat.models import User
from receipts.feed.positions import Position
from receipts.gateways.refusals import ADDRESS_UNKNOWN, Refusal
from receipts.gateways.sockets.calls import CallRefused
from receipts.gateways.sockets.vendor import Garbled, Push, Session, SessionSocket
from receipts.gateways.tencent.commands import COMMANDS, FIXED
from receipts.gateways.tencent.errors import code_of
from receipts.gateways.tencent.live_marks import mark_arrived
from receipts.gateways.tencent.shapes import envelope

#: In place of an event: the device has to connect again, and then continues.
AGAIN = "again"
#: The close code for that, of RFC 6455.
GOING_AWAY = 1001
#: Seconds between two times at which an idle client looks whether it is still connected.
HELLO_SECONDS = 10
#: Pushes that may wait for their acknowledgement; of more, the earliest are forgotten.
MOST_UNACKNOWLEDGED = 500

_HELLO, _LOGIN, _LOGOUT = (f"im_open_status.{name}" for name in ("wshello", "wslogin", "wslogout"))
_ACK = "openim.ws_msg_push_ack"
#: What a client may ask for before it has logged in.
_OPEN = {_HELLO, _LOGOUT, "heartbeat.alive", "imopenstat.tim_web_report_v2"}
_NOBODY = Refusal(401, "not_authenticated", "Log in first.")
_OTHER = Refusal(403, "permission_denied", "Somebody else is logged in on this connection.")
_UNKNOWN = Refusal(404, ADDRESS_UNKNOWN, "Seenby does not know this command.")


class _Unacknowledged(NamedTuple):
    """A push that was sent: its number, its messages, and the position after it."""

    number: int
    messages: frozenset[int]
    position: Position | None


class _Who(NamedTuple):
    """Who is logged in, and the device's number, which it repeats after a lost connection."""

    pk: int
    username: str
    instance: int


class TencentSession(Session):
    """A device. ``token`` is None until it has logged in."""

    __slots__ = ("pushed", "token", "unacknowledged", "who")

    def __init__(self, socket: SessionSocket) -> None:
        super().__init__(socket)
        self.token: str | None = None
        self.who: _Who | None = None
        self.pushed = 0
        self.unacknowledged: deque[_Unacknowledged] = deque(maxlen=MOST_UNACKNOWLEDGED)

    async def received(self, data: bytes) -> None:
        head, body = _frame(data)
        command = head["servcmd"]
        try:
            answer = await self._answer(command, head, body)
        except CallRefused as error:
            answer = _failure(error.refusal)
        self._send({**_echo(head), "servcmd": command}, answer)
        if command == _LOGOUT:
            self.socket.close()

    async def _answer(self, command: str, head: dict[str, Any], body: dict[str, Any]) -> Any:
        await self._identify(command, head)
        if command == _HELLO:
            return envelope()
        if command == _LOGIN:
            return self._welcome()
        if command == _ACK:
            await self._acknowledged(body.get("SessionData"))
            return envelope()
        if command in FIXED or command == _LOGOUT:
            return envelope(**FIXED.get(command, {}))
        if (known := COMMANDS.get(command)) is None:
            raise CallRefused(_UNKNOWN)
        return {**envelope(), **await self.socket.call(known.run, body, writes=known.writes)}

    async def _identify(self, command: str, head: dict[str, Any]) -> None:
        """Who speaks is said frame by frame: the first one logs in, others have to agree."""
        token = head.get("a2") or head.get("usersig")
        if not token:
            if command not in _OPEN and (self.token is None or command == _LOGIN):
                raise CallRefused(_NOBODY)
            return
        if not isinstance(token, str):
            raise CallRefused(_NOBODY)
        if self.token is None:
            await self._log_in(token, head)
        elif token != self.token:
            await self.socket.call(_require_same, token)
            self.token = token
        named = head.get("identifier")
        if named is not None and self.who is not None and named != self.who.username:
            raise CallRefused(_OTHER)

    async def _log_in(self, token: str, head: dict[str, Any]) -> None:
        given = head.get("status_instid")
        instance = 1 + randbelow(2**31 - 1)
        if type(given) is int and 0 < given < 2**31:
            instance = given
        user = await self.socket.login(token, str(instance))
        if head.get("identifier") not in (None, user.username):
            raise CallRefused(_OTHER)
        self.socket.start()
        self.who = _Who(user.pk, user.username, instance)
        self.token = token

    def _welcome(self) -> dict[str, Any]:
        if self.who is None:
            raise CallRefused(_NOBODY)
        return envelope(
            A2Key=self.token,
            TinyId=str(self.who.pk),
            HelloInterval=HELLO_SECONDS,
            InstId=self.who.instance,
            TimeStamp=int(time.time()),
            CustomStatus="",
            PurchaseBits="0",
            RichMsgAuthKey="",
        )

    async def _acknowledged(self, given: Any) -> None:
        """A push has arrived, and with it all before it: its messages have reached the device."""
        if not (isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 16):
            return
        until = [each for each in self.unacknowledged if each.number <= int(given)]
        messages = frozenset[int]().union(*(each.messages for each in until))
        if messages:
            await self.socket.call(mark_arrived, set(messages), writes=True)
        for _ in until:
            self.unacknowledged.popleft()
        positions = [each.position for each in until if each.position is not None]
        if positions:
            self.socket.confirm(positions[-1])

    def push(self, pushes: list[Push], position: Position | None) -> None:
        if any(each.data == AGAIN for each in pushes):
            self.socket.close(GOING_AWAY)
            return
        self.pushed += 1
        events = [event for event, _ in (each.data for each in pushes)]
        messages = frozenset(pk for _, pk in (each.data for each in pushes) if pk is not None)
        self.unacknowledged.append(_Unacknowledged(self.pushed, messages, position))
        head = {"ver": "v4", "servcmd": "im_open_push.msg_push", "seq": self.pushed}
        body = envelope(EventArray=events, NeedAck=1, SessionData=str(self.pushed))
        self._send(head, body)

    def _send(self, head: dict[str, Any], body: dict[str, Any]) -> None:
        frame = orjson.dumps({"head": head, "body": body})
        self.socket.send(frame.decode() if self.socket.speaks_text else frame)


def _require_same(user: User, token: str) -> None:
    """A further token has to be the same user's."""
    if token_holder(token)[0].pk != user.pk:
        raise Refused(_OTHER.text)


def _failure(refusal: Refusal) -> dict[str, Any]:
    return envelope("FAIL", code_of(refusal), refusal.text)


def _frame(data: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The head and the body of a frame. Raises ``Garbled``."""
    try:
        frame = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Garbled("It is not JSON.") from error
    head = frame.get("head") if isinstance(frame, dict) else None
    if not isinstance(head, dict) or not isinstance(head.get("servcmd"), str):
        raise Garbled("It has no head with a command.")
    if type(head.get("seq")) is not int:
        raise Garbled("It has no seq.")
    body = frame.get("body")
    return head, body if isinstance(body, dict) else {}


def _echo(head: dict[str, Any]) -> dict[str, Any]:
    """What an answer repeats."""
    reqtime = head.get("reqtime")
    return {"ver": "v4", "seq": head["seq"], "reqtime": reqtime if type(reqtime) is int else 0}
