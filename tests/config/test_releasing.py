"""What a call has built is freed as soon as it is answered."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from io import BytesIO

import pytest
from django.test import RequestFactory

from chat.authentication import issue_token
from chat.models import Conversation, Message, User
from config.streams import started
from config.wsgi import application
from receipts.services import send_message

#: The application closes connections, as a server does.
pytestmark = pytest.mark.django_db(transaction=True)

#: By name: the method and the path.
CALLS = {
    "a mark": ("post", "/messages/{message}/read/"),
    "a bulk mark": ("post", "/conversations/{conversation}/mark-read/"),
    "a status": ("get", "/messages/{message}/"),
    "messages": ("get", "/conversations/{conversation}/messages/"),
    "conversations": ("get", "/conversations/"),
    "events": ("get", "/events/"),
    "not found": ("get", "/messages/404404/"),
}


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return send_message(conversation_id=group.pk, sender=alice, body="Hello").message


@pytest.fixture
def no_collections() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def call(method: str, path: str, caller: User) -> None:
    headers = {"authorization": f"Bearer {issue_token(caller)[0]}"}
    environ = getattr(RequestFactory(), method)(f"/api/v1{path}", headers=headers).environ
    started(application, environ | {"wsgi.input": BytesIO()}, lambda: None)


@pytest.mark.parametrize("what", CALLS)
def test_a_call_leaves_nothing_to_the_garbage_collector(
    bob: User, group: Conversation, message: Message, no_collections: None, what: str
) -> None:
    """Its objects' memory is used by the next one, and no thread pauses for a collection."""
    method, path = CALLS[what]
    path = path.format(message=message.pk, conversation=group.pk)
    call(method, path, bob)  # what is kept for good is built now
    gc.collect()
    call(method, path, bob)
    assert gc.collect() == 0
