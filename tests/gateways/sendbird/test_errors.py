"""Every error in Sendbird's shape, whatever is sent: HTTP 400 and one of its codes."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import clear_url_caches, set_urlconf

from chat.authentication import issue_token
from chat.models import Conversation, ServiceKey, User
from receipts.gateways.sendbird import members
from tests.support.sendbird import Sendbird, url_of

CHANNEL = "/group_channels/{channel}"
MARK = f"{CHANNEL}/messages/mark_as_read"
SEND = f"{CHANNEL}/messages"

REFUSALS: list[tuple[str, str, Any, int]] = [
    ("GET", "/users/nobody", None, 400201),
    ("GET", "/group_channels/missing", None, 400201),
    ("GET", "/group_channels/seenby_999999", None, 400201),
    ("GET", "/group_channels/seenby_99999999999999999999999", None, 400201),
    ("GET", f"{CHANNEL}/messages/999999", None, 400201),
    ("GET", f"{CHANNEL}/messages/99999999999999999999999", None, 400201),
    ("PUT", MARK, {"user_id": "nobody"}, 400201),
    ("PUT", MARK, {"user_id": "bob", "message_id": 999999}, 400201),
    ("POST", f"{CHANNEL}/invite", {"user_ids": ["dave", "nobody"]}, 400201),
    ("PUT", "/users/bob/mark_as_read_all", {"channel_urls": ["{channel}", "missing"]}, 400201),
    ("POST", "/users", {"user_id": "alice", "nickname": "A"}, 400202),
    ("POST", "/users", {"user_id": "a\tb", "nickname": "A"}, 400111),
    ("POST", "/users", {"user_id": "x" * 256}, 400110),
    ("POST", "/users", {"nickname": "A"}, 400105),
    ("POST", "/users", {"user_id": 5}, 400100),
    ("POST", "/users", {"user_id": "a\x00b"}, 400151),
    ("POST", "/users", {"user_id": "erin", "issue_access_token": "yes"}, 400104),
    ("PUT", MARK, {}, 400105),
    ("PUT", MARK, None, 400105),
    ("PUT", MARK, {"user_id": 5}, 400100),
    ("PUT", MARK, {"user_id": "bob", "timestamp": "soon"}, 400101),
    ("PUT", MARK, {"user_id": "bob", "timestamp": True}, 400101),
    ("PUT", MARK, {"user_id": "bob", "timestamp": -5}, 400106),
    ("PUT", MARK, {"user_id": "bob", "timestamp": 2**70}, 400101),
    ("PUT", MARK, b"{", 400103),
    ("PUT", MARK, b"\xff\xfe", 400103),
    ("PUT", MARK, [1], 400103),
    ("PUT", MARK, b'"bob"', 400103),
    ("PUT", MARK, {"user_id": "dave"}, 400108),
    ("PUT", f"{CHANNEL}/messages/mark_as_delivered", {"user_id": "dave"}, 400108),
    ("POST", SEND, {"user_id": "dave", "message": "hi"}, 400108),
    ("POST", SEND, {"user_id": "alice"}, 400105),
    ("POST", SEND, {"user_id": "alice", "message": "x" * 20_000}, 400111),
    ("POST", SEND, {"user_id": "alice", "message": "hi", "message_type": "FILE"}, 400111),
    ("POST", SEND, {"user_id": "alice", "message": "hi", "created_at": 2**60}, 400113),
    ("POST", SEND, {"user_id": "alice", "message": "hi", "dedup_id": "x" * 256}, 400110),
    ("GET", f"{SEND}?prev_limit=201", None, 400113),
    ("GET", f"{SEND}?message_ts=-1", None, 400106),
    ("GET", f"{SEND}?message_ts=soon", None, 400101),
    ("GET", f"{SEND}?include=perhaps", None, 400104),
    ("GET", "/group_channels?limit=101", None, 400113),
    ("GET", "/group_channels?limit=0", None, 400113),
    ("GET", "/group_channels?token=nonsense", None, 400109),
    ("GET", "/group_channels?order=random", None, 400111),
    ("GET", "/group_channels?custom_types=a", None, 400111),
    ("GET", "/users/bob/my_group_channels?unread_filter=x", None, 400111),
    ("GET", "/users/bob/unread_item_count?item_keys=x", None, 400111),
    ("POST", "/group_channels", {"user_ids": "bob"}, 400102),
    ("POST", "/group_channels", {"user_ids": [["bob"]]}, 400102),
    ("POST", "/group_channels", {"users": [5]}, 400102),
    ("POST", "/group_channels", {"users": [{}]}, 400105),
    ("POST", "/group_channels", {"user_ids": ["bob"], "channel_url": "x" * 300}, 400110),
    ("POST", "/group_channels", {"user_ids": ["bob"], "channel_url": "a\nb"}, 400111),
    ("POST", "/group_channels", {"user_ids": ["bob"], "name": "a\x00"}, 400151),
    ("PUT", f"{CHANNEL}/leave", {}, 400105),
    ("POST", f"{CHANNEL}/invite", {"user_ids": []}, 400105),
    ("DELETE", f"{CHANNEL}/messages/mark_as_read", None, 400114),
    ("PATCH", "/users/bob", {}, 400114),
    ("OPTIONS", "/users/bob", None, 400114),
]


@pytest.mark.parametrize(("method", "path", "body", "code"), REFUSALS)
def test_what_is_wrong_has_the_vendors_code(
    sendbird: Sendbird,
    group: Conversation,
    dave: User,
    method: str,
    path: str,
    body: Any,
    code: int,
) -> None:
    """Never another shape, never an HTML page; and nothing is partly done."""
    path = path.replace("{channel}", url_of(group))
    if isinstance(body, dict) and "channel_urls" in body:
        body = {"channel_urls": [url_of(group), "missing"]}
    assert sendbird.refused(method, path, body) == code
    assert group.participants.count() == 3


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "/"), ("GET", "/users/"), ("GET", "/open_channels"),
     ("POST", "/sdk/users/bob/authentication")],
)  # fmt: skip
def test_an_address_that_is_not_there_is_404(
    sendbird: Sendbird, group: Conversation, method: str, path: str
) -> None:
    """In the vendor's shape, never an HTML page."""
    assert sendbird.refused(method, path, status=404) == 400114


