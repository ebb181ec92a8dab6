"""A client that reads the live stream like curl."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from chat.authentication import issue_token
from chat.models import User

#: Seconds until a client gives up: nothing takes that long unless it is broken.
PATIENCE = 20
EVENTS = "/api/v1/events/"


@dataclass
class Block:
    """The lines between two blank lines."""

    fields: dict[str, str] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)

    @property
    def data(self) -> Any:
        return json.loads(self.fields["data"])


class Stream:
    """A stream as a client reads it, starting with the headers."""

    def __init__(
        self,
        port: int,
        who: User | str | None,
        last: str | None = None,
        *,
        query: str = "",
        **headers: str,
    ) -> None:
        self.id = last
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        headers |= {"Accept": "text/event-stream"} | authorization(who)
        self.connection.request(
            "GET", EVENTS + query, headers=headers | ({"Last-Event-ID": last} if last else {})
        )
        self.response = self.connection.getresponse()
        self.status, self.headers = self.response.status, self.response.headers

    def block(self) -> Block:
        """The next block; fails if the stream ends."""
        block = Block()
        while (line := self.response.readline().decode()) != "\n":
            assert line.endswith("\n"), "The stream has ended."
            name, _, value = line[:-1].partition(":")
            if name:
                assert name not in block.fields, "One of each is all there is."
                block.fields[name] = value.strip()
            else:
                block.comments.append(value.strip())
        self.id = block.fields.get("id", self.id)
        return block

    def event(self) -> Any:
        """The next event."""
        while "event" not in (block := self.block()).fields:
            pass
        assert block.data["kind"] == block.fields["event"]
        return block.data

    def messages(self, last: int) -> list[int]:
        """The messages in the events, one by one, up to this one."""
        told: list[int] = []
        while last not in told:
            told.append(self.event()["message"]["id"])
        return told

    def close(self) -> None:
        self.response.close()
        self.connection.close()


def authorization(who: User | str | None) -> dict[str, str]:
    if who is None:
        return {}
    token = issue_token(who)[0] if isinstance(who, User) else who
    return {"Authorization": f"Bearer {token}"}


Listen = Callable[..., Stream]


@pytest.fixture
def listen(port: int) -> Iterator[Listen]:
    """``listen(alice)`` opens her stream; ``listen(alice, port=…)`` at another server."""
    streams: list[Stream] = []

    def listen(who: User | str | None, *args: Any, port: int = port, **how: Any) -> Stream:
        streams.append(Stream(port, who, *args, **how))
        return streams[-1]

    yield listen
    for each in streams:
        each.close()


def call(port: int, method: str, path: str, who: User | str) -> Any:
    """One request to a server."""
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        asked.request(method, f"/api/v1{path}", headers=authorization(who))
        answer = asked.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return json.loads(body)
    finally:
        asked.close()
