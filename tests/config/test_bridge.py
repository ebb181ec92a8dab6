"""The bridge to Django: the same answers as from a WSGI server, and none of them for ever."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.servers.basehttp import WSGIRequestHandler, WSGIServer
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path
from rest_framework.decorators import (
    api_view,
    authentication_classes,
    permission_classes,
    throttle_classes,
)
from rest_framework.request import Request
from rest_framework.response import Response

from config import urls
from config.environ import environ_of
from config.logs import request_id
from config.wsgi import application
from receipts.feed.asgi import AsgiMessage
from tests.support.wire import (
    Busy,
    Call,
    Result,
    answer_in,
    answering,
    bridge_to,
    raw,
    uvicorn_with,
)

# --- Views of which the answer shows what reached Django ------------------------------------------

SEEN = ("CONTENT_LENGTH", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "REQUEST_METHOD")
SEEN += ("SCRIPT_NAME", "SERVER_PROTOCOL", "wsgi.url_scheme")


@api_view(["GET", "POST", "PATCH", "DELETE"])
@authentication_classes([])
@permission_classes([])
@throttle_classes([])
def echo(request: Request, rest: str = "") -> Response:
    meta = {k: v for k, v in request.META.items() if k.startswith("HTTP_") or (v and k in SEEN)}
    said = {"rest": rest, "query": dict(request.query_params.lists()), "data": request.data}
    said |= {"meta": dict(sorted(meta.items())), "cookies": request.COOKIES, "path": request.path}
    return Response(said | {"filler": "x" * int(request.query_params.get("big", 0))})


def streamed(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(b"%d\n" % number for number in range(100))


def cookies(request: HttpRequest) -> HttpResponse:
    answer = JsonResponse({})
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer


urlpatterns = [
    path("echo/", echo),
    path("echo/<path:rest>", echo),
    path("streamed/", streamed),
    path("cookies/", cookies),
    path("", lambda request: HttpResponse(status=204)),
    *urls.urlpatterns,
]

# --- Beside a WSGI server -------------------------------------------------------------------------

CSS = "/static/admin/css/base.css"
KNOWN = "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"
JSON = ["Content-Type: application/json"]
REQUESTS: dict[str, tuple[str, list[str], bytes]] = {
    "a query": ("GET /echo/?a=1&b=%C3%BC&a=2&c=a%20b+c", [], b""),
    "a query that is no UTF-8": ("GET /echo/?q=%FF%00", [], b""),
    "a path": ("GET /echo/%C3%BCber/a%20b/c%2525", [], b""),
    "a path that is no UTF-8": ("GET /echo/%FF%C3%BC", [], b""),
    "nothing there": ("GET /nothing/?a=1", [], b""),
    "nobody": ("GET /api/v1/me/", [], b""),
    "nothing to say": ("GET /", [], b""),
    "JSON": ("POST /echo/", JSON, '{"name": "Zoë"}'.encode()),
    "broken JSON": ("POST /echo/", JSON, b'{"name"'),
    "a form": ("POST /echo/", ["Content-Type: application/x-www-form-urlencoded"], b"a=1"),
    "no body": ("POST /echo/", [], b""),
    "an empty body": ("PATCH /echo/", [*JSON, "Content-Length: 0"], b""),
    "a wrong method": ("PUT /echo/", JSON, b"{}"),
    "a method with a name of its own": ("PROPFIND /echo/", [], b""),
    "HEAD": ("HEAD /echo/?big=100000", [], b""),
    "HEAD of a stream": ("HEAD /streamed/", [], b""),
    "HEAD of a file": (f"HEAD {CSS}", [], b""),
    "cookies": ("GET /echo/", ["Cookie: a=1; b=2"], b""),
    "cookies back": ("GET /cookies/", [], b""),
    "repeated headers": ("GET /echo/", ["X-Thing: a", "Accept: */*", "x-thing: b"], b""),
    "a header posing as another": ("GET /echo/", ["X_Request_ID: hers", "X_Thing: a"], b""),
    "an empty header": ("GET /echo/", ["X-Thing:"], b""),
    "a header beyond ASCII": ("GET /echo/", ["X-Thing: Zoë"], b""),
    "much to say": ("GET /echo/?big=3000000", [], b""),
    "the schema": ("GET /api/v1/schema/", [], b""),
    "a stream": ("GET /streamed/", [], b""),
    "a file": (f"GET {CSS}", [], b""),
    "a part of a file": (f"GET {CSS}", ["Range: bytes=10-19"], b""),
    "a file that is known": (f"GET {CSS}", [KNOWN], b""),
    "another host": ("GET /echo/", ["Host: elsewhere.example"], b""),
}  # fmt: skip


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[int, int]]:
    """Where the bridge serves Django, and where Django's own WSGI server does."""
    other = WSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
    other.set_app(application)
    thread = threading.Thread(target=other.serve_forever, args=(0.01,))
    thread.start()
    with uvicorn_with(bridge_to(application)) as port:
        yield port, other.server_port
    other.shutdown()
    thread.join()
    other.server_close()


