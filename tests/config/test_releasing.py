"""What a call has built is freed as soon as it is answered."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from rest_framework.views import APIView

from chat.authentication import issue_token
from chat.models import Conversation, Message, User
from config.streams import started
from config.wsgi import application
from receipts.services import send_message

#: The application closes connections, as a server does.
pytestmark = pytest.mark.django_db(transaction=True)

#: By name: the method, the path and the status.
CALLS = {
    "a mark": ("post", "/messages/{message}/read/", 200),
    "a bulk mark": ("post", "/conversations/{conversation}/mark-read/", 200),
    "a status": ("get", "/messages/{message}/", 200),
    "messages": ("get", "/conversations/{conversation}/messages/", 200),
    "conversations": ("get", "/conversations/", 200),
    "events": ("get", "/events/", 200),
    "not found": ("get", "/messages/404404/", 404),
}


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return send_message(conversation_id=group.pk, sender=alice, body="Hello").message


@pytest.fixture
def uncollected() -> Iterator[list[Any]]:
    """What only the garbage collector finds; it runs at no other time."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield gc.garbage
    gc.set_debug(0)
    gc.enable()
    gc.garbage.clear()


def call(method: str, path: str, caller: User) -> int:
    """The status of the response."""
    asked = getattr(RequestFactory(), method)(
        f"/api/v1{path}",
        headers={"authorization": f"Bearer {issue_token(caller)[0]}"},
        **({"content_type": "application/json"} if method == "post" else {}),
    )
    start, *_ = started(application, asked.environ | {"wsgi.input": BytesIO()}, lambda: None)
    return int(start["status"])


@pytest.mark.parametrize("what", CALLS)
def test_a_call_leaves_nothing_to_the_garbage_collector(
    bob: User, group: Conversation, message: Message, uncollected: list[Any], what: str
) -> None:
    """Its objects' memory is used by the next one, and no thread pauses for a collection."""
    method, path, status = CALLS[what]
    assert call(method, path.format(message=message.pk, conversation=group.pk), bob) == status
    gc.collect()
    assert [each for each in uncollected if isinstance(each, HttpRequest | APIView)] == []
