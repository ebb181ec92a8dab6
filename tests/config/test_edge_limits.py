"""What a client may send, and for how long, before its request is there as a whole.

Each test speaks to a real server over a socket, as one that means no good would.
"""

from __future__ import annotations

import asyncio
import json
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from config import edge, protocol
from config.environ import BLOCK
from tests.support.wire import Busy, Call, answer_in, answering, bridge_to, raw, uvicorn_with

#: Seconds after which a test fails that waits for a server.
PATIENCE = 20


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections are checked often, so that nobody waits for a second."""
    monkeypatch.setattr(edge, "INTERVAL", 0.02)


@pytest.fixture
def soon(settings: Any) -> None:
    settings.SERVER_HEAD_SECONDS = settings.SERVER_BODY_SECONDS = 0.2


@contextmanager
def client(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        yield connection


def everything(connection: socket.socket) -> bytes:
    """What comes until the server closes the connection."""
    received = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            received += piece
    return received


def refusal(received: bytes) -> tuple[int, str]:
    """Status and code of the one answer in it."""
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"\r\nconnection: close" in head
    assert set(json.loads(body)) == {"detail", "code"}
    return int(head.split()[1]), json.loads(body)["code"]


def said(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """An application that answers with what reached it."""
    headers = {name: value for name, value in environ.items() if name.startswith("HTTP_")}
    body = environ["wsgi.input"].read().decode()
    answer = json.dumps({"headers": headers, "body": body}).encode()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]


HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

# --- Heads ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start",
    [HEAD + b"X: ", b"GET /", b"GET / HTTP/1.1\r\n", HEAD + b"X", CHUNKED + b"0\r\nX: ",
     CHUNKED + b"1;x="],
    ids=["header", "path", "no header", "name", "trailer", "chunk extension"],
)  # fmt: skip
def test_what_never_ends_is_refused(settings: Any, start: bytes) -> None:
    """In memory there is never more than a little of it: it is not read to its end."""
    settings.SERVER_MAX_HEAD_BYTES, settings.SERVER_HEAD_SECONDS = 5000, 600
    with uvicorn_with(bridge_to(said)) as port, client(port) as connection:
        connection.sendall(start)
        with suppress(ConnectionError):
            connection.sendall(b"a" * 1_000_000)
        # A client that goes on sending may lose the answer to the reset of the connection.
        answer = everything(connection)
        assert not answer or refusal(answer) in ((431, "head_too_large"), (400, "bad_request"))


def test_blank_lines_without_end_are_no_request(settings: Any) -> None:
    settings.SERVER_MAX_HEAD_BYTES = 5000
    with uvicorn_with(bridge_to(said)) as port, client(port) as connection:
        connection.sendall(b"\r\n" * 2501)
        assert refusal(everything(connection)) == (431, "head_too_large")


@pytest.mark.parametrize(
    "headers",
    [["X: " + "a" * 5000], ["X: a"] * (protocol.MAX_HEADERS + 1), [f"X{n}: a" for n in range(101)]],
    ids=["large", "repeated", "many"],
)
def test_a_complete_head_has_the_same_limits(settings: Any, headers: list[str]) -> None:
    settings.SERVER_MAX_HEAD_BYTES = 5000
    with uvicorn_with(bridge_to(said)) as port, client(port) as connection:
        connection.sendall(raw("GET /", headers))
        assert refusal(everything(connection)) == (431, "head_too_large")


def test_a_head_may_be_as_large_as_it_may(settings: Any) -> None:
    settings.SERVER_MAX_HEAD_BYTES = 5000
    with uvicorn_with(bridge_to(said)) as port, client(port) as connection:
        for _ in range(3):  # each by itself
            connection.sendall(raw("GET /", ["X: " + "a" * 4900]))
            with connection.makefile("rb") as stream:
                assert answer_in(stream)[0] == 200


@pytest.mark.parametrize("length", ["0" * 4301 + "2", "0" * 20 + "2", "9" * 4301, "1" * 25])
def test_a_length_of_thousands_of_digits_is_400(length: str) -> None:
    """Python refuses to convert it, which is no error of ours."""
    with uvicorn_with(bridge_to(said)) as port, client(port) as connection:
        connection.sendall(raw("POST /", [f"Content-Length: {length}"]) + b"{}")
        assert refusal(everything(connection)) == (400, "bad_request")


@pytest.mark.parametrize("length", [b"9" * 4301, b"0" * 4301, b"1e3", b"-1", b"\xb2"])
def test_a_length_that_is_no_number_is_400_from_any_server(length: bytes) -> None:
    """Also where the server does not look at it."""
    call = Call(b"{}", headers=[(b"content-length", length)]).alone(bridge_to(said))
    assert call.refusal == (400, "bad_request")


@pytest.mark.django_db(transaction=True)
def test_numbers_in_headers_may_be_of_any_size(port: int) -> None:
    """Of all that Django, its middleware and its files read from a head."""
    digits = "9" * 5000
    lines = [
        f"Range: bytes={digits}-", f"Range: bytes=-{digits}", f"If-None-Match: {digits}",
        f"If-Modified-Since: Fri, 01 Jan {digits} 00:00:00 GMT", f"Last-Event-ID: {digits}",
        f"If-Modified-Since: Fri, {digits} Jan 2100 00:00:00 GMT", f"Upgrade: {digits}",
        f"X-Forwarded-For: 1.2.3.4:{digits}", f"Keep-Alive: timeout={digits}",
        f"Accept: text/html;q={digits}", f"Accept-Encoding: gzip;q={digits}", f"Age: {digits}",
        f"Cookie: sessionid={digits}", f"Host: localhost:{digits}", f"Max-Forwards: {digits}",
    ]  # fmt: skip
    for line in lines:
        for path in ("/static/admin/css/base.css", "/api/v1/me/", "/readyz/", "/healthz/"):
            with client(port) as connection:
                connection.sendall(raw(f"GET {path}", [line, "Connection: close"]))
                assert int(everything(connection).split()[1]) < 500, line


def test_trailers_are_dropped() -> None:
    """They come after the headers were read: one could pose as any of them."""
    body = b"2\r\n{}\r\n0\r\nAuthorization: x\r\nX-Trailer: x\r\n\r\n"
    with uvicorn_with(bridge_to(said)) as port, client(port) as connection:
        connection.sendall(raw("POST /", ["Transfer-Encoding: chunked", "X-A: 1"]) + body)
        connection.sendall(raw("GET /", ["X-B: 1"]))
        with connection.makefile("rb") as stream:
            first, second = (json.loads(answer_in(stream)[2]) for _ in range(2))
    usual = {"HTTP_HOST": "localhost", "HTTP_X_REQUEST_ID": "r1"}
    assert (first["headers"], first["body"]) == (usual | {"HTTP_X_A": "1"}, "{}")
    assert second["headers"] == usual | {"HTTP_X_B": "1"}


# --- Time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [b"", b"\r\n"])
def test_who_says_nothing_is_disconnected(soon: None, sent: bytes) -> None:
    with uvicorn_with(bridge_to(said)) as port, client(port) as connection:
        connection.sendall(sent)
        assert everything(connection) == b""


def test_who_says_nothing_more_is_disconnected(soon: None) -> None:
    """A blank line between two requests ends uvicorn's own patience with idle connections."""
    with uvicorn_with(bridge_to(said)) as port, client(port) as connection:
        connection.sendall(raw("GET /", []))
        with connection.makefile("rb") as stream:
            assert answer_in(stream)[0] == 200
            connection.sendall(b"\r\n")
            assert stream.read() == b""


