"""Service keys in the admin: issued and revoked there, in words, and shown once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from chat.models import ServiceKey, User
from tests.support.admin import Browser, appointed, listed, plain

LIST = "chat/servicekey/"


@pytest.fixture
def root(db: None) -> Browser:
    return Browser(User.objects.create_superuser("root"))


def issue(browser: Browser, account: str, *scopes: str, status: int = 200) -> str:
    return browser.post(f"{LIST}add/", {"account": account, "scopes": list(scopes)}, status=status)


def test_a_superuser_issues_a_key_which_is_shown_once(root: Browser, api: Any) -> None:
    """And it opens what its scopes say."""
    page = issue(root, "my-app", "read", "users")
    (key,) = re.findall(r"sk_[\w-]+", page)
    api(key).get("/users/")
    stored = ServiceKey.objects.get()
    assert (stored.user.username, stored.user.is_service) == ("my-app", True)
    assert stored.scopes == ["read", "users"]
    for path in (LIST, f"{LIST}{stored.pk}/change/", f"{LIST}{stored.pk}/history/", ""):
        assert key not in root.get(path)
    entry = LogEntry.objects.get()
    assert (entry.object_repr, entry.change_message) == ("my-app", "Issued.")


@pytest.mark.parametrize(
    ("account", "scopes"), [("alice", ["read"]), ("", ["read"]), ("app", []),
                            ("app", ["everything"])],
)  # fmt: skip
def test_none_is_issued_for_what_is_wrong(
    root: Browser, alice: User, account: str, scopes: list[str]
) -> None:
    """A person's username, none, no scope, or an unknown one."""
    page = issue(root, account, *scopes)
    assert 'class="errorlist"' in page
    assert "sk_" not in page
    assert not ServiceKey.objects.exists()
    assert not LogEntry.objects.exists()


def test_moderators_issue_and_see_none(moderator: User, service_key: str) -> None:
    mia = Browser(appointed(moderator))
    for path in (LIST, f"{LIST}add/", f"{LIST}{ServiceKey.objects.get().pk}/change/"):
        mia.get(path, status=403)
    issue(mia, "mine", "read", status=403)
    assert ServiceKey.objects.count() == 1


def test_a_page_says_what_a_key_may_do_in_words(root: Browser, service_key: str) -> None:
    """And how another is issued; there is nothing to save."""
    page = plain(root.get(f"{LIST}{ServiceKey.objects.get().pk}/change/"))
    assert "Conversations, messages and marks, for any user" in page
    assert "manage.py issue_service_key" in page
    for word in ("Save", "[", "Change service key"):
        assert word not in page


def test_a_key_is_revoked_on_its_page_and_found_by_its_state(
    root: Browser, api: Any, service_key: str
) -> None:
    key = ServiceKey.objects.get()
    assert listed(root.get(f"{LIST}?state=used")) == [key.name]
    assert "Revoke" in plain(root.get(f"{LIST}{key.pk}/change/"))
    root.post(LIST, {"action": "revoke", "_selected_action": key.pk})
    api(service_key).get("/users/", status=401)
    assert listed(root.get(f"{LIST}?state=used")) == []
    assert listed(root.get(f"{LIST}?state=revoked&q={key.name}")) == [key.name]
    page = root.get(f"{LIST}{key.pk}/change/")
    assert "<dt>Revoked</dt>" in page
    assert ">Revoke</button>" not in page
