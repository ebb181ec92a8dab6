"""A client that speaks what Agora's and Easemob's SDKs speak over their WebSocket."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from chat.authentication import issue_token
from chat.models import User
from receipts import services
from receipts.gateways.agora.frames import GROUP_DOMAIN, PERSON_DOMAIN, BodyType, Code, FrameType
from receipts.gateways.agora.wire.msync_pb2 import (
    Address,
    Body,
    Config,
    Content,
    Envelope,
    Meta,
    Provision,
    Statistics,
    SyncDown,
    SyncUp,
    UnreadDown,
)
from tests.support.websocket import Dial, WebSocket

APP_KEY = "org#app"
#: What the types of bodies are called in tests.
WORDS = {
    BodyType.CHAT: "text",
    BodyType.GROUP: "text",
    BodyType.READ: "read",
    BodyType.DELIVERED: "delivered",
    BodyType.CONVERSATION_READ: "all read",
}
_ids = count(530_000_000_000)


def envelope(command: int, content: Any = None, **more: Any) -> bytes:
    payload = b"" if content is None else content.SerializeToString()
    return Envelope(command=command, payload=payload, **more).SerializeToString()


def provision(name: str, token: str, resource: str = "phone") -> bytes:
    """A login, as the SDKs send it."""
    who = Address(app_key=APP_KEY, name=name, domain=PERSON_DOMAIN, resource=resource)
    auth = f"$t${token}"
    asked = Provision(
        device_uuid=resource, device_name=resource, resource=resource,
        auth_token=json.dumps({"token": auth}),
    )  # fmt: skip
    return envelope(FrameType.PROVISION, asked, who=who, auth=auth)


def address(to: str, *, group: bool) -> Address:
    return Address(app_key=APP_KEY, name=to, domain=GROUP_DOMAIN if group else PERSON_DOMAIN)


def meta(to: str, body: Body, *, group: bool = False, number: int | None = None) -> Meta:
    """Something to send; ``number`` is the client's own id of it."""
    return Meta(
        id=next(_ids) if number is None else number,
        to=address(to, group=group),
        namespace=1,
        payload=body.SerializeToString(),
    )


def text_body(text: str, *, group: bool = False, asks: bool = False) -> Body:
    return Body(
        type=BodyType.GROUP if group else BodyType.CHAT,
        contents=[Content(type=0, text=text)],
        config=Config(allow_group_ack=True) if asks else None,
    )


@dataclass
class Entry:
    """What was pushed, in the words of tests."""

    what: str
    #: The client's address book would say so: who, or which group.
    queue: str
    sender: str
    meta: Meta
    body: Body
    location: Any = None

    @property
    def brief(self) -> tuple[Any, ...]:
        """A text with its words; a receipt with its message; counts where there are some."""
        if self.what == "statistic":
            return (self.what, *((each["msg_id"], each["read_count"]) for each in self.location))
        if self.what == "text":
            return self.what, self.sender, self.body.contents[0].text
        rest = tuple(json.loads(each.text)[str(self.body.message_id)] for each in self.body.ext)
        about = (self.body.message_id,) if self.body.HasField("message_id") else ()
        return (self.what, self.sender, *about, *rest)