@pytest.fixture
def echoing(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_answered_as_by_a_wsgi_server(
    ports: tuple[int, int], echoing: None, name: str
) -> None:
    """To the letter; only the connection and what servers say of themselves are their own."""
    line, headers, body = REQUESTS[name]
    answers = []
    for port in ports:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(raw(line, [*headers, "Connection: close"], body))
            with client.makefile("rb") as stream:
                answers.append(answer_in(stream, line.split()[0]))
    assert answers[0] == answers[1]


# --- On the wire ----------------------------------------------------------------------------------


def said_on_one_connection(port: int, sent: bytes, answers: int) -> list[Any]:
    """Send all of it at once, and read so many answers."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(sent)
        with client.makefile("rb") as stream:
            return [answer_in(stream) for _ in range(answers)]


def in_chunks(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))


CHUNKED = [*JSON, "Transfer-Encoding: chunked"]


def test_a_body_in_chunks_is_read(ports: tuple[int, int], echoing: None) -> None:
    """Passed over, a mark ``up_to_message`` would be one of everything."""
    sent = raw("POST /echo/", CHUNKED) + in_chunks(b'{"up_to_', b'message": 1}')
    [(status, _, body)] = said_on_one_connection(ports[0], sent, 1)
    answer = json.loads(body)
    assert (status, answer["data"]) == (200, {"up_to_message": 1})
    assert answer["meta"]["CONTENT_LENGTH"] == "20"
    assert "HTTP_TRANSFER_ENCODING" not in answer["meta"]


def test_a_connection_serves_one_request_after_another(
    ports: tuple[int, int], echoing: None
) -> None:
    """Also when they come all at once, and after one that was refused amid its body."""
    sent = raw("POST /echo/?n=1", CHUNKED) + in_chunks(b"{}")
    sent += raw("POST /echo/?n=2", CHUNKED) + in_chunks(b"x" * 900, b"x" * 101, b"x" * 900)
    sent += raw("POST /echo/?n=3", JSON, b"x" * 1001) + raw("GET /streamed/", [])
    sent += raw("GET /echo/?n=5", [])
    answers = said_on_one_connection(ports[0], sent, 5)
    assert [status for status, _, _ in answers] == [200, 413, 413, 200, 200]
    assert answers[3][2].startswith(b"0\n1\n2\n")
    assert [json.loads(answers[n][2])["query"]["n"] for n in (0, 4)] == [["1"], ["5"]]


def test_who_asks_before_sending_too_much_is_refused(ports: tuple[int, int]) -> None:
    """And the connection closed: what came next on it could be that body or a request."""
    head = raw("POST /echo/", ["Expect: 100-continue", "Content-Length: 1001"])
    with socket.create_connection(("127.0.0.1", ports[0])) as client:
        client.sendall(head)
        with client.makefile("rb") as stream:
            answer = stream.read()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nconnection: close\r\n" in answer


def test_a_stream_ends_when_its_client_hangs_up(caplog: pytest.LogCaptureFixture) -> None:
    """Its thread is free again, and nobody's log has an error in it."""
    pieces = iter(range(10_000))
    result = Result(b"x" * 100_000 for _ in pieces)
    with uvicorn_with(bridge_to(answering(result))) as port:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(raw("GET /", []))
            assert client.recv(9) == b"HTTP/1.1 "
        assert result.closed.wait(60)
    assert next(pieces, None) is not None
    assert [each for each in caplog.records if each.levelno > logging.INFO] == []


# --- By itself ------------------------------------------------------------------------------------


def never(environ: dict[str, Any], start_response: Any) -> Any:
    pytest.fail("This request is not for the application.")


def test_a_body_is_refused_as_soon_as_it_is_too_large() -> None:
    """MAX_REQUEST_BYTES: what is left of it is not read."""
    told = Call(b"x" * 50, headers=[(b"content-length", b"51")]).alone(
        bridge_to(never, max_body=50)
    )
    assert (told.refusal, len(told.body)) == ((413, "request_too_large"), 1)
    untold = Call(b"x" * 50, b"x", b"x").alone(bridge_to(never, max_body=50))
    assert (untold.refusal, len(untold.body)) == ((413, "request_too_large"), 1)


def test_a_body_may_be_as_large_as_it_may() -> None:
    """One byte less than is too large; no length is made up for a body that is not there."""
    seen: list[Any] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append((environ.get("CONTENT_LENGTH"), environ["wsgi.input"].read()))
        start_response("200 OK", [])
        return []

    for body in ([b"x" * 25] * 2, [b""], [b"", b""]):
        assert Call(*body).alone(bridge_to(app, max_body=50)).answer == (200, {}, b"")
    assert seen == [("50", b"x" * 50), (None, b""), (None, b"")]


def test_who_hangs_up_amid_the_body_has_asked_nothing() -> None:
    """What it was going to say is not known."""
    call = Call(b"{", b"}")
    call.body.pop()
    call.hangs_up.set()

    async def receive() -> AsgiMessage:
        return await Call.receive(call) | {"more_body": True}

    call.receive = receive  # type: ignore[method-assign]
    assert call.alone(bridge_to(never)).sent == []


def test_a_crowd_is_told_to_come_later() -> None:
    """SERVER_THREADS are served, SERVER_MAX_WAITING wait; there is room again when one is done."""

    async def crowd() -> None:
        app = Busy()
        bridge = bridge_to(app, threads=2, max_waiting=1)
        calls = [Call() for _ in range(4)]
        tasks = [asyncio.create_task(call.to(bridge)) for call in calls]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert [task.done() for task in tasks] == [False, False, False, True]
        assert calls[3].refusal == (503, "overloaded")
        assert calls[3].answer[1][b"retry-after"] == b"1"
        app.go.set()
        await asyncio.gather(*tasks)
        last = Call()
        await last.to(bridge)
        assert [call.answer[0] for call in (*calls[:3], last)] == [200] * 4

    asyncio.run(asyncio.wait_for(crowd(), 60))


def test_who_hangs_up_while_waiting_is_not_served(caplog: pytest.LogCaptureFixture) -> None:
    """And leaves its place to another one."""

    async def queue() -> None:
        app = Busy()
        bridge = bridge_to(app, threads=1, max_waiting=1)
        calls = [Call(query_string=name) for name in (b"first", b"gone", b"next")]
        first, gone = (asyncio.create_task(call.to(bridge)) for call in calls[:2])
        calls[1].hangs_up.set()
        await gone
        third = asyncio.create_task(calls[2].to(bridge))
        app.go.set()
        await asyncio.gather(first, third)
        assert app.served == ["first", "next"]
        assert [bool(call.sent) for call in calls] == [True, False, True]

    asyncio.run(asyncio.wait_for(queue(), 60))
    assert caplog.records == []


def fails(error: type[BaseException], *chunks: bytes) -> Iterator[bytes]:
    yield from chunks
    raise error("on purpose")


@pytest.mark.parametrize("error", [ValueError, SystemExit, StopIteration, asyncio.CancelledError])
def test_a_failure_is_500_and_in_the_log(
    caplog: pytest.LogCaptureFixture, error: type[BaseException]
) -> None:
    """Whatever it is, and the next request is served."""

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["QUERY_STRING"]:
            raise error("on purpose")
        return answering([b"fine"])(environ, start_response)

    bridge = bridge_to(app, threads=1)
    assert Call(query_string=b"fail").alone(bridge).refusal == (500, "error")
    assert "on purpose" in caplog.text
    assert Call().alone(bridge).answer == (200, {}, b"fine")


def test_a_failure_before_the_first_piece_is_500(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing has been sent yet."""
    result = Result(fails(ValueError, b""))
    assert Call().alone(bridge_to(answering(result))).refusal == (500, "error")
    assert "on purpose" in caplog.text
    assert result.closed.is_set()


def test_a_failure_amid_a_stream_leaves_it_unfinished(caplog: pytest.LogCaptureFixture) -> None:
    """The server cuts the connection then, so that nobody takes it for the whole."""
    result = Result(fails(ValueError, b"a", b"b"))
    call = Call().alone(bridge_to(answering(result)))
    assert [each.get("body") for each in call.sent] == [None, b"a", b"b"]
    assert all(each["more_body"] for each in call.sent[1:])
    assert "on purpose" in caplog.text
    assert result.closed.is_set()


def test_a_stream_goes_out_piece_by_piece() -> None:
    """None is made before the last one has been taken; empty ones say nothing."""
    call, made = Call(), []

    def pieces() -> Iterator[bytes]:
        for piece in (b"", b"a", b"", b"b", b"c"):
            made.append((piece, b"".join(each.get("body", b"") for each in call.sent)))
            yield piece

    result = Result(pieces())
    assert call.alone(bridge_to(answering(result))).answer == (200, {}, b"abc")
    assert made == [(b"", b""), (b"a", b""), (b"", b"a"), (b"b", b"a"), (b"c", b"ab")]
    assert [each.get("body") for each in call.sent] == [None, b"a", b"b", b"c", b""]


@pytest.mark.parametrize(
    ("method", "chunks", "length"),
    [
        ("GET", [b"ab"], "2"),
        ("GET", [b"a", b"b"], "2"),
        ("HEAD", [b"a", b"b"], "2"),
        ("GET", [], "0"),
    ],
)
def test_what_an_application_gives_back_is_closed_by_its_thread(
    method: str, chunks: list[bytes], length: str
) -> None:
    """A database connection is put back by the thread that took it."""
    threads, result = [], Result(chunks)

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        threads.append(threading.get_ident())
        return answering(result, ("Content-Length", length))(environ, start_response)

    call = Call(method=method).alone(bridge_to(app))
    body = b"" if method == "HEAD" else b"".join(chunks)
    assert call.answer == (200, {b"content-length": length.encode()}, body)
    assert [result.closed_by] == threads != [threading.get_ident()]


def test_an_answer_leaves_in_one_packet() -> None:
    """Between its head and its body, the event loop gets no turn to send the one alone."""
    call, order = Call(), []

    async def send(message: AsgiMessage) -> None:
        order.append(message["type"])
        asyncio.get_running_loop().call_soon(order.append, "turn")

    call.send = send  # type: ignore[method-assign]
    call.alone(bridge_to(answering([b"abc"], ("Content-Length", "3"))))
    assert order[:2] == ["http.response.start", "http.response.body"]
    assert set(order[2:]) == {"turn"}


@pytest.mark.parametrize("how", ["hung up", "too slow", "cut off", "server stops"])
def test_a_stream_that_nobody_takes_ends(caplog: pytest.LogCaptureFixture, how: str) -> None:
    """However its client is lost, the next request finds the thread free, and the log no error."""
    result, call = Result(b"x" for _ in range(1000)), Call()

    async def lost() -> None:
        serve = bridge_to(
            answering(lambda: result if not result.closed.is_set() else []),
            threads=1,
            patience=0.01 if how == "too slow" else 60,
        )

        async def send(message: AsgiMessage) -> None:
            call.sent.append(message)
            if len(call.sent) == 3:
                if how == "hung up":
                    call.hangs_up.set()
                elif how == "too slow":
                    await asyncio.Event().wait()
                elif how == "server stops":
                    task.cancel()
                else:
                    raise ConnectionResetError

        call.send = send  # type: ignore[method-assign]
        task = asyncio.create_task(call.to(serve))  # type: ignore[arg-type]
        await asyncio.wait([task])
        assert task.cancelled() == (how == "server stops")
        after = Call()
        await after.to(serve)
        assert after.answer == (200, {}, b"")

    asyncio.run(asyncio.wait_for(lost(), 60))
    assert result.closed.is_set()
    assert all(each["more_body"] for each in call.sent[1:])
    assert [each for each in caplog.records if each.levelno > logging.INFO] == []


def test_a_request_id_is_gone_with_its_request() -> None:
    """Threads serve one request after another, each in the same context."""
    seen = []

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        seen.append(request_id.get())
        return application(environ, start_response)

    serve = bridge_to(app, threads=1)
    headers = [(b"host", b"localhost"), (b"x-request-id", b"r1")]
    for _ in range(2):
        answer = Call(raw_path=b"/healthz/", headers=headers).alone(serve).answer
        assert (answer[0], answer[1][b"x-request-id"]) == (200, b"r1")
    assert seen == ["", ""]


# --- The environ ----------------------------------------------------------------------------------


def environ(**scope: Any) -> dict[str, Any]:
    return environ_of(Call(**scope).scope)


def test_a_header_comes_once_and_under_no_other_name() -> None:
    """RFC 3875; cookies are told apart by semicolons. X_Forwarded_For is not a proxy's header."""
    given = [
        (b"x-a", b"1"),
        (b"cookie", b"a=1"),
        (b"x_a", b"2"),
        (b"x-a", b"3"),
        (b"cookie", b"b=2"),
    ]
    given += [(b"content_length", b"9"), (b"content-type", b"text/plain"), (b"x-b", b"\xff")]
    made = environ(headers=given).items()
    assert {name: value for name, value in made if name.startswith(("HTTP", "CONTENT"))} == {
        "HTTP_X_A": "1,3",
        "HTTP_COOKIE": "a=1; b=2",
        "CONTENT_TYPE": "text/plain",
        "HTTP_X_B": "\xff",
    }


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({"raw_path": b"/%C3%BC%20x"}, {"PATH_INFO": "/\xc3\xbc x", "SCRIPT_NAME": ""}),
        ({"raw_path": b"/a%2Fx"}, {"PATH_INFO": "/a\x1fx"}),
        ({"raw_path": "/ü".encode(), "path": "/ü"}, {"PATH_INFO": "/\xc3\xbc"}),
        ({"raw_path": b"/%FF", "path": "/\ufffd"}, {"PATH_INFO": "/\xff"}),
        ({"raw_path": None, "path": "/ü%41"}, {"PATH_INFO": "/\xc3\xbc%41"}),
        (
            {"raw_path": b"/r%C3%BC/x", "root_path": "/rü"},
            {"SCRIPT_NAME": "/r\xc3\xbc", "PATH_INFO": "/x"},
        ),
        ({"query_string": "q=ü&a=%41".encode()}, {"QUERY_STRING": "q=\xc3\xbc&a=%41"}),
        ({"server": ("::1", 8000)}, {"SERVER_NAME": "::1", "SERVER_PORT": "8000"}),
        ({"server": ("/run/socket", None)}, {"SERVER_NAME": "/run/socket", "SERVER_PORT": "80"}),
        ({}, {"SERVER_NAME": "localhost", "SERVER_PORT": "80", "REMOTE_ADDR": ""}),
        ({"client": ("10.0.0.1", 5)}, {"REMOTE_ADDR": "10.0.0.1", "wsgi.url_scheme": "http"}),
        ({"scheme": "https"}, {"wsgi.url_scheme": "https", "wsgi.multithread": True}),
    ],
)
def test_an_environ_is_as_wsgi_wants_it(scope: dict[str, Any], expected: dict[str, Any]) -> None:
    """PEP 3333: paths are unquoted once, and their bytes are characters; but for slashes."""
    made = environ(**scope)
    assert {name: made[name] for name in expected} == expected
