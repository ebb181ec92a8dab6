"""The endpoints of the API: what each kind of caller gets, and a fixture that calls them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from chat.models import User
from receipts import services
from receipts.api.urls import urlpatterns
from tests.support.addresses import addresses_in
from tests.support.admin import appointed
from tests.support.cast import hook, say

#: "sender" wrote a message in the group of "owner", "recipient" and "leaver", who left after it;
#: "late" joined after it. "service" acts for "recipient".
CALLERS = (
    "anonymous", "outsider", "sender", "recipient", "late", "leaver", "owner", "moderator",
    "service",
)  # fmt: skip

#: Statuses in the order of CALLERS. 401: who are you? 404: what one does not see does not exist,
#: to a leaver neither (decision 0007). 403: it is seen, and not theirs to do (rules 4, 17, 18, 21).
TABLE = {
    "GET users/": (401, 403, 403, 403, 403, 403, 403, 200, 200),
    "POST users/": (401, 403, 403, 403, 403, 403, 403, 403, 201),
    "GET users/<username:username>/": (401, 403, 403, 403, 403, 403, 403, 200, 200),
    "PATCH users/<username:username>/": (401, 403, 403, 403, 403, 403, 403, 403, 200),
    "DELETE users/<username:username>/": (401, 403, 403, 403, 403, 403, 403, 403, 200),
    "POST users/<username:username>/tokens/": (401, 403, 403, 403, 403, 403, 403, 403, 201),
    "GET me/": (401, 200, 200, 200, 200, 200, 200, 200, 200),
    "PATCH me/": (401, 200, 200, 200, 200, 200, 200, 200, 200),
    "POST me/mark-delivered/": (401, 200, 200, 200, 200, 200, 200, 200, 200),
    "POST me/mark-read/": (401, 200, 200, 200, 200, 200, 200, 200, 200),
    "POST me/retract-receipts/": (401, 200, 200, 200, 200, 200, 200, 200, 200),
    "GET conversations/": (401, 200, 200, 200, 200, 200, 200, 200, 200),
    "POST conversations/": (401, 201, 201, 201, 201, 201, 201, 201, 201),
    "PUT conversations/by-members/": (401, 201, 201, 201, 201, 201, 201, 201, 201),
    "GET conversations/<id:pk>/": (401, 404, 200, 200, 200, 404, 200, 200, 200),
    "PATCH conversations/<id:pk>/": (401, 404, 403, 403, 403, 404, 200, 403, 200),
    "DELETE conversations/<id:pk>/": (401, 404, 403, 403, 403, 404, 200, 403, 200),
    "GET conversations/<id:pk>/participants/": (401, 404, 200, 200, 200, 404, 200, 200, 200),
    "POST conversations/<id:pk>/participants/": (401, 404, 403, 403, 403, 404, 201, 403, 201),
    # Of "recipient", who may leave, and may not change their own part.
    "GET conversations/<id:pk>/participants/<username:username>/": (
        401, 404, 200, 200, 200, 404, 200, 200, 200),
    "PATCH conversations/<id:pk>/participants/<username:username>/": (
        401, 404, 403, 403, 403, 404, 200, 403, 200),
    "DELETE conversations/<id:pk>/participants/<username:username>/": (
        401, 404, 403, 204, 403, 404, 204, 403, 204),
    "GET conversations/<id:pk>/messages/": (401, 404, 200, 200, 200, 404, 200, 200, 200),
    "POST conversations/<id:pk>/messages/": (401, 404, 201, 201, 201, 404, 201, 403, 201),
    "POST conversations/<id:pk>/mark-delivered/": (401, 404, 200, 200, 200, 404, 200, 403, 200),
    "POST conversations/<id:pk>/mark-read/": (401, 404, 200, 200, 200, 404, 200, 403, 200),
    "POST conversations/<id:pk>/mark-unread/": (401, 404, 200, 200, 200, 404, 200, 403, 200),
    "GET conversations/<id:pk>/threads/": (401, 404, 200, 200, 200, 404, 200, 200, 200),
    "GET conversations/<id:pk>/insights/": (401, 404, 200, 200, 200, 404, 200, 200, 200),
    "GET insights/": (401, 200, 200, 200, 200, 200, 200, 200, 200),
    "GET messages/<id:pk>/": (401, 404, 200, 200, 200, 404, 200, 200, 200),
    "PATCH messages/<id:pk>/": (401, 404, 200, 403, 403, 404, 403, 403, 200),
    "DELETE messages/<id:pk>/": (401, 404, 204, 403, 403, 404, 403, 204, 204),
    "POST messages/<id:pk>/restore/": (401, 404, 403, 403, 403, 404, 403, 200, 200),
    "POST messages/<id:pk>/delivered/": (401, 404, 403, 200, 403, 404, 200, 403, 200),
    "POST messages/<id:pk>/read/": (401, 404, 403, 200, 403, 404, 200, 403, 200),
    "POST messages/<id:pk>/failed/": (401, 404, 403, 403, 403, 404, 403, 403, 200),
    "POST messages/<id:pk>/follow/": (401, 404, 200, 200, 200, 404, 200, 403, 200),
    "POST messages/<id:pk>/unfollow/": (401, 404, 200, 200, 200, 404, 200, 403, 200),
    "GET messages/<id:pk>/status/": (401, 404, 200, 403, 403, 404, 403, 200, 200),
    "GET messages/<id:pk>/recipients/": (401, 404, 200, 403, 403, 404, 403, 200, 200),
    "GET receipts/": (401, 200, 200, 200, 200, 200, 200, 200, 200),
    "POST receipts/": (401, 200, 200, 200, 200, 200, 200, 200, 200),
    "GET events/": (401, 200, 200, 200, 200, 200, 200, 200, 200),
    # Of a key, which can send headers.
    "POST events/ticket/": (401, 201, 201, 201, 201, 201, 201, 201, 403),
    "GET webhooks/": (401, 403, 403, 403, 403, 403, 403, 403, 200),
    "POST webhooks/": (401, 403, 403, 403, 403, 403, 403, 403, 201),
    "GET webhooks/<number:pk>/": (401, 403, 403, 403, 403, 403, 403, 403, 200),
    "PATCH webhooks/<number:pk>/": (401, 403, 403, 403, 403, 403, 403, 403, 200),
    "DELETE webhooks/<number:pk>/": (401, 403, 403, 403, 403, 403, 403, 403, 204),
    "POST webhooks/<number:pk>/ping/": (401, 403, 403, 403, 403, 403, 403, 403, 202),
    "POST webhooks/<number:pk>/rotate-secret/": (401, 403, 403, 403, 403, 403, 403, 403, 200),
    "GET schema/": (200, 200, 200, 200, 200, 200, 200, 200, 200),
    "GET docs/": (200, 200, 200, 200, 200, 200, 200, 200, 200),
}  # fmt: skip

#: What is sent, where a body is needed; a service account also says for whom it acts.
BODIES = {
    "POST users/": '{"username": "new"}',
    "POST conversations/": '{"kind": "group", "participants": ["outsider"]}',
    "PUT conversations/by-members/": '{"members": ["newcomer"]}',
    "POST conversations/<id:pk>/participants/": '{"user": "newcomer"}',
    "PATCH conversations/<id:pk>/participants/<username:username>/": '{"muted": true}',
    "POST conversations/<id:pk>/messages/": '{"body": "hello"}',
    "POST conversations/<id:pk>/mark-unread/": '{"from_message": MESSAGE}',
    "PATCH messages/<id:pk>/": '{"body": "hello there"}',
    "POST messages/<id:pk>/failed/": '{"user": "recipient", "reason": "no device"}',
    "POST receipts/": '{"receipts": [{"message": MESSAGE, "state": "read"}]}',
    "POST webhooks/": '{"url": "https://backend.example/seenby"}',
}
SERVICE_BODIES = {
    "PUT conversations/by-members/": '{"members": ["recipient", "newcomer"]}',
    "POST me/mark-delivered/": '{"user": "recipient"}',
    "POST me/mark-read/": '{"user": "recipient"}',
    "POST me/retract-receipts/": '{"user": "recipient"}',
    "POST conversations/<id:pk>/messages/": '{"body": "hello", "sender": "recipient"}',
    "POST conversations/<id:pk>/mark-delivered/": '{"user": "recipient"}',
    "POST conversations/<id:pk>/mark-read/": '{"user": "recipient"}',
    "POST conversations/<id:pk>/mark-unread/": '{"from_message": MESSAGE, "user": "recipient"}',
    "POST messages/<id:pk>/delivered/": '{"user": "recipient"}',
    "POST messages/<id:pk>/read/": '{"user": "recipient"}',
    "POST messages/<id:pk>/follow/": '{"user": "recipient"}',
    "POST messages/<id:pk>/unfollow/": '{"user": "recipient"}',
    "POST receipts/":
        '{"receipts": [{"message": MESSAGE, "state": "read", "user": "recipient"}]}',
}  # fmt: skip


def endpoints() -> set[str]:
    """Every method of every address, from the router."""
    found = set()
    for address, pattern in addresses_in(urlpatterns):
        view: Any = pattern.callback
        methods = getattr(view, "actions", None) or {
            name for name in view.cls.http_method_names if hasattr(view.cls, name)
        }
        found |= {f"{name.upper()} {address}" for name in {*methods} - {"head", "options"}}
    return found


@pytest.fixture
def call(api: Any, db: None, service_key: str) -> Callable[[str, str], Any]:
    """``call(endpoint, who)``: the answer; whatever it did is undone."""
    users = {name: User.objects.create_user(name) for name in (*CALLERS[1:8], "newcomer")}
    appointed(users["moderator"])
    members = [users[name] for name in ("sender", "recipient", "leaver")]
    group = services.create_conversation(owner=users["owner"], participants=members, kind="group")
    message = say(users["sender"], group)
    services.remove_participant(conversation_id=group.pk, user=users["leaver"])
    services.add_participant(conversation_id=group.pk, user=users["late"])
    webhook = hook("backend")
    callers = {name: api(users.get(name)) for name in CALLERS} | {"service": api(service_key)}

    def calling(endpoint: str, who: str) -> Any:
        method, route = endpoint.split()
        path = route.replace("<username:username>", "recipient")
        named = {"c": group.pk, "m": message.pk, "w": webhook.pk}
        path = re.sub("<(id|number):pk>", str(named.get(route[0], "<?>")), path)
        assert "<" not in path, f"say what stands for the parts of {route}"
        query = f"?messages={message.pk}" if endpoint == "GET receipts/" else ""
        body = (SERVICE_BODIES if who == "service" else {}).get(endpoint, BODIES.get(endpoint, ""))
        with transaction.atomic():
            answer = callers[who].client.generic(
                method,
                f"/api/v1/{path}{query}",
                body.replace("MESSAGE", str(message.pk)),
                content_type="application/json",
            )
            transaction.set_rollback(True)
        return answer

    return calling
