"""The OpenAPI document of Sendbird's calls: complete, and true of the responses."""

from __future__ import annotations

import pytest

from chat.models import Conversation, User
from tests.support.cast import say
from tests.support.documents import DOCS, Document
from tests.support.sendbird import Sendbird, routes, url_of


def test_every_call_stands_in_the_document() -> None:
    """And no other; the native schema has none of them."""
    operations = Document("sendbird").operations
    described = {each.replace("mark_as_read_all", "mark_as_read") for each in operations}
    served = {f"{method} /v3{route}" for method, route in routes()}
    # Of two forms of a path, ``routes`` returns the first.
    assert described == {each.replace("mark_as_read_all", "mark_as_read") for each in served}
    assert "/v3/" not in (DOCS / "openapi.yaml").read_text()


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/users/bob?include_unread_count=true", "User"),
        ("/users/bob/my_group_channels?show_member=true&show_read_receipt=true", "Channels"),
        ("/group_channels/{c}?show_delivery_receipt=true", "Channel"),
        ("/group_channels/{c}/members?show_read_receipt=true", "Members"),
        ("/group_channels/{c}/members/bob", "IsMember"),
        ("/group_channels/{c}/messages", "Messages"),
        ("/group_channels/{c}/messages/unread_count", "UnreadOfMembers"),
        ("/users/bob/unread_item_count", "UnreadItems"),
    ],
)
def test_what_is_answered_is_what_the_document_says(
    sendbird: Sendbird, group: Conversation, alice: User, path: str, shape: str
) -> None:
    """Each field has its type."""
    say(alice, group)
    answer = sendbird.get(path.replace("{c}", url_of(group)))
    assert Document("sendbird").faults(shape, answer) == []
