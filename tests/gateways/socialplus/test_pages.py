"""social.plus: page tokens, private reads, and the number of statements of each call."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from chat.authentication import issue_token
from chat.models import Conversation, Message, User
from receipts import services
from receipts.gateways.socialplus.segments import segment_of
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
    segment = {"readToSegment": segment_of(message.created_at)}
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


@pytest.mark.one_server
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
        body = {"readToSegment": segment_of(more.created_at)}
        answer = caller(bob).put(path, body, content_type="application/json")
    assert answer.status_code == 200
    assert len(counted) <= 10


def sent(client: Client, group: Conversation, **options: Any) -> list[tuple[str, int]]:
    """The messages of a feed, each with its segment."""
    path = f"/api/v5/messages?messageFeedId={group.pk}"
    query = {f"options[{name}]": value for name, value in options.items()}
    return [
        (each["messageId"], each["segment"]) for each in client.get(path, query).json()["messages"]
    ]


def test_segments_are_in_the_order_of_time(group: Conversation, alice: User) -> None:
    """A message that arrives late has a lower one; those of one moment have the same."""
    live = say(alice, group)
    at = live.created_at - timedelta(hours=1)
    old = [say(alice, group, sent_at=at) for _ in range(2)]
    listed = sent(caller(alice), group)
    assert [pk for pk, _ in listed] == [str(each.pk) for each in (live, *old[::-1])]
    segments = [segment for _, segment in listed]
    assert segments[0] > segments[1] == segments[2]


@pytest.mark.parametrize("order", ["segmentDesc", "segmentAsc"])
def test_pages_are_exact_while_an_old_message_arrives(
    group: Conversation, alice: User, order: str
) -> None:
    now = timezone.now()
    ids = [str(say(alice, group, sent_at=now - timedelta(hours=n)).pk) for n in (9, 7, 5, 3)]
    client, path = caller(alice), f"/api/v5/messages?messageFeedId={group.pk}"
    page = client.get(f"{path}&options[sortBy]={order}&options[limit]=2").json()
    found = [each["messageId"] for each in page["messages"]]
    # Beside the first page, and beyond the last one.
    old = [say(alice, group, sent_at=now - timedelta(hours=n)).pk for n in (8, 4)]
    while token := page["paging"].get("next"):
        page = client.get(f"{path}&options[token]={quote(token)}").json()
        found += [each["messageId"] for each in page["messages"]]
    expected = {"segmentAsc": [*ids[:3], str(old[1]), ids[3]],
                "segmentDesc": [ids[3], ids[2], ids[1], str(old[0]), ids[0]]}[order]  # fmt: skip
    assert found == expected


def test_reading_to_a_segment_reads_what_stands_there_by_time(
    group: Conversation, alice: User, bob: User
) -> None:
    """Whatever arrived when: the live message is later than the old one, and stays unread."""
    live = say(alice, group)
    old = say(alice, group, sent_at=live.created_at - timedelta(hours=1))
    body = {"readToSegment": segment_of(old.created_at)}
    path = f"/api/v1/markers/message-feeds/{group.pk}/mark-read"
    assert caller(bob).put(path, body, content_type="application/json").status_code == 200
    assert list(Message.objects.filter(read_count=1)) == [old]


def test_a_token_of_readers_is_none_of_messages(message: Message, alice: User) -> None:
    client, token = caller(alice), quote(b64encode(b'{"after": "1", "limit": 1}'))
    readers = f"/api/v1/markers/messages/{message.pk}/read-users?options[token]={token}"
    assert client.get(readers).status_code == 200
    messages = f"/api/v5/messages?messageFeedId={message.conversation_id}&options[token]={token}"
    answer = client.get(messages)
    assert (answer.status_code, answer.json()["message"]) == (
        400, "after: Not a position in this list.",
    )  # fmt: skip
