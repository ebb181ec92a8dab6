"""What a service key may do: every address and method, by every set of scopes.

A new address, native or of a gateway, fails here until the scopes that it needs are named.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import resolve

from chat.models import Conversation, Message, Scope, ServiceKey, User
from receipts import gateways
from tests.support.cast import say
from tests.support.endpoints import TABLE, endpoints

REFUSAL = "This service key lacks the required scope."
SUBSETS = [set(some) for size in (1, 2, 3) for some in combinations(Scope.values, size)]

#: The scopes that a key needs: reads of anything, and the writes that are not plain ``write``.
NATIVE = {
    "POST users/": "users",
    "PATCH users/<username:username>/": "users",
    "DELETE users/<username:username>/": "users",
    "POST users/<username:username>/tokens/": "users",
    "POST webhooks/": "read write",
    "PATCH webhooks/<number:pk>/": "read write",
    "DELETE webhooks/<number:pk>/": "read write",
    "POST webhooks/<number:pk>/ping/": "read write",
    "POST webhooks/<number:pk>/rotate-secret/": "read write",
    "POST events/ticket/": "read",  # and then refused: a key needs none
    "GET schema/": "",
    "GET docs/": "",
}

#: What a key without ``read`` is answered by the writes that it may do.
TOLD_WRITERS: dict[str, set[str]] = {
    "POST users/": {"username"},
    "PATCH users/<username:username>/": {"username"},
    "DELETE users/<username:username>/": {"complete"},
    "POST users/<username:username>/tokens/": {"token", "expires_at"},
    "PATCH me/": {"username"},
    "POST me/mark-delivered/": {"complete"},
    "POST me/mark-read/": {"complete"},
    "POST me/retract-receipts/": {"complete"},
    "POST conversations/": {"id"},
    "PUT conversations/by-members/": {"id"},
    "PATCH conversations/<id:pk>/": {"id"},
    "DELETE conversations/<id:pk>/": {"complete"},
    "POST conversations/<id:pk>/participants/": {"user"},
    "PATCH conversations/<id:pk>/participants/<username:username>/": {"user"},
    "DELETE conversations/<id:pk>/participants/<username:username>/": set(),
    "POST conversations/<id:pk>/messages/": {"id"},
    "POST conversations/<id:pk>/mark-delivered/": {"conversation", "user"},
    "POST conversations/<id:pk>/mark-read/": {"conversation", "user"},
    "POST conversations/<id:pk>/mark-unread/": {"conversation", "user"},
    "PATCH messages/<id:pk>/": {"id"},
    "DELETE messages/<id:pk>/": set(),
    "POST messages/<id:pk>/restore/": {"id"},
    "POST messages/<id:pk>/follow/": {"message", "user"},
    "POST messages/<id:pk>/unfollow/": {"message", "user"},
    "POST messages/<id:pk>/delivered/": {"message", "user"},
    "POST messages/<id:pk>/read/": {"message", "user"},
    "POST messages/<id:pk>/failed/": {"message", "user"},
    "POST receipts/": {"results"},
}

#: Every address of the gateways; C is a conversation's id, M a message's.
GATEWAYS = {
    "POST /v3/users": "users",
    "GET /v3/users/bob": "read",
    "DELETE /v3/users/bob": "users",
    "GET /v3/users/bob/my_group_channels": "read",
    "PUT /v3/users/bob/mark_as_read_all": "write",
    "GET /v3/users/bob/unread_message_count": "read",
    "GET /v3/users/bob/unread_channel_count": "read",
    "GET /v3/users/bob/unread_item_count": "read",
    "GET /v3/group_channels": "read",
    "POST /v3/group_channels": "read write",
    "GET /v3/group_channels/C": "read",
    "DELETE /v3/group_channels/C": "write",
    "PUT /v3/group_channels/C/messages/mark_as_read": "write",
    "PUT /v3/group_channels/C/messages/mark_as_delivered": "read write",
    "GET /v3/group_channels/C/messages/unread_count": "read",
    "GET /v3/group_channels/C/messages/total_count": "read",
    "GET /v3/group_channels/C/messages/M": "read",
    "PUT /v3/group_channels/C/messages/M": "read write",
    "DELETE /v3/group_channels/C/messages/M": "read write",
    "GET /v3/group_channels/C/messages": "read",
    "POST /v3/group_channels/C/messages": "read write",
    "GET /v3/group_channels/C/members": "read",
    "GET /v3/group_channels/C/members/bob": "read",
    "POST /v3/group_channels/C/invite": "read write",
    "PUT /v3/group_channels/C/join": "read write",
    "PUT /v3/group_channels/C/leave": "write",
    "POST /api/v5/sessions": "users",
    "GET /api/v3/network-settings/chat": "read",
    "GET /api/v3/users/list": "read",
    "GET /api/v5/messages": "read",
    "POST /api/v5/messages": "read write",
    "GET /api/v5/messages/M": "read",
    "PUT /api/v5/messages/M": "read write",
    "DELETE /api/v5/messages/M": "read write",
    "GET /api/v5/message-feeds/C": "read",
    "GET /api/v1/markers/message-feeds": "read",
    "GET /api/v1/markers/messages": "read",
    "GET /api/v1/markers/messages/M/read-users": "read",
    "GET /api/v1/markers/messages/M/delivered-users": "read",
    "PUT /api/v1/markers/message-feeds/C/mark-delivering": "read write",
    "PUT /api/v1/markers/message-feeds/C/mark-read": "read write",
    "PUT /api/v1/markers/channels/C/mark-read": "read write",
    "POST /v4/group_open_http_svc/get_group_msg_receipt": "read",
    "POST /v4/group_open_http_svc/get_group_msg_receipt_detail": "read",
    "POST /v4/group_open_http_svc/group_msg_receipt": "write",
    "GET /org/app/chatgroups/C/acks/M": "read",
    "POST /org/app/token": "",  # no key is taken there: the body has a user's token
}


def needed(endpoint: str) -> set[str]:
    default = "read" if endpoint.startswith("GET") else "write"
    return set(NATIVE.get(endpoint, default).split())


def known_to_gateways() -> set[tuple[str, str]]:
    """Every address and method of every gateway, less those that answer what is not there."""
    found = set()
    for pattern in gateways.urlpatterns():
        view = pattern.callback
        names = getattr(view, "actions", None) or {
            name for name in view.cls.http_method_names if hasattr(view.cls, name)
        }
        if view.cls.__name__ != "Unknown":
            found |= {(str(pattern.pattern), name.upper()) for name in {*names} - {"options"}}
    return {pair for pair in found if pair[1] != "HEAD"}


def test_the_table_of_scopes_is_whole() -> None:
    """Every address and method, from the router; nothing in the tables that is not there."""
    sample = {line: line.split()[1].replace("/C", "/1").replace("/M", "/1") for line in GATEWAYS}
    named = {(str(resolve(path).route), line.split()[0]) for line, path in sample.items()}
    assert named == known_to_gateways()
    assert set(TABLE) == endpoints()
    assert set(NATIVE) <= endpoints()
    writes = {each for each in endpoints() if not each.startswith("GET")}
    assert set(TOLD_WRITERS) == {each for each in writes if "read" not in needed(each)}


@pytest.mark.parametrize("endpoint", TABLE)
def test_a_key_is_answered_as_its_scopes_say(call: Any, endpoint: str) -> None:
    """With every set of scopes, at every native address."""
    for scopes in SUBSETS:
        ServiceKey.objects.update(scopes=sorted(scopes))
        answer = call(endpoint, "service")
        if needed(endpoint) <= scopes:
            assert answer.status_code == TABLE[endpoint][-1], scopes
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing"), scopes


@pytest.mark.parametrize("endpoint", GATEWAYS)
def test_a_key_is_answered_so_by_gateways(
    group: Conversation, alice: User, service_key: str, endpoint: str
) -> None:
    """With every set of scopes, at every vendor's address."""
    message = say(alice, group)
    method, path = endpoint.split()
    name = f"seenby_{group.pk}" if path.startswith("/v3") else str(group.pk)
    path = path.replace("/C", f"/{name}").replace("/M", f"/{message.pk}")
    sent = {"Api-Token": service_key, "X-API-Key": service_key}
    sent["Authorization"] = f"Bearer {service_key}"
    client = Client(headers=sent, raise_request_exception=False)
    for scopes in SUBSETS:
        ServiceKey.objects.update(scopes=sorted(scopes))
        with transaction.atomic():
            answer = client.generic(method, path, "{}", content_type="application/json")
            transaction.set_rollback(True)
        is_refused = REFUSAL in answer.content.decode()
        assert is_refused != (set(GATEWAYS[endpoint].split()) <= scopes), (scopes, answer.content)
        assert answer.status_code < 500


