"""The Content-Security-Policy of every HTML page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from chat.models import Message, User
from tests.support.admin import Browser
from tests.support.cast import say

STRICT = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
HEADER = "Content-Security-Policy"


@pytest.fixture
def root(db: None) -> Client:
    return Browser(User.objects.create_superuser("root")).client


@pytest.fixture
def message(group: Any, alice: User) -> Message:
    return say(alice, group)


def pages(message: Message) -> list[str]:
    return [
        "/", "/?as=alice", "/admin/", "/admin/login/", "/admin/password_change/",
        "/admin/chat/message/", f"/admin/chat/message/{message.pk}/change/",
        f"/admin/chat/message/{message.pk}/delete-softly/", "/admin/chat/user/add/",
        f"/admin/chat/user/{message.sender_id}/change/", "/admin/chat/conversation/",
        "/admin/insights/", "/admin/auth/group/add/", "/admin/nothing/at/all/",
    ]  # fmt: skip


def test_no_page_runs_what_is_not_a_file_of_ours(root: Client, message: Message) -> None:
    """The demo, the admin, and its refusals; and none has a script or style within itself."""
    seen = 0
    for path in pages(message):
        answer = root.get(path)
        if answer["Content-Type"].startswith("text/html") and answer.content:
            seen += 1
            assert answer[HEADER] == STRICT, path
            page = answer.content.decode()
            assert not re.findall(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*src=)", page), path
    assert seen >= 12


def test_refusals_are_pages_with_the_policy_too(alice: User) -> None:
    staff = User.objects.create_user("stan", is_staff=True)
    client = Browser(staff).client
    answer = client.get("/admin/chat/message/")
    assert (answer.status_code, answer[HEADER]) == (403, STRICT)
    forged = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x"})
    assert (forged.status_code, forged[HEADER]) == (403, STRICT)


def test_the_docs_allow_the_images_within_their_style_sheet_and_nothing_else(
    db: None, settings: Any
) -> None:
    """Swagger UI's icons are data in its CSS; its script comes from an address of its own."""
    settings.DEMO = False
    answer = Client().get("/api/v1/docs/")
    assert answer[HEADER] == f"{STRICT}; img-src 'self' data:"
    page = answer.content.decode()
    scripts = re.findall(r"<script([^>]*)>", page)
    assert len(scripts) == 4
    assert "demo/docs.js" not in page
    assert all('src="/' in each for each in scripts)
    assert "<style" not in page
    script = Client().get("/api/v1/docs/?script=")
    assert script["Content-Type"].startswith("application/javascript")
    assert b"SwaggerUIBundle(" in script.content


def test_what_is_no_page_has_none(api: Any, alice: User) -> None:
    answer = api(alice).client.get("/api/v1/me/")
    assert HEADER not in answer
