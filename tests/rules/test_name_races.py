"""Two messages want one name at the same moment: with real connections (rules 22 and 24)."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Message, MessageName, User
from receipts import services
from tests.support.racing import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_a_name_goes_to_one_of_two_conversations(
    api: Any, service_key: str, group: Conversation, alice: User, bob: User
) -> None:
    """The other call is a conflict, and its message is not half there."""
    other = services.create_conversation(owner=alice, participants=[bob], kind="group")
    body = {"sender": "alice", "body": "cake?", "external_id": "cake-1"}

    def send(conversation: int) -> int:
        path = f"/conversations/{conversation}/messages/"
        status: int = api(service_key).call("POST", path, body).status_code
        return status

    answers = at_once([lambda pk=pk: send(pk) for pk in (group.pk, other.pk) * 3])
    assert set(answers) <= {200, 201, 409}
    assert answers.count(201) == 1
    message = Message.objects.get()
    assert MessageName.objects.get().message_id == message.pk
    assert answers.count(200) == 2


def test_the_same_message_at_once_is_one(
    api: Any, service_key: str, group: Conversation, alice: User
) -> None:
    path = f"/conversations/{group.pk}/messages/"
    body = {"sender": "alice", "body": "cake?", "external_id": "cake-1"}
    calls = [lambda: api(service_key).call("POST", path, body).status_code for _ in range(6)]
    assert sorted(at_once(calls)) == [200] * 5 + [201]
    assert Message.objects.count() == 1


def test_a_client_id_goes_to_one_of_two_messages(
    api: Any, group: Conversation, alice: User
) -> None:
    """Of two texts at once one is sent, and the other is a conflict: neither is lost unnoticed."""
    path = f"/conversations/{group.pk}/messages/"

    def send(body: str) -> tuple[str, Any]:
        answer = api(alice).call("POST", path, {"body": body, "client_id": "c-1"})
        return body, answer

    for _ in range(5):
        Message.objects.all().delete()
        answers = dict(at_once([lambda body=body: send(body) for body in ("tea?", "cake?")]))
        assert sorted(each.status_code for each in answers.values()) == [201, 409]
        message = Message.objects.get()
        assert answers[message.body].status_code == 201
        (refused,) = (each.json() for body, each in answers.items() if body != message.body)
        assert refused["detail"].endswith("differs from the request in: body.")