@pytest.mark.parametrize("endpoint", TOLD_WRITERS)
def test_a_key_that_may_not_read_is_told_nothing_that_is_there(call: Any, endpoint: str) -> None:
    """The write is done; the answer names what was written, and nothing beside it."""
    ServiceKey.objects.update(scopes=sorted(needed(endpoint)))
    answer = call(endpoint, "service")
    assert answer.status_code == TABLE[endpoint][-1]
    assert set(answer.json() if answer.content else ()) == TOLD_WRITERS[endpoint]


def test_a_repeated_creation_tells_a_writer_nothing(
    api: Any, group: Conversation, alice: User, service_key: str
) -> None:
    """A user, a conversation and a message that were there before, each with something to tell."""
    User.objects.filter(pk=alice.pk).update(avatar_url="https://example.com/a.png")
    Conversation.objects.filter(pk=group.pk).update(external_id="tea", title="Tea")
    message = say(alice, group, "hello", client_id="one")
    ServiceKey.objects.update(scopes=["write", "users"])
    call = api(service_key)
    assert call.post("/users/", {"username": "alice"}) == {"username": "alice"}
    same = {"kind": "group", "external_id": "tea", "participants": ["bob", "carol"]}
    same |= {"owner": "alice"}
    assert call.post("/conversations/", same) == {"id": group.pk}
    again = {"sender": "alice", "body": "hello", "client_id": "one"}
    path = f"/conversations/{group.pk}/messages/"
    assert call.post(path, again) == {"id": message.pk}


