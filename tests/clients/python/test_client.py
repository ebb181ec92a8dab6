"""Our own client for Python, installed as its users install it, against a running service."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.clients.server import DATABASES, ROOT, Seenby, running_seenby

CLIENTS = Path(os.environ.get("CLIENTS", ROOT / ".venv" / "clients"))
PYTHON = ROOT / CLIENTS / "python" / "bin" / "python"


@pytest.fixture(params=DATABASES)
def seenby(request: pytest.FixtureRequest) -> Iterator[Seenby]:
    with running_seenby(request.param) as running:
        yield running


@pytest.fixture
def start(seenby: Seenby) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """``start("whole")`` runs a step of ``flow.py``, which is ended with the test."""
    with ExitStack() as running:

        def starting(step: str, *cursor: str) -> subprocess.Popen[str]:
            command = [PYTHON, "-W", "error", Path(__file__).with_name("flow.py")]
            process = subprocess.Popen(
                [*command, step, seenby.address, seenby.key, *cursor],
                stdout=subprocess.PIPE,
                text=True,
            )
            running.enter_context(process)
            running.callback(process.kill)
            return process

        yield starting


def said(process: subprocess.Popen[str], name: str) -> Any:
    """The next thing that the flow tells, which has to be called so."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"The flow ended; expected {name}."
    told, what = json.loads(line)
    assert told == name, (told, what)
    return what


def test_a_whole_flow(seenby: Seenby, start: Callable[..., Any]) -> None:
    """Users, a conversation, a message, marks, its status and its recipients; and refusals."""
    flow = start("whole")
    assert [said(flow, "user") for _ in range(3)] == ["ann", "ben", "cleo"]
    assert said(flow, "conversation") == "tea"
    assert said(flow, "refused") == [409, "conflict", 0]
    assert said(flow, "wrong") == [400, [["body", "blank"]]]
    assert said(flow, "marked") == ["applied", "unchanged"]
    assert said(flow, "status") == ["delivered", "Read by 1 of 2"]
    assert said(flow, "recipients") == [["ben", "read"]]
    assert said(flow, "has next") is True
    said(flow, "done")
    assert seenby.native("GET", "/messages/ext:tea-1/status/")["read_count"] == 1


def test_no_event_is_lost_when_the_server_goes_away(
    seenby: Seenby, start: Callable[..., Any]
) -> None:
    """The stream goes on where it broke off; and a program that starts again goes on, too."""
    for name in ("ann", "ben"):
        seenby.native("POST", "/users/", {"username": name})
    room = {"kind": "group", "external_id": "tea", "owner": "ann", "participants": ["ben"]}
    seenby.native("POST", "/conversations/", room)
    cursor = seenby.native("GET", "/events/")["cursor"]

    def say(body: str, **where: Any) -> None:
        path, text = "/conversations/ext:tea/messages/", {"sender": "ann", "body": body}
        seenby.native("POST", path, text, **where)

    flow = start("follow", cursor)
    say("before")
    assert said(flow, "message") == "before"
    elsewhere = seenby.second
    seenby.kill()
    say("meanwhile", at=elsewhere)
    seenby.native("POST", "/conversations/ext:tea/mark-read/", {"user": "ben"}, at=elsewhere)
    seenby.start()
    assert said(flow, "message") == "meanwhile"
    assert ["ben", "read"] in said(flow, "marks")
    say("enough")
    assert said(flow, "message") == "enough"
    assert said(flow, "again") == "enough"
    said(flow, "done")
