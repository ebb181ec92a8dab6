"""Pages of other origins: which may call and read, and which may open a WebSocket."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from chat.models import User
from chat.origins import is_allowed_origin
from tests.support.listening import Stream
from tests.support.wire import Busy, Call, bridge_to

PAGE = "https://app.example"
ELSEWHERE = "https://elsewhere.example"
ALLOW = "Access-Control-Allow-Origin"

#: An address of the native API and some of each gateway, and what its clients ask to send.
CALLED = {
    "/api/v1/me/": "authorization, content-type, x-request-id",
    "/api/v1/events/": "accept, authorization, last-event-id",
    "/api/v5/sessions": "content-type, set-access-token-cookie, x-api-key",
    "/api/v1/markers/messages": "authorization, content-type",
    "/v3/users": "content-type",
    "/v4/group_open_http_svc/get_group_msg_receipt": "authorization, content-type",
    "/org/app/chatgroups/1/acks/2": "authorization, content-type",
    "/org/app/token": "content-type",
}


@pytest.fixture(autouse=True)
def one_page(settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [PAGE]


def preflight(path: str, origin: str, wanted: str = "authorization") -> Any:
    """What a browser asks before a page's request."""
    return Client().options(
        path,
        HTTP_ORIGIN=origin,
        HTTP_ACCESS_CONTROL_REQUEST_METHOD="POST",
        HTTP_ACCESS_CONTROL_REQUEST_HEADERS=wanted,
    )


@pytest.mark.parametrize("path", CALLED)
def test_a_preflight_is_answered_before_anybody_is_authenticated(path: str) -> None:
    """A browser sends no credentials with it; views and unknown addresses would refuse it."""
    answer = preflight(path, PAGE, CALLED[path])
    assert (answer.status_code, answer.content, answer[ALLOW]) == (200, b"", PAGE)
    allowed = answer["Access-Control-Allow-Headers"].split(", ")
    assert set(CALLED[path].split(", ")) <= set(allowed)
    methods = set(answer["Access-Control-Allow-Methods"].split(", "))
    assert {"GET", "POST", "PUT", "PATCH", "DELETE"} <= methods


@pytest.mark.parametrize("path", CALLED)
@pytest.mark.parametrize("origin", [ELSEWHERE, "null", "http://app.example", f"{PAGE}:8443"])
def test_a_preflight_from_elsewhere_allows_nothing(path: str, origin: str) -> None:
    """Scheme, host and port count."""
    answer = preflight(path, origin)
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


def test_by_default_no_page_elsewhere_may_call(settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = []
    assert ALLOW not in preflight("/api/v1/me/", PAGE).headers
    assert ALLOW not in Client().get("/api/v1/me/", HTTP_ORIGIN=PAGE).headers


def test_a_page_reads_answers_refusals_and_when_to_try_again(api: Any, alice: User) -> None:
    """Never with cookies, and caches keep answers to different origins apart."""
    for client, status in (api(alice).client, 200), (Client(), 401):
        answer = client.get("/api/v1/me/", HTTP_ORIGIN=PAGE)
        assert (answer.status_code, answer[ALLOW]) == (status, PAGE)
        exposed = "RateLimit, RateLimit-Policy, Retry-After, X-Request-ID"
        assert answer["Access-Control-Expose-Headers"] == exposed
        assert "origin" in answer["Vary"].lower()
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_plain_http_is_sent_to_https_readably(settings: Any) -> None:
    """The redirect has the header, too, or a page would learn nothing."""
    settings.SECURE_SSL_REDIRECT = True
    answer = Client().get("/api/v1/me/", HTTP_ORIGIN=PAGE)
    assert (answer.status_code, answer[ALLOW]) == (301, PAGE)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/admin/", "/admin/login/", "/healthz/", "/demo/token/"])
def test_pages_of_the_service_are_for_nobody_elsewhere(path: str) -> None:
    for answer in preflight(path, PAGE), Client().get(path, HTTP_ORIGIN=PAGE):
        assert ALLOW not in answer.headers


@pytest.mark.parametrize(("origin", "allowed"), [(PAGE, PAGE), (ELSEWHERE, None), (None, None)])
def test_a_stream_can_be_read_by_a_page(
    port: int, alice: User, settings: Any, origin: str | None, allowed: str | None
) -> None:
    """Also the refusal of one too many."""
    headers = {"Origin": origin} if origin else {}
    settings.EVENTS_MAX_STREAMS_EACH = 1
    first = Stream(port, alice, **headers)
    assert first.block().fields == {"retry": "2000"}
    second = Stream(port, alice, **headers)
    assert [(each.status, each.headers[ALLOW]) for each in (first, second)] == [
        (200, allowed), (503, allowed),
    ]  # fmt: skip
    for each in first, second:
        each.close()


@pytest.mark.parametrize(("origin", "allowed"), [(PAGE, PAGE.encode()), (ELSEWHERE, None)])
def test_a_refusal_before_django_can_be_read_by_a_page(origin: str, allowed: bytes | None) -> None:
    """A body that is too large never comes to the middleware."""
    headers = [(b"origin", origin.encode())]
    status, said, _ = (
        Call(b"x" * 2000, method="POST", headers=headers).alone(bridge_to(Busy())).answer
    )
    assert (status, said.get(b"access-control-allow-origin")) == (413, allowed)


@pytest.mark.parametrize(
    ("origin", "host", "is_allowed"),
    [
        (None, "seenby.example", True),
        (None, None, True),
        (PAGE, "seenby.example", True),
        (PAGE, None, True),
        ("https://seenby.example", "seenby.example", True),
        ("http://seenby.example", "seenby.example", True),
        ("https://Seenby.example", "SEENBY.EXAMPLE", True),
        ("https://seenby.example", "seenby.example:443", True),
        ("http://seenby.example:8000", "seenby.example:8000", True),
        ("http://[::1]:8000", "[::1]:8000", True),
        ("http://seenby.example:8000", "seenby.example", False),
        ("http://seenby.example", "seenby.example:8000", False),
        ("https://seenby.example.elsewhere.example", "seenby.example", False),
        ("https://notseenby.example", "seenby.example", False),
        ("https://rebound.example", "rebound.example", False),
        (ELSEWHERE, "seenby.example", False),
        ("null", "seenby.example", False),
        ("null", "null", False),
        ("null", None, False),
        ("", "", False),
        ("https://", "", False),
        ("seenby.example", "seenby.example", False),
        ("http://app.example", "seenby.example", False),
        (f"{PAGE}:8443", "seenby.example", False),
        (f"{PAGE}/", "seenby.example", False),
    ],
)
def test_who_may_open_a_websocket(
    settings: Any, origin: str | None, host: str | None, is_allowed: bool
) -> None:
    """Clients that are no browsers, pages of this service, and those that are listed."""
    settings.ALLOWED_HOSTS = ["seenby.example", "[::1]"]
    assert is_allowed_origin(origin, host) is is_allowed