@pytest.mark.parametrize(
    "sent",
    [b"GET / HT", HEAD, HEAD + b"Content-Length: 5\r\n\r\n{", CHUNKED + b"1\r\n{\r\n",
     CHUNKED + b"1\r\n{\r\n0\r\nX: "],
    ids=["line", "head", "body", "chunks", "trailer"],
)  # fmt: skip
def test_half_a_request_is_408_after_a_while(soon: None, sent: bytes) -> None:
    with uvicorn_with(bridge_to(said)) as port, client(port) as connection:
        connection.sendall(sent)
        assert refusal(everything(connection)) == (408, "timeout")


def test_a_drop_now_and_then_does_not_gain_time(settings: Any) -> None:
    """The limit is for the whole head: this one sends a byte whenever the server has a look."""
    settings.SERVER_HEAD_SECONDS = 0.2
    with uvicorn_with(bridge_to(said)) as port, client(port) as connection:
        connection.sendall(HEAD + b"X: ")
        while not select.select([connection], [], [], 0.01)[0]:
            connection.sendall(b"a")
        assert refusal(everything(connection)) == (408, "timeout")


def test_the_rest_of_a_refused_body_has_its_time_too(soon: None) -> None:
    """It is thrown away, but not for ever."""
    head = raw("POST /", ["Content-Length: 100000"])
    with uvicorn_with(bridge_to(said)) as port, client(port) as connection:
        connection.sendall(head + b"x" * 1001)
        with connection.makefile("rb") as stream:
            assert answer_in(stream)[0] == 413
        assert everything(connection) == b""


def test_a_client_is_not_late_while_the_server_does_not_read(settings: Any) -> None:
    """Its next request waits behind one that is still being answered."""
    settings.SERVER_BODY_SECONDS = settings.SERVER_HEAD_SECONDS = 0.05
    app = Busy()
    with uvicorn_with(bridge_to(app, max_body=10**7)) as port, client(port) as connection:
        connection.sendall(raw("GET /?first", []) + raw("GET /?next", [])[:-4])
        assert app.asked.acquire(timeout=PATIENCE)
        with client(port) as idle:  # as long as this one lasts, that one has waited too
            assert everything(idle) == b""
        app.go.set()
        with connection.makefile("rb") as stream:
            assert answer_in(stream)[0] == 200