def test_a_key_that_may_not_read_follows_no_stream_and_no_pages(
    api: Any, service_key: str, group: Conversation
) -> None:
    """Neither live nor by cursor, nor what a HEAD would tell."""
    for scopes in (["write"], ["users"], ["users", "write"]):
        ServiceKey.objects.update(scopes=scopes)
        client = api(service_key).client
        for headers in ({}, {"Accept": "text/event-stream"}, {"Last-Event-ID": "x"}):
            assert client.get("/api/v1/events/", headers=headers).status_code == 403
        assert client.head("/api/v1/events/").status_code == 403


#: Accounts that no scope reaches.
PROTECTED: dict[str, dict[str, bool]] = {
    "staff": {"is_staff": True},
    "superuser": {"is_superuser": True, "is_staff": True},
    "bare superuser": {"is_superuser": True},
    "service account": {"is_service": True},
}
TOUCHES: list[tuple[str, str, Any]] = [
    ("POST", "/api/v1/users/target/tokens/", {}),
    ("PATCH", "/api/v1/users/target/", {}),
    ("PATCH", "/api/v1/users/target/", {"is_active": False}),
    ("PATCH", "/api/v1/users/target/", {"display_name": "Mallory"}),
    ("PATCH", "/api/v1/users/target/", {"read_receipts_enabled": False}),
    ("POST", "/api/v1/users/", {"username": "target"}),
    ("POST", "/api/v5/sessions", {"userId": "target"}),
]


@pytest.mark.parametrize("account", PROTECTED)
@pytest.mark.parametrize("scopes", [["users"], list(Scope.values)], ids=["users", "every scope"])
def test_no_key_touches_staff_superusers_or_service_accounts(
    service_key: str, account: str, scopes: list[str]
) -> None:
    """No token, no session, no switching off and no change of profile, by whatever address."""
    target = User.objects.create_user("target", **PROTECTED[account])
    before = User.objects.filter(pk=target.pk).values().get()
    ServiceKey.objects.update(scopes=scopes)
    client = Client(headers={"Authorization": f"Bearer {service_key}", "X-API-Key": service_key})
    for method, path, body in TOUCHES:
        answer = client.generic(method, path, _json(body), content_type="application/json")
        assert answer.status_code == 403, (method, path, body, answer.content)
        native = {"code": "account_protected"}
        expected = {"code": 400301} if "v5" in path else native
        assert answer.json() | expected == answer.json()
    assert User.objects.filter(pk=target.pk).values().get() == before


def test_sendbirds_address_neither_takes_a_protected_name_nor_gives_a_token_for_it(
    service_key: str, moderator: User
) -> None:
    client = Client(headers={"Api-Token": service_key})
    body = _json({"user_id": "mia", "issue_access_token": True})
    answer = client.post("/v3/users", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, 400202)


def test_a_key_keeps_everybody_elses_account(
    api: Any, service_key: str, alice: User, message: Message
) -> None:
    """People's accounts are what the scope is for."""
    ServiceKey.objects.update(scopes=["users"])
    call = api(service_key)
    assert call.post("/users/alice/tokens/", status=201)["token"]
    call.patch("/users/alice/", {"is_active": False})
    alice.refresh_from_db()
    assert not alice.is_active


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return say(alice, group)


def _json(body: Any) -> str:
    import json

    return json.dumps(body)
