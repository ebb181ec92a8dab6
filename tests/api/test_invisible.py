"""What one may not see is answered as what is not there: to the byte, at every address."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from chat.authentication import issue_token
from chat.ids import MAX_ID
from chat.models import Conversation, Message, User
from receipts import services
from receipts.models import WebhookEndpoint
from tests.support.cast import hook, say
from tests.support.endpoints import BODIES, endpoints

#: Nothing has this id.
NOTHING = 987_654_321_987
#: Bodies that a named conversation or message is only a part of.
IN_BODIES = [
    ("POST", "/api/v1/conversations/OWN/mark-read/", {"up_to_message": "ID"}),
    ("POST", "/api/v1/conversations/OWN/mark-delivered/", {"up_to_message": "ID"}),
    ("POST", "/api/v1/conversations/OWN/mark-unread/", {"from_message": "ID"}),
    ("POST", "/api/v1/receipts/", {"receipts": [{"message": "ID", "state": "read"}]}),
    ("POST", "/api/v1/receipts/", {"receipts": [{"message": "ID", "state": "x"}]}),
    ("GET", "/api/v1/receipts/?messages=ID", None),
    ("PUT", "/api/v1/markers/message-feeds/OWN/mark-delivering", {"messageId": "ID"}),
    ("PUT", "/api/v1/markers/message-feeds/OWN/mark-read", {"readToSegment": "ID"}),
    ("GET", "/api/v1/markers/messages?messageIds[]=ID", None),
    ("GET", "/api/v5/messages/ID", None),
    ("DELETE", "/api/v5/messages/ID", None),
    ("GET", "/api/v1/markers/messages/ID/read-users", None),
    ("GET", "/api/v1/markers/messages/ID/delivered-users?memberships[]=x", None),
    ("GET", "/o/a/chatgroups/OWN/acks/ID", None),
    ("GET", "/o/a/chatgroups/OWN/acks/ID?limit=501", None),
]
#: Addresses and bodies with the name of a conversation.
NAMED = [
    ("GET", "/api/v5/messages?messageFeedId=NAME", None),
    ("POST", "/api/v5/messages",
     {"messageFeedId": "NAME", "dataType": "text", "data": {"text": "x"}}),
    ("POST", "/api/v5/messages", {"messageFeedId": "NAME"}),
    ("PUT", "/api/v1/markers/message-feeds/NAME/mark-delivering", {"messageId": "1"}),
    ("PUT", "/api/v1/markers/message-feeds/NAME/mark-read", {"readToSegment": 1}),
    ("PUT", "/api/v1/markers/channels/NAME/mark-read", None),
    ("GET", "/o/a/chatgroups/NAME/acks/MINE", None),
    ("POST", "/api/v1/conversations/",
     {"kind": "group", "participants": [], "external_id": "NAME"}),
]  # fmt: skip
EXTERNAL = "maths/secret"

Ask = Callable[..., Any]


@pytest.fixture
def hidden(group: Conversation, alice: User) -> Message:
    """A message in a conversation that dave may not see."""
    Conversation.objects.filter(pk=group.pk).update(external_id=EXTERNAL)
    return say(alice, group)


@pytest.fixture
def own(dave: User, bob: User) -> Conversation:
    return services.create_conversation(owner=dave, participants=[bob], kind="group")


@pytest.fixture
def ask(dave: User, own: Conversation, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """What dave is answered: status, headers and body, with what he named left out of it."""
    now, mine = timezone.now(), say(dave, own)
    monkeypatch.setattr(timezone, "now", lambda: now)
    token = issue_token(dave)[0]

    def asking(method: str, path: str, body: Any, names: dict[str, Any]) -> Any:
        sent = "" if body is None else json.dumps(body)
        for name, value in {**names, "OWN": own.pk, "MINE": mine.pk}.items():
            path = path.replace(name, str(value))
            # Ids are numbers in bodies, but where a client of a vendor sends text.
            is_number = isinstance(value, int) and "messageId" not in sent
            sent = sent.replace(f'"{name}"', json.dumps(value if is_number else str(value)))
        answer = Client().generic(
            method, path, sent, content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip
        said = answer.content.decode()
        for name, value in names.items():
            said = re.sub(rf"\b{re.escape(str(value))}\b", name, said)
        # What differs between any two calls, and the length of the name.
        never = ("X-Request-ID", "RateLimit", "Content-Length")
        headers = {name: value for name, value in answer.headers.items() if name not in never}
        return answer.status_code, headers, said

    return asking


#: Every native endpoint with the id of a conversation or a message in its address.
ADDRESSES = sorted(each for each in endpoints() if "<id:pk>" in each and "webhooks" not in each)


@pytest.mark.parametrize("body", ["right", "wrong"])
@pytest.mark.parametrize("endpoint", ADDRESSES)
def test_native_addresses_answer_alike(ask: Ask, hidden: Message, endpoint: str, body: str) -> None:
    """Whether or not the body would do."""
    method, route = endpoint.split()
    path = "/api/v1/" + route.replace("<id:pk>", "ID").replace("<username:username>", "bob")
    right = json.loads(BODIES.get(endpoint, "null").replace("MESSAGE", "1"))
    sent = right if body == "right" else {"unknown": 1}
    pk = hidden.pk if route.startswith("messages") else hidden.conversation_id
    found = ask(method, path, sent, {"ID": pk})
    assert found == ask(method, path, sent, {"ID": NOTHING})
    assert found[0] == 404 or (body == "wrong" and found[0] == 400)


@pytest.mark.parametrize(("method", "path", "body"), IN_BODIES)
def test_messages_that_are_named_elsewhere_answer_alike(
    ask: Ask, hidden: Message, method: str, path: str, body: Any
) -> None:
    assert ask(method, path, body, {"ID": hidden.pk}) == ask(method, path, body, {"ID": NOTHING})


@pytest.mark.parametrize(("method", "path", "body"), NAMED)
def test_names_of_conversations_answer_alike(
    ask: Ask, hidden: Message, method: str, path: str, body: Any
) -> None:
    found = ask(method, path, body, {"NAME": EXTERNAL})
    assert found == ask(method, path, body, {"NAME": "maths/nothing"})
    assert 400 <= found[0] < 500
    by_number = ask(method, path, body, {"NAME": str(hidden.conversation_id)})
    assert by_number == ask(method, path, body, {"NAME": str(NOTHING)})


def test_a_person_nobody_knows_and_one_who_takes_no_part_are_alike(
    ask: Ask, hidden: Message, alice: User
) -> None:
    path = "/api/v1/conversations/OWN/participants/WHO/"
    for method, body in ("GET", None), ("PATCH", {"muted": True}), ("DELETE", None):
        found = ask(method, path, body, {"WHO": "alice"})
        assert found == ask(method, path, body, {"WHO": "alexa"})
        assert found[0] == 404


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PATCH", {}), ("DELETE", None)])
def test_anothers_webhook_is_none(api: Any, service_key: str, method: str, body: Any) -> None:
    other = User.objects.create_user("other", is_service=True)
    endpoint = hook("other")
    backend = api(service_key)
    found = backend(method, f"/webhooks/{endpoint.pk}/", body, 404)
    assert found == backend(method, f"/webhooks/{NOTHING}/", body, 404)
    assert WebhookEndpoint.objects.filter(owner=other).exists()


@pytest.mark.parametrize(
    "path",
    ["/o/a/chatgroups/OWN/acks/ID", "/api/v5/messages/ID", "/api/v1/markers/messages/ID/read-users",
     "/api/v1/messages/ID/"],
)  # fmt: skip
def test_ids_go_as_far_as_numbers_do(ask: Ask, hidden: Message, path: str) -> None:
    """To 2**63 - 1, of 19 digits; above that is no thing either."""
    nothing = ask("GET", path, None, {"ID": NOTHING})
    assert nothing[0] == 404
    assert ask("GET", path, None, {"ID": MAX_ID}) == nothing
    for number in MAX_ID + 1, 10**19 - 1, 10**19:
        assert ask("GET", path, None, {"ID": number})[0] == 404


def test_a_message_of_nineteen_digits_has_its_readers(group: Conversation, alice: User) -> None:
    message = say(alice, group)
    pk = MAX_ID - 7
    Message.objects.create(
        pk=pk, conversation=group, sender=alice, body="x", created_at=message.created_at
    )
    token = issue_token(alice)[0]
    for path in f"/o/a/chatgroups/{group.pk}/acks/{pk}", f"/api/v5/messages/{pk}":
        answer = Client().get(path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.content
        assert str(pk) in answer.content.decode()
