"""A device that speaks as the web SDKs of Tencent Chat do, for tests over the wire."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import orjson
import pytest

from chat.authentication import issue_token
from chat.models import Conversation, User
from receipts.gateways.frame import conversation_name
from tests.support.websocket import Dial, WebSocket

GROUPS = "group_open_http_svc"


class Tim:
    """A connection. Answers are matched by ``seq``; pushes that come in between are kept."""

    def __init__(self, socket: WebSocket, user: User, token: str) -> None:
        self.socket, self.user, self.token = socket, user, token
        self.seq = count(1)
        self.randoms = count(1000)
        self.instance = 0
        self.events: list[dict[str, Any]] = []
        #: The ``SessionData`` of the last push that came.
        self.pushed = ""
        self.is_text = False

    def send(self, command: str, body: Any, **head: Any) -> int:
        """Send a frame without waiting for its answer; return its ``seq``."""
        seq = next(self.seq)
        who = {"a2": self.token, "tinyid": str(self.user.pk), "status_instid": self.instance}
        head = {"ver": "v4", "servcmd": command, "seq": seq, "reqtime": 1, **who, **head}
        frame = orjson.dumps({"head": head, "body": body})
        self.socket.send(frame.decode() if self.is_text else frame)
        return seq

    def ask(self, command: str, body: Any, code: int = 0, **head: Any) -> dict[str, Any]:
        """The body of the answer, which has this error code."""
        answer = self.ask_anything(command, body, **head)
        assert answer["ErrorCode"] == code, answer
        assert answer["ActionStatus"] == ("FAIL" if code else "OK")
        assert bool(answer["ErrorInfo"]) == bool(code)
        return answer

    def ask_anything(self, command: str, body: Any, **head: Any) -> dict[str, Any]:
        """The body of the answer, whatever it is."""
        seq = self.send(command, body, **head)
        while self._is_push(frame := self._next()) or frame["head"]["seq"] != seq:
            pass
        assert frame["head"]["servcmd"] == command
        answer: dict[str, Any] = frame["body"]
        return answer

    def log_in(self, code: int = 0, **head: Any) -> dict[str, Any]:
        """Log in by name and token, as a client that has just started."""
        head = {"a2": None, "identifier": self.user.username, "usersig": self.token, **head}
        answer = self.ask("im_open_status.wslogin", {"State": "Online"}, code, **head)
        self.instance = answer.get("InstId", 0)
        return answer

    def pushed_with(self, field: str) -> Any:
        """The next pushed event that has this field; earlier ones are passed over."""
        while True:
            while self.events:
                event = self.events.pop(0)
                if field in event:
                    return event[field]
            while not self._is_push(self._next()):
                pass

    def tip(self, field: str) -> Any:
        """The next ``GroupTips`` whose body has this field."""
        while field not in (tip := self.pushed_with("GroupTips")[0])["MsgBody"]:
            pass
        return tip["MsgBody"][field]

    def notice(self, field: str) -> Any:
        """The next ``C2cNotifyMsgArray`` that has this field."""
        while field not in (notice := self.pushed_with("C2cNotifyMsgArray")[0]):
            pass
        return notice[field]

    def acknowledge(self) -> None:
        """Everything that came has arrived, as the SDK says by itself."""
        self.ask("openim.ws_msg_push_ack", {"SessionData": self.pushed})

    def write(self, to: User, text: str = "hello", code: int = 0, **more: Any) -> dict[str, Any]:
        """Send one to one; the answer, with the numbers that the client chose."""
        random = next(self.randoms)
        body = {
            "From_Account": self.user.username, "To_Account": to.username, "MsgSeq": 7,
            "MsgRandom": random, "MsgClientTime": 1_700_000_000, "IsNeedReadReceipt": 1,
            "CloudCustomData": "", "MsgBody": text_element(text), **more,
        }  # fmt: skip
        return {**self.ask("openim.sendmsg", body, code), **body}

    def write_to(
        self, group: Conversation, text: str = "hello", code: int = 0, **more: Any
    ) -> dict[str, Any]:
        """Send to a group."""
        body = {
            "From_Account": self.user.username, "GroupId": name_of(group), "ClientSeq": 7,
            "Random": next(self.randoms), "MsgClientTime": 1_700_000_000, "NeedReadReceipt": 1,
            "CloudCustomData": "", "OnlineOnlyFlag": 0, "MsgBody": text_element(text), **more,
        }  # fmt: skip
        return {**body, **self.ask(f"{GROUPS}.send_group_msg", body, code)}

    def _next(self) -> Any:
        data = self.socket.receive()
        assert isinstance(data, str) == self.is_text
        return orjson.loads(data)

    def _is_push(self, frame: Any) -> bool:
        if frame["head"]["servcmd"] != "im_open_push.msg_push":
            return False
        assert frame["body"]["NeedAck"] == 1
        self.pushed = frame["body"]["SessionData"]
        self.events += frame["body"]["EventArray"]
        return True


def text_element(text: str) -> list[dict[str, Any]]:
    return [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]


def name_of(group: Conversation) -> str:
    """``GroupId``"""
    return conversation_name(group.external_id, group.pk)


def told(message: dict[str, Any]) -> tuple[int, int]:
    """What a message's id is made of, besides its sender."""
    return message["MsgClientTime"], message.get("MsgRandom", message.get("Random"))


Connect = Callable[..., Tim]


@pytest.fixture
def connect(dial: Dial) -> Connect:
    """``connect(alice)`` opens a connection and logs in; ``again=device`` as that device."""

    def connect(
        who: User, *, path: str = "/binfo?sdkappid=1&compress=gzip", again: Tim | None = None,
        login: bool = True, **how: Any,
    ) -> Tim:  # fmt: skip
        token = again.token if again else issue_token(who)[0]
        device = Tim(dial(path, **how), who, token)
        device.is_text = path.startswith("/info")
        device.instance = again.instance if again else 0
        if login:
            device.log_in()
        return device

    return connect