def test_a_deactivated_user_is_named_so(
    sendbird: Sendbird, api: Any, service_key: str, group: Conversation
) -> None:
    """400300."""
    api(service_key).patch("/users/bob/", {"is_active": False})
    path = f"/group_channels/{url_of(group)}"
    assert sendbird.refused("PUT", f"{path}/messages/mark_as_read", {"user_id": "bob"}) == 400300
    assert sendbird.refused("PUT", f"{path}/join", {"user_id": "bob"}) == 400300
    assert sendbird.get("/users/bob")["is_active"] is False


@pytest.mark.parametrize("key", [None, "", "sk_unknown", "nonsense", "sk_\u00e9"])
def test_no_call_goes_without_a_key(group: Conversation, key: str | None) -> None:
    """One SDK sends calls without a token, so the server must refuse them."""
    stranger = Sendbird(key)
    for method, path in (("GET", "/users/bob"), ("GET", "/group_channels"), ("GET", "/nothing")):
        assert stranger.refused(method, path) == 400108
    path = f"/group_channels/{url_of(group)}/messages/mark_as_read"
    assert stranger.refused("PUT", path, {"user_id": "bob"}) == 400108


def test_neither_a_persons_token_nor_a_session_is_a_key(alice: User, moderator: User) -> None:
    """Rule 18: only a service account acts for any user."""
    token = issue_token(alice)[0]
    assert Sendbird(token).refused("GET", "/users/alice") == 400108
    caller = Sendbird(None)
    caller.headers = {"Authorization": f"Bearer {token}"}
    assert caller.refused("GET", "/users/alice") == 400108
    caller.headers = {}
    caller.client.force_login(moderator)
    assert caller.refused("GET", "/users/alice") == 400108


def test_a_key_needs_the_scope_of_what_it_calls(group: Conversation, service_key: str) -> None:
    """The scopes are those of the native API, and a revoked key is refused."""
    backend = User.objects.get(username="backend")
    reader = Sendbird(ServiceKey.issue(user=backend, name="reader", scopes=["read"]))
    assert reader.get("/users/bob")["user_id"] == "bob"
    assert reader.refused("POST", "/users", {"user_id": "erin"}) == 400108
    writer = Sendbird(ServiceKey.issue(user=backend, name="writer", scopes=["write"]))
    path = f"/group_channels/{url_of(group)}/messages"
    assert writer.put(f"{path}/mark_as_read", {"user_id": "bob"}) == {}
    assert writer.refused("GET", path) == 400108
    assert writer.refused("POST", "/users", {"user_id": "erin"}) == 400108


def test_what_goes_wrong_here_is_told_in_that_shape_too(
    sendbird: Sendbird, group: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 with 500901; the exception is in the log."""

    def fail(*_: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(members, "channel_named", fail)
    path = f"/group_channels/{url_of(group)}/members"
    assert sendbird.refused("GET", path, status=500) == 500901


def test_too_many_requests(sendbird: Sendbird, group: Conversation, settings: Any) -> None:
    """429 with 500910."""
    settings.THROTTLE_KEY_READS = 1
    sendbird.get("/users/bob")
    assert sendbird.refused("GET", "/users/bob", status=429) == 500910


def test_a_gateway_that_is_off_is_not_there(sendbird: Sendbird, alice: User) -> None:
    """``GATEWAYS``: none by default in production."""
    from importlib import reload

    import config.urls

    try:
        with override_settings(GATEWAYS=[]):
            reload(config.urls)
            clear_url_caches()
            answer = Client().get("/v3/users/alice", headers=sendbird.headers)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    finally:
        reload(config.urls)
        clear_url_caches()
        set_urlconf(None)
    assert sendbird.get("/users/alice")["user_id"] == "alice"
