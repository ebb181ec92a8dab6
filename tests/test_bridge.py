"""The bridge to Django: the same answers as from a WSGI server, and none of them for ever."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from http.client import parse_headers
from typing import Any

import pytest
import uvicorn
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

from config import bridge, urls
from config.bridge import Message, Receive, Send, WSGIBridge, environ_of
from config.wsgi import application

def bridge_to(app: Any, *, threads: int = 2, max_waiting: int = 9, max_body: int = 1000) -> Any:
    return WSGIBridge(app, threads=threads, max_waiting=max_waiting, max_body=max_body)


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
JSON = ["Content-Type: application/json"]
REQUESTS: dict[str, tuple[str, list[str], bytes]] = {
    "a query": ("GET /echo/?a=1&b=%C3%BC&a=2&c=a%20b+c", [], b""),
    "a query that is no UTF-8": ("GET /echo/?q=%FF%00", [], b""),
    "a path": ("GET /echo/%C3%BCber/a%20b%2Fc%2525", [], b""),
    "a path that is no UTF-8": ("GET /echo/%FF%C3%BC", [], b""),
    "a full address": ("GET http://localhost/echo/?a=1", [], b""),
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
    "a file that is known": (f"GET {CSS}", ["If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"], b""),
    "another host": ("GET /echo/", ["Host: elsewhere.example"], b""),
}  # fmt: skip


@contextmanager
def uvicorn_with(app: Any) -> Iterator[int]:
    """A real server in a thread; it may be called at once, since its socket listens already."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


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


def raw(line: str, headers: list[str], body: bytes = b"") -> bytes:
    """A request as it is sent."""
    headers = [*headers, "X-Request-ID: r1"]
    headers += [] if any(each.startswith("Host:") for each in headers) else ["Host: localhost"]
    headers += [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([f"{line} HTTP/1.1", *headers, "", ""]).encode("latin-1") + body


def answer_in(stream: Any, method: str = "GET") -> tuple[int, list[tuple[str, str]], bytes]:
    """The next answer: status, headers save those of the server and the connection, body."""
    status, headers, body = int(stream.readline().split()[1]), parse_headers(stream), b""
    if method != "HEAD" and status not in (204, 304):
        if headers["Transfer-Encoding"]:
            while size := int(stream.readline(), 16):
                body += stream.read(size + 2)[:-2]
            stream.readline()
        else:
            length = headers["Content-Length"]
            body = stream.read(int(length) if length else -1)
    own = {"date", "server", "connection", "transfer-encoding"}
    own |= {"content-length"} if status == 304 else set()  # wsgiref says 0
    kept = [(name.lower(), value) for name, value in headers.items() if name.lower() not in own]
    return status, sorted(kept), body


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