# --- Bodies ---------------------------------------------------------------------------------------


def unfinished(size: int, name: str = "") -> bytes:
    """A request of which ``size`` bytes of the body come, and one byte does not."""
    return raw(f"POST /?{name}", [f"Content-Length: {size + 1}"]) + b"x" * size


def received(connection: socket.socket) -> int:
    with connection.makefile("rb") as stream:
        return answer_in(stream)[0]


def test_bodies_that_are_not_complete_share_one_room(settings: Any) -> None:
    """Over the limit the oldest has to go; who goes on sending is served."""
    settings.SERVER_MAX_BODIES_BYTES = 1000
    with uvicorn_with(bridge_to(said)) as port:
        with client(port) as first, client(port) as second, client(port) as third:
            for connection in first, second, third:
                connection.sendall(b"PUT / HTTP/1.1\r\nHost: localhost\r\n")
                connection.sendall(b"Expect: 100-continue\r\nContent-Length: 401\r\n\r\n")
                assert connection.recv(99).startswith(b"HTTP/1.1 100 ")
                connection.sendall(b"x" * 400)
            answer = everything(first)
            assert refusal(answer) == (503, "overloaded")
            assert b"\r\nretry-after: 1\r\n" in answer
            for connection in second, third:
                connection.sendall(b"x")
                assert received(connection) == 200
        with client(port) as after:  # and all the room is there again
            after.sendall(unfinished(998) + b"x")
            assert received(after) == 200


def test_what_is_said_while_all_room_is_taken_is_served(settings: Any) -> None:
    """By those who send without delay, as a proxy does."""
    settings.SERVER_MAX_BODIES_BYTES = 1000
    with uvicorn_with(bridge_to(said)) as port, client(port) as slow:
        slow.sendall(unfinished(990))
        for _ in range(3):
            with client(port) as connection:
                connection.sendall(raw("POST /", [], b"x" * 500))
                assert received(connection) == 200
        assert refusal(everything(slow)) == (503, "overloaded")


def test_bodies_that_wait_for_a_thread_are_counted(settings: Any) -> None:
    settings.SERVER_MAX_BODIES_BYTES = 1000
    app = Busy()
    with uvicorn_with(bridge_to(app, threads=1)) as port, client(port) as first:
        first.sendall(raw("POST /?first", [], b"x" * 600))
        assert app.asked.acquire(timeout=PATIENCE)
        with client(port) as second:
            second.sendall(raw("POST /?second", [], b"x" * 600))
            assert refusal(everything(second)) == (503, "overloaded")
        app.go.set()
        assert received(first) == 200
        with client(port) as third:
            third.sendall(raw("POST /?third", [], b"x" * 600))
            assert received(third) == 200
    assert app.served == ["first", "third"]


def test_so_many_requests_may_wait_on_one_connection() -> None:
    """And no more: each is an entry in memory before it is served."""
    app = Busy()
    most = protocol.MAX_PIPELINED + 1
    with uvicorn_with(bridge_to(app, threads=1, max_waiting=100)) as port:
        with client(port) as connection:
            connection.sendall(raw("GET /", []) * most)
            assert app.asked.acquire(timeout=PATIENCE)
            app.go.set()
            with connection.makefile("rb") as stream:
                assert [answer_in(stream)[0] for _ in range(most)] == [200] * most
        app.go.clear()
        with client(port) as connection:
            connection.sendall(raw("GET /", []) * (most + 1))
            assert everything(connection) == b""
        app.go.set()


# --- The end --------------------------------------------------------------------------------------


def test_who_hangs_up_is_gone_for_all_of_their_requests() -> None:
    """Also for the one that is being answered while others wait behind it."""
    waited: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * 10, "more_body": True})
        async with asyncio.timeout(PATIENCE):
            while (await receive())["type"] != "http.disconnect":
                pass
        waited.append(True)

    with uvicorn_with(app) as port, client(port) as connection:
        connection.sendall(raw("GET /?first", []) + raw("GET /?next", []))
        assert connection.recv(9) == b"HTTP/1.1 "
    assert waited == [True]


def test_a_server_without_the_limits_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Once, and only there."""
    from config import serving

    for marked in (True, False):
        caplog.clear()
        monkeypatch.setattr(serving, "_known", False)
        scope = {"extensions": {protocol.MARK: {}}} if marked else {}
        for _ in range(2):
            serving.warn_without_limits(scope)
        assert [record.levelname for record in caplog.records] == ([] if marked else ["WARNING"])


def test_a_request_over_this_protocol_bears_the_mark() -> None:
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["extensions"])
        await bridge_to(answering([b"x" * BLOCK]))(scope, receive, send)

    with uvicorn_with(app) as port, client(port) as connection:
        connection.sendall(raw("GET /", []))
        assert received(connection) == 200
    assert seen == [{protocol.MARK: {}}]
