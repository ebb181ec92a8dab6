"""Threads at Sendbird: replies name their parent, parents count their replies (rule 30)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat.models import Conversation, Message, User
from chat.names import MessageReference
from receipts import services
from receipts.gateways.unixtime import milliseconds
from tests.support.cast import say
from tests.support.documents import Document
from tests.support.named import say_named
from tests.support.sendbird import Sendbird, url_of

SHOWN = {"include_thread_info": True, "include_parent_message_info": True}


@pytest.fixture
def path(group: Conversation) -> str:
    return f"/group_channels/{url_of(group)}/messages"


@pytest.fixture
def root(group: Conversation, alice: User) -> Message:
    return say(alice, group, "who brings tea?")


def answer(sender: User, root: Message, body: str = "I do") -> Message:
    """Reply by the native services."""
    return say(sender, root.conversation, body, thread=MessageReference(number=root.pk))


@pytest.fixture
def reply(sendbird: Sendbird, path: str, root: Message) -> Callable[..., Any]:
    """Send a reply as bob; return the answer."""

    def reply(**fields: Any) -> Any:
        body = {"user_id": "bob", "message": "I do", "parent_message_id": root.pk, **fields}
        return sendbird.post(path, body)

    return reply


def ids(found: Any) -> list[int]:
    return [each["message_id"] for each in found["messages"]]


def test_a_reply_names_its_parent(
    sendbird: Sendbird, api: Any, path: str, root: Message, reply: Any, bob: User
) -> None:
    sent = reply()
    assert sent["parent_message_id"] == root.pk
    assert sendbird.get(f"{path}/{sent['message_id']}") == sent
    assert api(bob).get(f"/messages/{sent['message_id']}/")["thread"] == root.pk


@pytest.mark.parametrize("nothing", [{}, {"parent_message_id": None}, {"parent_message_id": 0}])
def test_another_message_names_0(reply: Any, nothing: dict[str, Any]) -> None:
    """As the models of the SDKs require; one of them cannot omit the field."""
    sent = reply(**({"parent_message_id": None} | nothing))
    assert (sent["parent_message_id"], sent["is_reply_to_channel"]) == (0, False)


def test_a_parent_may_be_named(
    sendbird: Sendbird, path: str, group: Conversation, alice: User, reply: Any
) -> None:
    """By its external id, as elsewhere in this gateway."""
    parent = say_named("tea/1", alice, group)
    assert reply(parent_message_id="ext:tea/1")["parent_message_id"] == parent.pk
    assert len(ids(sendbird.get(path, parent_message_id="ext:tea/1"))) == 2


def test_a_repeated_reply_is_the_same_message(reply: Any, path: str, sendbird: Sendbird) -> None:
    assert reply(dedup_id="d-1") == reply(dedup_id="d-1")


def test_a_repeat_to_another_parent_is_another_message(
    sendbird: Sendbird, path: str, group: Conversation, alice: User, reply: Any
) -> None:
    """Which is told, so that it is not lost."""
    reply(dedup_id="d-1")
    other = {"user_id": "bob", "message": "I do", "dedup_id": "d-1"}
    body = other | {"parent_message_id": say(alice, group).pk}
    assert sendbird.refused("POST", path, body) == 400202


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("unknown", 400201),
        ("unknown name", 400201),
        ("of another channel", 400201),
        ("deleted", 400201),
        ("a reply", 400111),
        ("text", 400101),
        ("negative", 400106),
    ],
)
def test_what_cannot_be_a_parent(
    sendbird: Sendbird,
    path: str,
    direct: Conversation,
    root: Message,
    bob: User,
    kind: str,
    code: int,
) -> None:
    """The error names the field, and nothing is sent."""
    fixed: dict[str, Any] = {
        "unknown": 999_999, "unknown name": "ext:none", "text": "main", "negative": -1,
    }  # fmt: skip
    parent = fixed.get(kind, root.pk)
    if kind == "of another channel":
        parent = say(bob, direct).pk
    elif kind == "a reply":
        parent = answer(bob, root).pk
    elif kind == "deleted":
        services.delete_message(message_id=root.pk)
    before = Message.objects.count()
    body = {"user_id": "bob", "message": "I do", "parent_message_id": parent}
    told = sendbird("POST", path, body, status=400)
    assert told["code"] == code
    assert '"parent_message_id"' in told["message"]
    assert Message.objects.count() == before


def test_no_message_is_named_none(
    sendbird: Sendbird, path: str, group: Conversation, alice: User
) -> None:
    say_named("None", alice, group)
    body = {"user_id": "bob", "message": "I do", "parent_message_id": "ext:none"}
    assert sendbird.refused("POST", path, body) == 400201


def test_an_admin_message_is_no_reply(sendbird: Sendbird, path: str, root: Message) -> None:
    body = {"message_type": "ADMM", "message": "Tea!", "parent_message_id": root.pk}
    assert sendbird.refused("POST", path, body) == 400111


@pytest.mark.parametrize("name", ["is_reply_to_channel", "reply_to_channel"])
def test_no_reply_is_sent_to_the_channel_too(
    sendbird: Sendbird, path: str, root: Message, name: str
) -> None:
    """It would be shown to nobody there."""
    body = {"user_id": "bob", "message": "x", "parent_message_id": root.pk, name: True}
    assert sendbird.refused("POST", path, body) == 400111


def test_a_list_has_no_replies_unless_asked(
    sendbird: Sendbird, path: str, root: Message, alice: User, bob: User
) -> None:
    sent, other = answer(bob, root), say(alice, root.conversation)
    main, everything = [root.pk, other.pk], [root.pk, sent.pk, other.pk]
    assert ids(sendbird.get(path)) == main
    for kind in ("NONE", "none", "ONLY_REPLY_TO_CHANNEL", "only_reply_to_channel"):
        assert ids(sendbird.get(path, include_reply_type=kind)) == main
    for kind in ("ALL", "all"):
        assert ids(sendbird.get(path, include_reply_type=kind)) == everything
    assert ids(sendbird.get(path, include_replies=True)) == everything
    assert ids(sendbird.get(path, include_replies=False)) == main
    assert sendbird.refused("GET", f"{path}?include_reply_type=SOME") == 400111


def test_a_thread_is_its_parent_and_the_replies(
    sendbird: Sendbird, path: str, root: Message, alice: User, bob: User
) -> None:
    replies = [answer(bob, root) for _ in range(3)]
    answer(bob, say(alice, root.conversation))
    thread = [root.pk, *(each.pk for each in replies)]
    assert ids(sendbird.get(path, parent_message_id=root.pk)) == thread
    around = {"message_ts": milliseconds(root.created_at), "prev_limit": 0, "next_limit": 2}
    assert ids(sendbird.get(path, parent_message_id=root.pk, **around)) == thread[:3]
    around = {"message_id": replies[1].pk, "prev_limit": 1, "next_limit": 1, "include": False}
    assert ids(sendbird.get(path, parent_message_id=root.pk, **around)) == [thread[1], thread[3]]
    only = {"parent_message_id": root.pk, "include_reply_type": "NONE"}
    assert ids(sendbird.get(path, **only)) == [root.pk]


@pytest.mark.parametrize("parent", ["999999", "ext:none"])
def test_an_unknown_thread_is_not_found(
    sendbird: Sendbird, path: str, root: Message, parent: str
) -> None:
    assert sendbird.refused("GET", f"{path}?parent_message_id={parent}") == 400201


def test_a_parent_tells_of_its_replies(
    sendbird: Sendbird, path: str, root: Message, bob: User, carol: User
) -> None:
    """Who wrote most comes first."""
    answer(carol, root)
    last = [answer(bob, root) for _ in range(2)][-1]
    found = sendbird.get(path, **SHOWN)["messages"][0]
    at = milliseconds(last.created_at)
    most = found["thread_info"].pop("most_replies")
    assert [each["user_id"] for each in most] == ["bob", "carol"]
    assert found["thread_info"] == {"reply_count": 3, "last_replied_at": at, "updated_at": at}
    one = sendbird.get(f"{path}/{root.pk}", **SHOWN)
    assert one["thread_info"]["most_replies"] == most


def test_most_replies_names_five(sendbird: Sendbird, path: str, root: Message) -> None:
    writers = [services.ensure_user(username=f"writer{number}")[0] for number in range(6)]
    for writer in writers:
        services.add_participant(conversation_id=root.conversation_id, user=writer)
    for writer in [*writers, writers[5]]:
        answer(writer, root)
    info = sendbird.get(f"{path}/{root.pk}", **SHOWN)["thread_info"]
    named = [each["user_id"] for each in info["most_replies"]]
    assert named == ["writer5", "writer0", "writer1", "writer2", "writer3"]


def test_a_deleted_reply_is_not_told_of(
    sendbird: Sendbird, path: str, root: Message, bob: User, carol: User
) -> None:
    """Without replies left, as without any."""
    first, second = answer(carol, root), answer(bob, root)
    services.delete_message(message_id=second.pk)
    info = sendbird.get(f"{path}/{root.pk}", **SHOWN)["thread_info"]
    assert info["reply_count"] == len(info["most_replies"]) == 1
    assert info["last_replied_at"] == milliseconds(first.created_at)
    services.delete_message(message_id=first.pk)
    assert sendbird.get(f"{path}/{root.pk}", **SHOWN)["thread_info"] == {}


def test_a_reply_tells_of_its_parent(
    sendbird: Sendbird, path: str, root: Message, bob: User
) -> None:
    sent = answer(bob, root)
    told = sendbird.get(f"{path}/{sent.pk}", **SHOWN)
    info = told["parent_message_info"]
    at = milliseconds(root.created_at)
    assert (info["message"], info["type"], info["ts"]) == (root.body, "MESG", at)
    assert info["user"]["user_id"] == "alice"
    assert told["thread_info"] == {}
    assert sendbird.get(f"{path}/{root.pk}", **SHOWN)["parent_message_info"] == {}
    services.delete_message(message_id=root.pk)
    info = sendbird.get(f"{path}/{sent.pk}", **SHOWN)["parent_message_info"]
    assert info["message"] == ""


def test_nothing_is_told_unasked(sendbird: Sendbird, path: str, root: Message, bob: User) -> None:
    sent = answer(bob, root)
    for each in sendbird.get(path, include_reply_type="ALL")["messages"]:
        assert not {"thread_info", "parent_message_info"} & set(each)
    assert "parent_message_info" not in sendbird.get(f"{path}/{sent.pk}")


def test_replies_are_counted_and_read_with_the_channel(
    sendbird: Sendbird, path: str, root: Message, bob: User
) -> None:
    """The vendor has one time of reading for a channel."""
    answer(bob, root)
    assert sendbird.get(f"{path}/total_count") == {"total": 2}
    assert sendbird.get("/users/alice/unread_message_count") == {"unread_count": 1}
    sendbird.put(f"{path}/mark_as_read", {"user_id": "alice"})
    assert sendbird.get("/users/alice/unread_message_count") == {"unread_count": 0}


@pytest.mark.parametrize("threads", [1, 20])
def test_threads_take_a_constant_number_of_statements(
    sendbird: Sendbird,
    path: str,
    group: Conversation,
    alice: User,
    bob: User,
    statements: Any,
    threads: int,
) -> None:
    """The key, the channel, the messages; the threads, who wrote most, and the parents."""
    for _ in range(threads):
        answer(bob, say(alice, group))
    with statements() as counted:
        found = sendbird.get(path, include_reply_type="ALL", prev_limit=100, **SHOWN)["messages"]
    assert len(found) == 2 * threads
    assert len(counted) == 7


def test_the_document_says_so(sendbird: Sendbird, path: str, root: Message, bob: User) -> None:
    """Each field has its type."""
    answer(bob, root)
    found = sendbird.get(path, include_reply_type="ALL", **SHOWN)
    assert Document("sendbird").faults("Messages", found) == []
