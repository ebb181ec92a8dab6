"""Where a webhook's connections go in a test: names, and what they stand for."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from urllib3.util import connection

from receipts.webhooks import posting
from tests.support.authority import Authority
from tests.support.receiver import Receiver

NAME, PUBLIC = "backend.test", "93.184.216.34"
ON_LOOPBACK = "127.0.0.1"


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """One that the service trusts for this test."""
    believed = Authority(tmp_path)
    context = believed.client()
    monkeypatch.setattr(posting, "tls", lambda: context)
    return believed


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were resolved: first to a public IP address, then to one of our own."""
    asked: list[str] = []

    def look_up(host: str, port: int, *_: object, **__: object) -> Any:
        asked.append(host)
        number = PUBLIC if len(asked) == 1 else ON_LOOPBACK
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@contextmanager
def called_instead(backend: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every connection goes to ``backend``; returns the addresses that were to be connected to."""
    called: list[str] = []

    def connect(address: tuple[str, int], timeout: Any, **_: object) -> socket.socket:
        called.append(address[0])
        return socket.create_connection((ON_LOOPBACK, backend.port), 5)

    real = socket.getaddrinfo
    monkeypatch.setattr(connection, "create_connection", connect)
    with monkeypatch.context() as patch:
        patch.setattr(socket, "create_connection", _dial(real))
        yield called


def _dial(look_up: Any) -> Any:
    """``socket.create_connection`` without a DNS lookup."""

    def dial(address: tuple[str, int], timeout: float) -> socket.socket:
        dialled = socket.socket()
        dialled.settimeout(timeout)
        dialled.connect(address)
        return dialled

    return dial