class Msync:
    """A client that has logged in and asked what waits."""

    def __init__(self, socket: WebSocket, user: User) -> None:
        self.socket, self.user = socket, user
        self.entries: list[Entry] = []
        #: The last key of each queue, to confirm it.
        self.keys: dict[tuple[str, str], int] = {}

    def next(self) -> Any:
        """The next frame, spelled out; the entries of a page are also kept."""
        envelope = Envelope.FromString(self.socket.receive())
        kind: Any = {FrameType.PROVISION: Provision, FrameType.UNREAD: UnreadDown}.get(
            FrameType(envelope.command), SyncDown
        )
        said = kind.FromString(envelope.payload)
        if kind is SyncDown and said.metas:
            queue = (said.queue.name, said.queue.domain)
            assert said.next_key > self.keys.get(queue, 0), "Keys rise."
            self.keys[queue] = said.next_key
            self.entries += [_entry(said.queue.name, each) for each in said.metas]
        return said

    def _answer(self, fits: Callable[[Any], bool]) -> Any:
        while not fits(said := self.next()):
            assert isinstance(said, SyncDown), said
        return said

    def beat(self) -> UnreadDown:
        """The heartbeat, which is also the first request."""
        self.socket.send(envelope(FrameType.UNREAD))
        said: UnreadDown = self._answer(lambda each: isinstance(each, UnreadDown))
        return said

    def send(self, meta: Meta) -> SyncDown:
        """Send something, and return its answer."""
        self.socket.send(envelope(FrameType.SYNC, SyncUp(meta=meta)))
        said: SyncDown = self._answer(
            lambda each: isinstance(each, SyncDown) and each.HasField("meta_id")
        )
        assert said.meta_id == meta.id
        return said

    def done(self, meta: Meta) -> int:
        """Send something, which is accepted; the id that it has here."""
        said = self.send(meta)
        assert said.status.code == Code.OK, said.status
        return said.server_id

    def refused(self, meta: Meta) -> tuple[int, str]:
        """Send something in vain; code and reason."""
        said = self.send(meta)
        assert said.status.code != Code.OK
        return said.status.code, said.status.reason

    def text(self, to: str, text: str = "hello", *, group: bool = False, **how: Any) -> int:
        """Send a text; the id of the message."""
        body = text_body(text, group=group, asks=how.pop("asks", False))
        return self.done(meta(to, body, group=group, **how))

    def delivered(self, to: str, message: int) -> int:
        return self.done(meta(to, Body(type=BodyType.DELIVERED, message_id=message)))

    def read(self, to: str, message: int, *, group: bool = False, content: str = "") -> int:
        body = Body(type=BodyType.READ, message_id=message, ack_content=content or None)
        return self.done(meta(to, body, group=group))

    def read_all(self, to: str, *, group: bool = False) -> int:
        return self.done(meta(to, Body(type=BodyType.CONVERSATION_READ), group=group))

    def entry(self) -> Entry:
        """The next entry that was pushed."""
        while not self.entries:
            self.next()
        return self.entries.pop(0)

    def pushed(self, number: int = 1) -> list[tuple[Any, ...]]:
        """The next entries in brief."""
        return [self.entry().brief for _ in range(number)]

    def nothing_more(self) -> bool:
        """Whether nothing else comes before a message that is sent now, by somebody else."""
        end, _ = User.objects.get_or_create(username="end")
        conversation, _ = services.direct_conversation(members=(self.user, end), joining=[])
        services.send_message(conversation_id=conversation.pk, sender=end, body="the end")
        return self.pushed() == [("text", "end", "the end")]

    def confirm(self) -> None:
        """Ask for what follows in each queue, as clients do for each page; nothing does."""
        for (name, domain), key in self.keys.items():
            queue = Address(app_key=APP_KEY, name=name, domain=domain)
            self.socket.send(envelope(FrameType.SYNC, SyncUp(key=key, queue=queue)))
            said = self._answer(lambda each: isinstance(each, SyncDown) and each.last)
            assert (said.queue.name, said.queue.domain) == (name, domain)


def _entry(queue: str, data: bytes) -> Entry:
    meta = Meta.FromString(data)
    if meta.namespace == 0:
        said = Statistics.FromString(meta.payload)
        return Entry("statistic", queue, "", meta, Body(), json.loads(said.location)["group_ack"])
    body = Body.FromString(meta.payload)
    assert body.sender.name == meta.sender.name
    return Entry(WORDS[BodyType(body.type)], queue, meta.sender.name, meta, body)


LogIn = Callable[..., Msync]


@pytest.fixture
def msync(dial: Dial) -> LogIn:
    """``msync(alice)`` logs her in; ``resource`` is how her client calls its device."""

    def log_in(who: User, resource: str = "phone", **how: Any) -> Msync:
        client = Msync(dial("/ws", **how), who)
        client.socket.send(provision(who.username, issue_token(who)[0], resource))
        said = client.next()
        assert isinstance(said, Provision)
        assert (said.status.code, said.resource) == (Code.OK, resource)
        client.beat()
        return client

    return log_in
