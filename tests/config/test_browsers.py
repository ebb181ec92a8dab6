"""Calls of the API with a token are served without what only browsers need."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from django.test import RequestFactory

from chat.authentication import issue_token
from chat.models import User
from config.wsgi import application
from tests.support.admin import Browser

#: The application closes connections, as a server does.
pytestmark = pytest.mark.django_db(transaction=True)


def ask(path: str, **headers: str) -> tuple[int, dict[str, str], Any]:
    """The served application's response: status, headers and body."""
    environ = RequestFactory().get(path, headers=headers).environ | {"wsgi.input": BytesIO()}
    found: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
        found.update(status=int(status[:3]), headers=dict(headers))

    result = application(environ, start)
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
