"""social.plus: page tokens, private reads, and the number of statements of each call."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from chat.authentication import issue_token
from chat.models import Conversation, Message, User
from receipts import services
from receipts.models import MessageStatus
from tests.support.cast import say
from tests.support.positions import up_to


def caller(who: User) -> Client:
    return Client(headers={"Authorization": f"Bearer {issue_token(who)[0]}"})


def decoded(token: str) -> dict[str, Any]:
    return json.loads(b64decode(token))


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    """Read by 23 people."""
    for number in range(21):
        user = User.objects.create_user(f"u{number}")
        services.add_participant(conversation_id=group.pk, user=user)
    message = say(alice, group)
    for user in User.objects.exclude(pk=alice.pk):
        services.bulk_mark_read(position=up_to(user, message.pk))
    return message


def test_pages_of_readers_go_there_and_back(message: Message, alice: User) -> None:
    """Its SDK decodes a token, keeps ``after`` and ``first``, and encodes these again."""
    path = f"/api/v1/markers/messages/{message.pk}/read-users"
    client, seen, pages = caller(alice), [], []
    token: str | None = b64encode(b'{"limit": 10}').decode()
    while token:
        page = client.get(path, {"options[token]": token}).json()
        pages.append(page)
        seen += page["publicUserIds"]
        if token := page["paging"].get("next"):
            kept = decoded(token)
            token = b64encode(
                json.dumps({"after": kept["after"], "limit": kept["first"]}).encode()
            ).decode()
    assert [len(page["publicUserIds"]) for page in pages] == [10, 10, 3]
    assert len(set(seen)) == 23
    assert "previous" not in pages[0]["paging"]
    back = decoded(pages[2]["paging"]["previous"])
    token = b64encode(json.dumps({"before": back["before"], "limit": back["last"]}).encode())
    earlier = client.get(path, {"options[token]": token.decode()}).json()
    assert earlier["publicUserIds"] == pages[1]["publicUserIds"]


def test_pages_of_messages_keep_their_order_and_size(group: Conversation, alice: User) -> None:
    """A token is sent alone: nothing else gives the size and the order."""
    ids = [str(say(alice, group).pk) for _ in range(5)]
    deleted = say(alice, group)
    services.delete_message(message_id=deleted.pk)
    client, path = caller(alice), f"/api/v5/messages?messageFeedId={group.pk}&isDeleted=false"
    for order, expected in (("segmentDesc", ids[::-1]), ("segmentAsc", ids)):
        page = client.get(f"{path}&options[sortBy]={order}&options[limit]=2").json()
        found = [each["messageId"] for each in page["messages"]]
        while token := page["paging"].get("next"):
            assert decoded(token)["limit"] == 2
            page = client.get(f"{path}&options[token]={quote(token)}").json()
            assert len(page["messages"]) <= 2
            found += [each["messageId"] for each in page["messages"]]
        assert found == expected
        page = client.get(f"{path}&options[token]={quote(page['paging']['previous'])}").json()
        assert [each["messageId"] for each in page["messages"]] == expected[2:4]
    shown = client.get(f"/api/v5/messages/{deleted.pk}").json()["messages"][0]
    assert (shown["isDeleted"], shown["data"]) == (True, {"text": ""})


def test_a_private_read_is_a_delivery_to_the_byte(
    group: Conversation, alice: User, bob: User, carol: User, moderator: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Rule 13, for every path that shows receipts, and all other users."""
    message = say(alice, group)
    path = f"/api/v1/markers/messages/{message.pk}"
    token = quote(b64encode(b'{"limit": 1}'))
    paths = [
        f"/api/v1/markers/messages?messageIds[]={message.pk}",
        *(f"{path}/{which}-users" for which in ("read", "delivered")),
        *(f"{path}/{which}-users?options[token]={token}" for which in ("read", "delivered")),
        f"{path}/read-users?memberships[]=member",
        f"/api/v5/messages/{message.pk}",
        f"/api/v5/messages?messageFeedId={group.pk}",
        "/api/v3/users/list?userIds[]=bob",
    ]
    clients = [caller(who) for who in (alice, carol, moderator)]
    Conversation.objects.update(receipts_visible_to="participants")

    def told() -> list[bytes]:
        return [client.get(path).content for client in clients for path in paths]

    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    api = caller(bob)
    unread = told()
    marks = f"/api/v1/markers/message-feeds/{group.pk}"
    body = {"messageId": str(message.pk)}
    api.put(f"{marks}/mark-delivering", body, content_type="application/json")
    delivered = told()
    User.objects.filter(pk=bob.pk).update(read_receipts_enabled=False)
    segment = {"readToSegment": message.pk}
    api.put(f"{marks}/mark-read", segment, content_type="application/json")
    assert MessageStatus.objects.get(recipient=bob).seen_at is not None
    assert told() == delivered != unread


def test_who_hides_reads_is_told_of_none(
    group: Conversation, alice: User, bob: User, settings: Any
) -> None:
    """Rule 14."""
    settings.RECEIPTS_RECIPROCAL = True
    message = say(alice, group)
    caller(bob).put(f"/api/v1/markers/channels/{group.pk}/mark-read")
    path = f"/api/v1/markers/messages/{message.pk}"
    assert caller(alice).get(f"{path}/read-users").json()["publicUserIds"] == ["bob"]
    User.objects.filter(pk=alice.pk).update(read_receipts_enabled=False)
    assert caller(alice).get(f"{path}/read-users").json()["publicUserIds"] == []
    assert caller(alice).get(f"{path}/delivered-users").json()["publicUserIds"] == ["bob"]
    counts = caller(alice).get(f"/api/v1/markers/messages?messageIds[]={message.pk}").json()
    assert counts["contentMarkers"][0]["readCount"] == 0


def test_the_number_of_statements_is_constant(
    message: Message, alice: User, bob: User, statements: Callable[[], Any]
) -> None:
    """One of them authenticates the caller."""
    users, counts = "/api/v1/markers/messages/{}/read-users", "/api/v1/markers/messages?"
    for _ in range(3):
        more = say(alice, message.conversation)
    ids = "&".join(f"messageIds[]={pk}" for pk in Message.objects.values_list("pk", flat=True))
    client = caller(alice)
    for path, number in {
        users.format(message.pk): 3,
        counts + ids: 2,
        f"/api/v5/messages?messageFeedId={message.conversation_id}": 3,
        f"/api/v5/messages/{more.pk}": 2,
        "/api/v3/users/list?userIds[]=bob&userIds[]=carol": 2,
    }.items():
        with statements() as counted:
            assert client.get(path).status_code == 200
        assert len(counted) == number, path
    path = f"/api/v1/markers/message-feeds/{message.conversation_id}/mark-read"
    with statements() as counted:
        body = {"readToSegment": more.pk}
        answer = caller(bob).put(path, body, content_type="application/json")
    assert answer.status_code == 200
    assert len(counted) <= 10
