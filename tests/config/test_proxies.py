"""Behind a proxy: the client's address and scheme are what a proxy says that is named, alone."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
import uvicorn

from receipts.management.serving import serve
from tests.support.wire import answer_in, bridge_to, raw, uvicorn_with

PROXY, OTHER = "127.0.0.2", "127.0.0.5"
CLIENT = "192.0.2.7"
FORGED = "198.51.100.9"


def whoever(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answers who calls, as Django sees it."""
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps([environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]]).encode()]


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `serve` passes to uvicorn."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: given.update(options))
    return given


@pytest.mark.parametrize("trusted", [PROXY, "127.0.0.0/30"])
@pytest.mark.parametrize(
    ("caller", "forwarded", "seen"),
    [
        (PROXY, CLIENT, [CLIENT, "https"]),
        (PROXY, f"{FORGED}, {CLIENT}", [CLIENT, "https"]),
        (PROXY, f"{FORGED}, {CLIENT}, {PROXY}", [CLIENT, "https"]),
        (OTHER, FORGED, [OTHER, "http"]),
    ],
)
def test_only_a_named_proxy_says_who_calls(
    trusted: str,
    caller: str,
    forwarded: str,
    seen: list[str],
    settings: Any,
    options: dict[str, Any],
) -> None:
    """FORWARDED_ALLOW_IPS; of a chain the last address that is no proxy, which nobody can forge."""
    settings.FORWARDED_ALLOW_IPS = [trusted]
    serve(0)  # any free port
    trust = {"forwarded_allow_ips": options["forwarded_allow_ips"]}
    request = raw("GET /", [f"X-Forwarded-For: {forwarded}", "X-Forwarded-Proto: https"])
    with (
        uvicorn_with(bridge_to(whoever), **trust) as port,
        socket.create_connection(("127.0.0.1", port), 20, (caller, 0)) as connection,
    ):
        connection.sendall(request)
        with connection.makefile("rb") as stream:
            assert json.loads(answer_in(stream)[2]) == seen
