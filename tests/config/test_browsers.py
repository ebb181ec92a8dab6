"""Calls of the API with a token are served without what only browsers need."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory

from chat.authentication import issue_token
from chat.models import User
from config.browsers import with_handler_of_tokens
from config.wsgi import _django as full_handler
from config.wsgi import application
from tests.support.admin import Browser

#: The application closes connections, as a server does.
pytestmark = pytest.mark.django_db(transaction=True)


def ask(
    path: str, served_by: Any = application, secure: bool = False, **headers: str
) -> tuple[int, dict[str, str], Any]:
    """The served application's response: status, headers and body."""
    asked = RequestFactory().get(path, headers=headers, secure=secure)
    environ = asked.environ | {"wsgi.input": BytesIO()}
    found: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
        found.update(status=int(status[:3]), headers=dict(headers))

    result = served_by(environ, start)
    body = b"".join(result)
    is_json = found["headers"].get("Content-Type") == "application/json"
    return found["status"], found["headers"], json.loads(body) if is_json else body


@pytest.fixture
def cookie() -> str:
    """The session of a superuser."""
    cookies = Browser(User.objects.create_superuser("root")).client.cookies
    return f"sessionid={cookies['sessionid'].value}"


def test_a_token_decides_who_calls_whatever_the_cookie_says(bob: User, cookie: str) -> None:
    status, _, me = ask("/api/v1/me/", authorization=f"Bearer {issue_token(bob)[0]}", cookie=cookie)
    assert (status, me["username"]) == (200, "bob")


def test_a_token_that_is_not_valid_does_not_fall_back_to_the_session(cookie: str) -> None:
    status, _, answer = ask("/api/v1/me/", authorization="bearer nonsense", cookie=cookie)
    assert (status, answer["code"]) == (401, "token_invalid")


def test_without_a_token_the_session_decides(cookie: str) -> None:
    status, _, me = ask("/api/v1/me/", cookie=cookie)
    assert (status, me["username"]) == (200, "root")


def test_a_page_is_served_to_a_browser_that_sends_a_token_everywhere(bob: User) -> None:
    """Only the API is served without sessions; the admin asks for one as ever."""
    status, headers, _ = ask("/admin/", authorization=f"Bearer {issue_token(bob)[0]}")
    assert (status, headers["Location"]) == (302, "/admin/login/?next=/admin/")


def test_a_page_of_the_api_has_its_policies(bob: User) -> None:
    status, headers, _ = ask("/api/v1/docs/", authorization=f"Bearer {issue_token(bob)[0]}")
    assert (status, headers["X-Frame-Options"]) == (200, "DENY")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


ANSWERS = {
    "JSON": "/api/v1/me/",
    "a page": "/api/v1/docs/",
    "a file": "/api/v1/schema/",
    "wrong": "/api/v1/me/?what=1",
    "not found": "/api/v1/nowhere/",
    "a host that is not ours": "/api/v1/me/",
}


@pytest.mark.parametrize("secure", [False, True], ids=["HTTP", "HTTPS"])
@pytest.mark.parametrize("origin", [None, "https://chat.example", "https://evil.example"])
@pytest.mark.parametrize("what", ANSWERS)
def test_a_call_with_a_token_gets_the_headers_of_any_other(
    bob: User, settings: Any, what: str, origin: str | None, secure: bool
) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://chat.example"]
    settings.THROTTLE_USER_READS = 0  # else its headers count down
    headers = {"authorization": f"Bearer {issue_token(bob)[0]}", "x-request-id": "the-same"}
    headers |= {"origin": origin} if origin else {}
    headers |= {"host": "other.example"} if "host" in what else {}
    status, own, body = ask(ANSWERS[what], application, secure, **headers)
    full_status, full, full_body = ask(ANSWERS[what], full_handler, secure, **headers)
    assert (status, body) == (full_status, full_body)
    # A wrong host is refused before the others' middlewares could add their headers.
    added = own.keys() - full.keys() if "host" in what else set()
    assert own == full | {name: own[name] for name in added}


def test_a_call_without_https_is_sent_to_it(bob: User, settings: Any) -> None:
    """By the middleware that does so for pages."""
    settings.SECURE_SSL_REDIRECT = True
    served = with_handler_of_tokens(WSGIHandler())
    headers = {"authorization": f"Bearer {issue_token(bob)[0]}"}
    status, answered, _ = ask("/api/v1/me/", served, **headers)
    assert (status, answered["Location"]) == (301, "https://testserver/api/v1/me/")
    assert ask("/api/v1/me/", served, secure=True, **headers)[0] == 200


def test_an_address_with_an_encoded_slash_is_served_again_and_again(service_key: str) -> None:
    """The view of an address is looked up once; its arguments stay as they are."""
    headers = {"authorization": f"Bearer {service_key}"}
    User.objects.create(username="a/b")
    for _ in range(2):
        status, _, user = ask("/api/v1/users/a\x1fb/", **headers)
        assert (status, user["username"]) == (200, "a/b")
        assert ask("/api/v1/users/a/", **headers)[0] == 404


def test_a_long_address_is_served(service_key: str) -> None:
    """Long ones are not remembered, since they would fill the memory."""
    name = User.objects.create(username=150 * "a").username
    status, _, user = ask(f"/api/v1/users/{name}/", authorization=f"Bearer {service_key}")
    assert (status, user["username"]) == (200, name)
