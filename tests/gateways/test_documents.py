"""The OpenAPI documents of social.plus, Tencent and Agora: complete, and true of all calls.

Sendbird's has its own tests.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client
from django.utils import timezone

from chat.authentication import issue_token
from chat.models import Conversation, Message, User
from receipts import services
from receipts.gateways.socialplus.segments import segment_of
from tests.support.agora import read
from tests.support.cast import say
from tests.support.documents import Document, served
from tests.support.tencent import seq, seqs

VENDORS = ("socialplus", "tencent", "agora")
#: Another system's id of the group; ids may contain characters that paths may not.
NAME = "maths/hello world"


@dataclass
class Call:
    """One request of an operation that the document describes."""

    label: str
    body: Any = None
    query: dict[str, Any] = field(default_factory=dict)


def socialplus(message: Message) -> Iterator[Call]:
    """Requests as its SDK makes them; the message is deleted last."""
    markers, one = "/api/v1/markers", {"options[limit]": 1}
    yield Call("POST /api/v5/sessions", {"userId": "erin", "displayName": "Erin", "deviceId": "x"})
    yield Call("GET /api/v3/network-settings/chat")
    yield Call("GET /api/v3/users/list", query={"userIds[]": ["alice", "bob"]})
    yield Call("GET /api/v5/message-feeds/{feed}")
    yield Call(f"GET {markers}/message-feeds", query={"messageFeedIds[]": [NAME]})
    text = {"messageFeedId": NAME, "dataType": "text", "data": {"text": "hello"}}
    yield Call("POST /api/v5/messages", {**text, "referenceId": "LOCAL_1", "metadata": None})
    yield Call("GET /api/v5/messages", query={"messageFeedId": NAME})
    yield Call("GET /api/v5/messages", query={"messageFeedId": NAME, **one, "isDeleted": "false"})
    token = b64encode(json.dumps({"after": "9.9"}).encode()).decode()
    yield Call("GET /api/v5/messages", query={"messageFeedId": NAME, "options[token]": token})
    yield Call("GET /api/v5/messages/{message}")
    yield Call(f"GET {markers}/messages", query={"messageIds[]": [message.pk]})
    for which in ("read", "delivered"):
        label = f"GET {markers}/messages/{{message}}/{which}-users"
        yield Call(label, query={"memberships[]": ["member"]})
        yield Call(label, query=one)
    delivered = {"messageId": str(message.pk)}
    yield Call(f"PUT {markers}/message-feeds/{{feed}}/mark-delivering", delivered)
    segment = {"readToSegment": segment_of(message.created_at)}
    yield Call(f"PUT {markers}/message-feeds/{{feed}}/mark-read", segment)
    yield Call(f"PUT {markers}/channels/{{channel}}/mark-read")
    yield Call("PUT /api/v5/messages/{message}", {"data": {"text": "good day"}})
    yield Call("GET /api/v5/messages/{message}")
    yield Call("DELETE /api/v5/messages/{message}")


def tencent(message: Message) -> Iterator[Call]:
    """Counts of a message with and without receipts, both lists in two pages each, and reading."""
    commands, some = "POST /v4/group_open_http_svc", {"GroupId": NAME, "MsgSeqList": seqs(message)}
    query = {"sdkappid": 1, "identifier": "administrator", "random": 9, "contenttype": "json"}
    nothing = {**some, "MsgSeqList": [*seqs(message), {"MsgSeq": 2**40}]}
    yield Call(f"{commands}/get_group_msg_receipt", nothing, query)
    for which in (0, 1):
        detail = {"GroupId": NAME, "MsgSeq": seq(message), "Filter": which, "Count": 1}
        yield Call(f"{commands}/get_group_msg_receipt_detail", detail, query)
        page = {**detail, "Cursor": "", "Count": 200}
        yield Call(f"{commands}/get_group_msg_receipt_detail", page, query)
    yield Call(f"{commands}/group_msg_receipt", {**some, "From_Account": "bob"}, query)


def agora(message: Message) -> Iterator[Call]:
    """Requests as its SDK makes them, and one for a page."""
    token, _ = issue_token(message.sender)
    login = {"grant_type": "password", "username": "alice", "password": token, "timestamp": 1}
    yield Call("POST /{org}/{app}/token", login)
    label = "GET /{org}/{app}/chatgroups/{group}/acks/{message}"
    yield Call(label, query={"limit": 500, "key": "undefined", "_v": "4.21.1"})
    yield Call(label, query={"limit": 1})


CALLS = {each.__name__: each for each in (socialplus, tencent, agora)}


@pytest.fixture
def message(group: Conversation, alice: User, bob: User, carol: User) -> Message:
    """Two have read it, two have not; bob has answered."""
    Conversation.objects.filter(pk=group.pk).update(external_id=NAME)
    for name in ("erin", "frank"):
        user = User.objects.create_user(name)
        services.add_participant(conversation_id=group.pk, user=user)
    message = say(alice, group, sent_at=timezone.now() - timedelta(hours=1))
    read(bob, message, 3, content="understood")
    read(carol, message, 5)
    return message


def send(call: Call, message: Message, headers: dict[str, str]) -> Any:
    """Send the request to the path in the document."""
    method, address = call.label.split()
    parts = dict.fromkeys(("feed", "channel", "group"), quote(NAME, safe=""))
    path = address.format(**parts, org="41117440", app="demo", message=message.pk)
    return Client(raise_request_exception=False).generic(
        method,
        f"{path}?{urlencode(call.query, doseq=True)}",
        b"" if call.body is None else json.dumps(call.body),
        content_type="application/json",
        headers=headers,
    )


@pytest.fixture
def headers(alice: User, service_key: str) -> dict[str, dict[str, str]]:
    """Each vendor's credentials: alice's session, or the key of the application's backend."""
    session = {"Authorization": f"Bearer {issue_token(alice)[0]}"}
    return {
        "socialplus": {**session, "X-API-Key": service_key},
        "tencent": {"Authorization": f"Bearer {service_key}"},
        "agora": session,
    }


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_call_stands_in_the_document(vendor: str) -> None:
    """And no other, with the parameters that its view accepts."""
    document, views = Document(vendor), dict(served(vendor))
    assert set(document.operations) == set(views)
    for label, view in views.items():
        in_path = set(re.findall(r"{(\w+)}", label))
        assert document.parameters(label, "path") == in_path, label
        # Page parameters are also accepted, and ignored, when a message is created.
        takes = view.cls.query_parameters if label != "POST /api/v5/messages" else set()
        assert document.parameters(label, "query") == takes, label


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_is_answered_is_what_the_document_says(
    message: Message, headers: dict[str, dict[str, str]], vendor: str
) -> None:
    """Each field has its type, none is missing or added; request bodies conform, too."""
    document, asked = Document(vendor), set()
    for call in CALLS[vendor](message):
        response = send(call, message, headers[vendor])
        answer = response.json()
        assert response.status_code == 200, (call, answer)
        assert document.faults_of_body(call.label, call.body) == [], call
        assert document.faults_of_answer(call.label, 200, answer) == [], call
        assert document.faults("Error", answer), call
        asked.add(call.label)
    assert asked == set(document.operations)


def _without_password(body: Any) -> Any:
    return {**body, "password": "wrong"} if body and "password" in body else body


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_is_refused_has_the_shape_that_the_document_says(
    message: Message, headers: dict[str, dict[str, str]], vendor: str
) -> None:
    """A caller without credentials, and an unknown parameter."""
    document = Document(vendor)
    for call in CALLS[vendor](message):
        odd = Call(call.label, call.body, {"odd": 1})
        unknown = Call(call.label, _without_password(call.body), call.query)
        for refused in (send(unknown, message, {}), send(odd, message, headers[vendor])):
            answer = refused.json()
            assert document.faults_of_answer(call.label, refused.status_code, answer) == [], call
            assert document.faults("Error", answer) == [], call
