"""social.plus: who gets a session, who sees receipts, and the form of errors."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from chat.authentication import issue_token
from chat.models import Conversation, Message, Scope, ServiceKey, User
from receipts import services
from tests.support.cast import say

LOGIN = "/api/v5/sessions"


def log_in(body: Any, key: str | None = None) -> Any:
    headers = {} if key is None else {"X-API-Key": key}
    return Client().post(LOGIN, body, content_type="application/json", headers=headers)


def refused(response: Any, status: int, code: int) -> bool:
    body = response.json()
    assert (response.status_code, body.get("code")) == (status, code), response.content
    return set(body) == {"status", "code", "message"} and body["status"] == "error"


def test_a_backend_logs_anybody_in_and_makes_who_is_not_there(service_key: str) -> None:
    body = {"userId": "erin", "displayName": "Erin", "deviceId": "x", "deviceInfo": {"kind": "web"}}
    first, again = (log_in(body, service_key).json() for _ in range(2))
    assert [user["userId"] for user in first["users"]] == ["erin"]
    assert first["users"] == again["users"]
    assert User.objects.get(username="erin").display_name == "Erin"
    assert datetime.fromisoformat(first["expiresAt"]) > datetime.fromisoformat(first["issuedAt"])
    headers = {"Authorization": f"Bearer {first['accessToken']}"}
    assert Client().get("/api/v1/me/", headers=headers).json()["username"] == "erin"


def test_a_stranger_gets_no_session(alice: User, service_key: str) -> None:
    """Its API key is public; here, a client that names a user must show a secret."""
    for key in (None, "", "b0efe90c3bdda2304d628918520c1688", "sk_made-up", "sk_", "Bearer"):
        assert refused(log_in({"userId": "alice"}, key), 401, 400100)
    for token in ("made-up", "", 5, True, {}, [], service_key):
        assert refused(log_in({"userId": "alice", "authToken": token}, service_key), 401, 400100)
    for authorization in (f"Bearer {service_key}", f"Bearer {issue_token(alice)[0]}"):
        bare = Client(headers={"Authorization": authorization})
        body = {"userId": "alice"}
        assert refused(bare.post(LOGIN, body, content_type="application/json"), 401, 400100)


def test_a_users_token_is_no_api_key(alice: User) -> None:
    assert refused(log_in({"userId": "alice"}, issue_token(alice)[0]), 401, 400100)


def test_a_users_token_logs_that_user_in_and_lives_no_longer(alice: User, bob: User) -> None:
    """Whatever API key the app sends, and no other user."""
    token, expires_at = issue_token(alice)
    session = log_in({"userId": "alice", "authToken": token}, "public").json()
    assert session["accessToken"] == token
    left = datetime.fromisoformat(session["expiresAt"]) - expires_at
    assert abs(left.total_seconds()) < 2
    assert refused(log_in({"userId": "bob", "authToken": token}), 403, 400301)


def test_a_key_needs_its_scope_and_a_person(service_key: str, alice: User) -> None:
    backend = User.objects.get(username="backend")
    narrow = ServiceKey.issue(user=backend, name="narrow", scopes=[Scope.READ, Scope.WRITE])
    assert refused(log_in({"userId": "alice"}, narrow), 403, 400301)
    assert refused(log_in({"userId": "backend"}, service_key), 403, 400301)
    services.deactivate_user(user=alice)
    assert refused(log_in({"userId": "alice"}, service_key), 400, 400000)
    for name in (None, "", "a\nb", "a\x00b", 5, "x" * 256):
        assert refused(log_in({"userId": name}, service_key), 400, 400000)


@pytest.mark.parametrize("which", ["read-users", "delivered-users"])
def test_receipts_are_for_whom_they_are_natively(
    group: Conversation, alice: User, bob: User, dave: User, moderator: User, which: str
) -> None:
    """Rule 17: the sender and moderators; a participant is refused, a stranger gets 404."""
    message = say(alice, group)
    path = f"/api/v1/markers/messages/{message.pk}/{which}"
    counts = f"/api/v1/markers/messages?messageIds[]={message.pk}"

    def ask(who: User, path: str) -> Any:
        return Client(headers={"Authorization": f"Bearer {issue_token(who)[0]}"}).get(path)

    assert ask(alice, path).status_code == ask(moderator, path).status_code == 200
    assert refused(ask(bob, path), 403, 400301)
    assert refused(ask(dave, path), 404, 400400)
    assert [len(ask(who, counts).json()["contentMarkers"]) for who in (alice, bob, dave)] == [
        1,
        0,
        0,
    ]
    assert refused(Client().get(path), 401, 400100)
    Conversation.objects.update(receipts_visible_to="participants")
    assert ask(bob, path).status_code == 200


def test_people_are_found_where_one_meets_them(
    group: Conversation, alice: User, bob: User, dave: User
) -> None:
    """Its SDK encodes ids twice."""
    odd = User.objects.create_user("e%r@in")
    services.add_participant(conversation_id=group.pk, user=odd)
    path = "/api/v3/users/list?userIds[]=bob&userIds[]=dave&userIds[]=e%2525r%2540in"

    def found(who: User) -> set[str]:
        answer = Client(headers={"Authorization": f"Bearer {issue_token(who)[0]}"}).get(path)
        return {user["userId"] for user in answer.json()["users"]}

    assert found(alice) == {"bob", "e%r@in"}
    assert found(dave) == {"dave"}


@pytest.mark.parametrize(
    "path",
    ["/api/v3", "/api/v3/channels", "/api/v5/me/x", "/api/v1/markers", "/api/v1/markers/x/",
     "/api/v5/messages/abc", "/api/v5/messages/1/", "/api/v1/markers/%0A",
     "/api/v1/markers/messages/a/read-users"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
@pytest.mark.django_db
def test_unknown_addresses_are_refused_in_its_shape(path: str, method: str) -> None:
    assert refused(getattr(Client(), method)(path), 404, 400400)


@pytest.mark.django_db
def test_the_native_api_stays_as_it_is() -> None:
    for path in ("/api/v1/markersx/", "/api/v1/nothing/", "/api/v2/x"):
        assert set(Client().get(path).json()) == {"detail", "code"}


def test_wrong_methods_and_bodies_are_refused_in_its_shape(
    group: Conversation, alice: User
) -> None:
    client = Client(headers={"Authorization": f"Bearer {issue_token(alice)[0]}"})
    say(alice, group)
    feed = f"/api/v1/markers/message-feeds/{group.pk}"
    assert refused(client.get(LOGIN), 401, 400100)
    assert refused(client.post("/api/v3/users/list"), 405, 400000)
    for given in (b"{", b"[]", b"5", b"\xff", b'{"readToSegment": "1"}', b'{"readToSegment": -1}',
                  b'{"readToSegment": 1.5}', b'{"readToSegment": true}', b"{}", b""):  # fmt: skip
        answer = client.put(f"{feed}/mark-read", given, content_type="application/json")
        assert refused(answer, 400, 400000)
    for given in (b'{"messageId": "x"}', b'{"messageId": 99999}', b"{}"):
        answer = client.put(f"{feed}/mark-delivering", given, content_type="application/json")
        assert refused(answer, 400, 400000)
    for data in ({"text": ""}, {"text": 5}, {"text": "a\x00"}, {}, None, {"text": "x", "y": 1}):
        body = {"messageFeedId": str(group.pk), "dataType": "text", "data": data}
        answer = client.post("/api/v5/messages", body, content_type="application/json")
        assert refused(answer, 400, 400000)
    lost = {**body, "data": {"text": "x"}, "metadata": {"a": 1}}
    answer = client.post("/api/v5/messages", lost, content_type="application/json")
    assert refused(answer, 400, 400000)
    assert Message.objects.count() == 1
    for query in ("options[token]=x", "options[token]=NQ==", "options[limit]=0", "limit=5",
                  "options[limit]=201", "options[sortBy]=x", "isDeleted=x",
                  "options[token]=eyJhZnRlciI6ICJ4In0="):  # fmt: skip
        answer = client.get(f"/api/v5/messages?messageFeedId={group.pk}&{query}")
        assert refused(answer, 400, 400000), query
    assert refused(client.get("/api/v5/messages?messageFeedId=nowhere"), 404, 400400)
    assert refused(client.get("/api/v5/messages?messageFeedId=%00"), 400, 400000)
