"""Names with slashes in addresses, through a real server: ``%2F`` separates nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import pytest

from chat.addresses import decoded_path, encoded_again
from chat.authentication import issue_token
from chat.models import Conversation, User
from config.environ import environ_of
from config.logs import JSONFormatter, TextFormatter
from receipts import services
from tests.support.listening import PATIENCE, authorization
from tests.support.named import say_named

Ask = Callable[..., tuple[int, Any]]

#: An XMPP occupant, and names that must not be confused with others.
OCCUPANT = "room@chat.example/Ann"
NAMES = [OCCUPANT, "a/b/c", "/", "a/../b", "a%2Fb", "a%252Fb", "é/+ ?#", "u/" * 127 + "u"]


@pytest.fixture
def ask(port: int) -> Ask:
    """``ask(caller, method, path)``: status and JSON of a request, whose path is sent as it is."""

    def ask(
        caller: User | str | None, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        server = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        headers |= authorization(caller) if caller else {}
        sent = None if body is None else json.dumps(body)
        server.request(method, path, sent, {"Content-Type": "application/json", **headers})
        answer = server.getresponse()
        content = answer.read()
        server.close()
        return answer.status, json.loads(content) if content else None

    return ask


def in_path(name: str) -> str:
    return quote(name, safe="")


@pytest.mark.django_db(transaction=True)
class TestOnAServer:
    """The whole service over HTTP."""

    @pytest.mark.parametrize("name", NAMES)
    def test_a_user_is_created_changed_and_found(
        self, ask: Ask, service_key: str, name: str
    ) -> None:
        assert ask(service_key, "POST", "/api/v1/users/", {"username": name})[0] == 201
        user = f"/api/v1/users/{in_path(name)}/"
        status, _ = ask(service_key, "PATCH", user, {"display_name": "Ann"})
        assert status == 200
        status, found = ask(service_key, "GET", user)
        assert (status, found["username"], found["display_name"]) == (200, name, "Ann")
        status, issued = ask(service_key, "POST", f"{user}tokens/")
        assert status == 201
        assert ask(issued["token"], "GET", "/api/v1/me/")[1]["username"] == name

    def test_an_encoded_slash_is_no_separator_and_a_plain_one_is(
        self, ask: Ask, service_key: str
    ) -> None:
        User.objects.create(username="a/tokens")
        User.objects.create(username="a")
        assert ask(service_key, "GET", "/api/v1/users/a%2ftokens/")[1]["username"] == "a/tokens"
        assert ask(service_key, "GET", "/api/v1/users/a/tokens/")[0] == 405
        assert ask(service_key, "GET", "/api/v1%2Fusers/a/")[0] == 404
        assert ask(service_key, "GET", "/api/v1/users%2Fa/")[0] == 404
        assert ask(service_key, "GET", "/api/v1/users/a%2F")[0] == 404

    @pytest.mark.parametrize("other", ["%1F", "%1f", "%1E", "%252F", "/", "%00", "%7F"])
    def test_nothing_else_is_taken_for_a_slash(
        self, ask: Ask, service_key: str, other: str
    ) -> None:
        User.objects.create(username="a/b")
        assert ask(service_key, "GET", f"/api/v1/users/a{other}b/")[0] == 404

    def test_somebody_with_a_slash_takes_part(
        self, ask: Ask, service_key: str, group: Conversation
    ) -> None:
        ann = User.objects.create(username=OCCUPANT)
        services.add_participant(conversation_id=group.pk, user=ann)
        own = f"/api/v1/conversations/{group.pk}/participants/{in_path(OCCUPANT)}/"
        assert ask(ann, "GET", own)[1]["user"] == OCCUPANT
        assert ask(service_key, "PATCH", own, {"muted": True})[1]["muted"] is True
        assert ask(ann, "DELETE", own)[0] == 204
        assert ask(ann, "GET", own)[0] == 404

    def test_messages_and_conversations_are_named(
        self, ask: Ask, service_key: str, group: Conversation, alice: User
    ) -> None:
        """And the links of a list lead on, with the slash encoded again."""
        Conversation.objects.filter(pk=group.pk).update(external_id="tea/room")
        message = say_named("tea/room/7?#%2F", alice, group)
        recipients = f"/api/v1/messages/ext:{in_path('tea/room/7?#%2F')}/recipients/"
        status, page = ask(service_key, "GET", f"{recipients}?limit=1&search=")
        assert (status, page["results"][0]["user"]) == (200, "bob")
        following = page["next"].partition("/api/")[2]
        assert following.startswith(f"v1/messages/ext:{in_path('tea/room/7?#%2F')}/recipients/?")
        status, page = ask(service_key, "GET", f"/api/{following}")
        assert (status, page["results"][0]["user"]) == (200, "carol")
        status, listed = ask(service_key, "GET", "/api/v1/conversations/ext:tea%2Froom/messages/")
        assert (status, [each["id"] for each in listed["results"]]) == (200, [message.pk])
        assert ask(service_key, "GET", "/api/v1/conversations/ext:tea/room/messages/")[0] == 404

    def test_so_do_gateways(self, ask: Ask, service_key: str, group: Conversation) -> None:
        """Also where a channel's address ends like an address below another channel."""
        Conversation.objects.filter(pk=group.pk).update(external_id="tea/messages")
        other = Conversation.objects.create(kind="group", external_id="tea")
        ann = User.objects.create(username=OCCUPANT)
        services.add_participant(conversation_id=group.pk, user=ann)
        key = {"Api-Token": service_key}
        status, user = ask(None, "GET", f"/v3/users/{in_path(OCCUPANT)}", **key)
        assert (status, user["user_id"]) == (200, OCCUPANT)
        status, channel = ask(None, "GET", "/v3/group_channels/tea%2Fmessages", **key)
        assert (status, channel["channel_url"]) == (200, "tea/messages")
        status, messages = ask(None, "GET", "/v3/group_channels/tea/messages?message_ts=0", **key)
        assert (status, messages) == (200, {"messages": []})
        leave = {"user_ids": [OCCUPANT]}
        assert ask(None, "PUT", "/v3/group_channels/tea%2Fmessages/leave", leave, **key)[0] == 200
        assert not group.participants.filter(user=ann, is_active=True).exists()
        assert other.participants.count() == 0

    def test_a_probe_or_the_stream_has_no_other_name(self, ask: Ask, alice: User) -> None:
        assert ask(None, "GET", "/healthz%2F")[0] == 404
        assert ask(alice, "GET", "/api/v1/events%2F", Accept="text/event-stream")[0] == 404
        assert ask(alice, "GET", "/api/v1%2Fevents/", Accept="text/event-stream")[0] == 404

    def test_the_log_shows_the_address_as_it_was_written(
        self, ask: Ask, service_key: str, caplog: Any
    ) -> None:
        with caplog.at_level(logging.INFO, "seenby.request"):
            ask(service_key, "GET", "/api/v1/users/a%2Fb/")
        (record,) = (each for each in caplog.records if "users" in each.getMessage())
        assert json.loads(JSONFormatter().format(record))["message"] == "GET /api/v1/users/a%2Fb/"
        assert "GET /api/v1/users/a%2Fb/ status=404" in TextFormatter().format(record)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/a/b", b"/a/b"),
        (b"/a%2Fb%2f", b"/a\x1fb\x1f"),
        (b"/a%1Fb\x1f", b"/a\x1eb\x1e"),
        (b"/a%252Fb", b"/a%2Fb"),
        (b"/%%2F%2%2F%", b"/%\x1f%2\x1f%"),
        (b"/%C3%BC%FF%41", b"/\xc3\xbc\xffA"),
    ],
)
def test_a_path_is_decoded_once(raw: bytes, path: bytes) -> None:
    assert decoded_path(raw) == path
    scope = {
        "method": "GET", "raw_path": raw, "path": "/", "query_string": b"", "headers": [],
        "http_version": "1.1",
    }  # fmt: skip
    assert environ_of(scope)["PATH_INFO"] == path.decode("latin-1")


def test_a_link_carries_a_slash_as_it_came() -> None:
    """Only in the path: in a query ``%1F`` is what the caller wrote."""
    link = "http://testserver/api/v1/messages/ext:a%1Fb/recipients/?search=%1F&cursor=x"
    assert encoded_again(link) == link.replace("a%1Fb", "a%2Fb")


def test_a_token_names_a_user_with_slashes(db: None, api: Any) -> None:
    ann = User.objects.create(username=OCCUPANT)
    assert api(issue_token(ann)[0]).get("/me/")["username"] == OCCUPANT
