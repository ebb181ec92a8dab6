"""Marks and unread counts of single lines: the main line, and each thread (rule 30)."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Message, User
from chat.names import MessageReference
from receipts import services
from receipts.models import MessageStatus
from tests.support.cast import STAMP, say


class Talk:
    """What alice said to bob and carol: two roots, with a reply to each, and one message more."""

    def __init__(self, api: Any, group: Conversation, alice: User) -> None:
        self.api, self.group, self.alice = api, group, alice
        self.root, self.other = say(alice, group, "tea?"), say(alice, group, "cake?")
        self.reply, self.other_reply = self.answer(self.root), self.answer(self.other)
        self.last = say(alice, group, "hurry")

    def answer(self, root: Message, sender: User | None = None) -> Message:
        thread = MessageReference(number=root.pk)
        return say(sender or self.alice, self.group, "well", thread=thread)

    def mark(self, user: User, verb: str = "mark-read", status: int = 200, **body: Any) -> Any:
        return self.api(user).post(f"/conversations/{self.group.pk}/{verb}/", body, status=status)

    def unread(self, user: User) -> set[int]:
        rows = MessageStatus.objects.filter(recipient=user, seen_at=None)
        return set(rows.values_list("message_id", flat=True))

    def counts(self, user: User) -> tuple[int, int]:
        told = self.api(user).get(f"/conversations/{self.group.pk}/")
        return told["unread_count"], told["unread_count_main"]

    def read_up_to(self, user: User, state: str = "read") -> int | None:
        """The watermark that its user sees."""
        path = f"/conversations/{self.group.pk}/participants/{user.username}/"
        return self.api(user).get(path)[f"last_{state}_message"]


@pytest.fixture
def talk(api: Any, group: Conversation, alice: User) -> Talk:
    return Talk(api, group, alice)


def test_unread_counts_by_conversation_main_line_and_thread(talk: Talk, bob: User) -> None:
    assert talk.counts(bob) == (5, 3)
    told = talk.api(bob).get(f"/conversations/{talk.group.pk}/threads/")["results"]
    assert [each["unread_replies"] for each in told] == [1, 1]


def test_a_mark_without_a_thread_covers_everything(talk: Talk, bob: User) -> None:
    told = talk.mark(bob)
    assert (told["marked"], told["thread"], talk.unread(bob)) == (5, None, set())


def test_a_mark_of_the_main_line_leaves_the_replies_unread(talk: Talk, bob: User) -> None:
    told = talk.mark(bob, thread="main")
    assert (told["marked"], told["thread"], told["unread_count"]) == (3, "main", 2)
    assert talk.unread(bob) == {talk.reply.pk, talk.other_reply.pk}
    assert talk.counts(bob) == (2, 0)


def test_a_mark_of_a_thread_covers_only_its_replies(talk: Talk, bob: User) -> None:
    told = talk.mark(bob, thread=talk.root.pk)
    assert (told["marked"], told["thread"], told["up_to_message"]) == (
        1, talk.root.pk, talk.reply.pk,
    )  # fmt: skip
    assert talk.unread(bob) == {talk.root.pk, talk.other.pk, talk.other_reply.pk, talk.last.pk}


def test_a_mark_of_a_thread_ends_at_its_message(talk: Talk, bob: User) -> None:
    later = talk.answer(talk.root)
    assert talk.mark(bob, thread=talk.root.pk, up_to_message=talk.reply.pk)["marked"] == 1
    assert later.pk in talk.unread(bob)


def test_a_thread_is_delivered_by_itself(talk: Talk, bob: User) -> None:
    talk.mark(bob, "mark-delivered", thread=talk.root.pk)
    rows = MessageStatus.objects.filter(recipient=bob, delivered_at__isnull=False)
    assert [row.message_id for row in rows] == [talk.reply.pk]


def test_a_thread_is_unread_by_itself(talk: Talk, bob: User) -> None:
    """Rule 10."""
    talk.mark(bob)
    told = talk.mark(bob, "mark-unread", from_message=talk.root.pk, thread=talk.root.pk)
    assert (told["marked"], talk.unread(bob)) == (1, {talk.reply.pk})


def test_the_root_belongs_to_the_main_line(talk: Talk, bob: User) -> None:
    """As the end of a mark of its thread it marks nothing."""
    assert talk.mark(bob, thread=talk.root.pk, up_to_message=talk.root.pk)["marked"] == 0
    assert talk.mark(bob, thread="main", up_to_message=talk.root.pk)["marked"] == 1


def test_a_thread_may_be_named(api: Any, service_key: str, talk: Talk, bob: User) -> None:
    """Rule 24."""
    path = f"/conversations/{talk.group.pk}/messages/"
    sent = {"sender": "alice", "body": "x", "external_id": "m-1"}
    named = {"external_id": "m-1"}
    root = api(service_key).post(path, sent, status=201)["id"]
    api(service_key).post(path, {"sender": "alice", "body": "y", "thread": named}, status=201)
    told = talk.mark(bob, thread=named)
    assert (told["marked"], told["thread"]) == (1, root)
    wrong = {"id": root, "external_id": "m-2"}
    assert [*talk.mark(bob, thread=wrong, status=400)] == ["thread"]


@pytest.mark.parametrize("verb", ["mark-read", "mark-delivered", "mark-unread"])
@pytest.mark.parametrize("kind", ["unknown", "elsewhere", "a reply", "text", "number"])
def test_a_thread_that_is_none(
    talk: Talk, direct: Conversation, bob: User, alice: User, kind: str, verb: str
) -> None:
    """The error names the field, and nothing is marked."""
    wrong: Any = {"unknown": 999_999, "text": "mine", "number": 0}.get(kind)
    if kind == "elsewhere":
        wrong = say(alice, direct).pk
    elif kind == "a reply":
        wrong = talk.reply.pk
    before = talk.unread(bob)
    end = {"from_message": talk.root.pk} if verb == "mark-unread" else {}
    assert [*talk.mark(bob, verb, status=400, thread=wrong, **end)] == ["thread"]
    assert talk.unread(bob) == before


def test_a_mark_ends_in_its_line(talk: Talk, bob: User) -> None:
    """A client that names another line's message is mistaken about one of the two."""
    for thread, end in (
        ("main", talk.reply),
        (talk.root.pk, talk.last),
        (talk.root.pk, talk.other_reply),
    ):
        told = talk.mark(bob, status=400, thread=thread, up_to_message=end.pk)
        assert [*told] == ["up_to_message"]
    assert len(talk.unread(bob)) == 5


def test_an_empty_thread_is_marked_in_vain(talk: Talk, bob: User) -> None:
    told = talk.mark(bob, thread=talk.last.pk)
    assert (told["marked"], told["up_to_message"]) == (0, None)


def test_no_watermark_covers_an_unread_reply(talk: Talk, bob: User) -> None:
    """Rule 7: after a mark of the main line it ends before the first of them."""
    talk.mark(bob, thread="main")
    assert talk.read_up_to(bob) == talk.other.pk
    talk.mark(bob, thread=talk.root.pk)
    assert talk.read_up_to(bob) == talk.reply.pk
    talk.mark(bob, thread=talk.other.pk)
    assert talk.read_up_to(bob) == talk.last.pk


def test_no_watermark_covers_an_undelivered_reply(talk: Talk, bob: User) -> None:
    talk.mark(bob, "mark-delivered", thread="main")
    assert talk.read_up_to(bob, "delivered") == talk.other.pk


def test_a_thread_moves_no_watermark(talk: Talk, bob: User) -> None:
    talk.mark(bob, thread=talk.root.pk)
    assert talk.read_up_to(bob) is None


def test_writing_in_the_main_line_reads_only_that(talk: Talk, bob: User) -> None:
    """Rule 9."""
    sent = say(bob, talk.group)
    assert talk.unread(bob) == {talk.reply.pk, talk.other_reply.pk}
    assert (talk.read_up_to(bob), sent.pk > talk.last.pk) == (talk.other.pk, True)


def test_writing_in_a_thread_reads_that_and_its_root(talk: Talk, bob: User) -> None:
    """Rule 9. It says nothing of what bob has read of the main line."""
    talk.answer(talk.root, bob)
    assert talk.unread(bob) == {talk.other.pk, talk.other_reply.pk, talk.last.pk}
    assert talk.read_up_to(bob) is None


def test_writing_after_everything_was_read_moves_the_watermark(talk: Talk, bob: User) -> None:
    talk.mark(bob)
    sent = say(bob, talk.group)
    assert talk.read_up_to(bob) == sent.pk


def test_private_marks_of_a_thread(talk: Talk, bob: User) -> None:
    """Rule 13: others see a delivery, and no watermark covers it."""
    talk.mark(bob, thread=talk.root.pk, private=True)
    talk.mark(bob)
    row = MessageStatus.objects.get(message=talk.reply, recipient=bob)
    assert (row.read_at, row.delivered_at is not None) == (None, True)
    assert talk.read_up_to(bob) == talk.other.pk


def test_leaving_withdraws_unread_replies(talk: Talk, bob: User) -> None:
    """Rule 2."""
    services.remove_participant(conversation_id=talk.group.pk, user=bob)
    told = talk.api(talk.alice).get(f"/messages/{talk.reply.pk}/status/")
    assert told["total_recipients"] == 1


@pytest.mark.one_server
@pytest.mark.parametrize("others", [1, 12])
def test_marks_of_lines_take_a_constant_number_of_statements(
    talk: Talk, bob: User, statements: Any, others: int
) -> None:
    """The position, the lock, the watermark, the stamp, the unread count; of the main line also
    what holds the watermark back, and of a thread no watermark."""
    for _ in range(others):
        talk.answer(say(talk.alice, talk.group))
    call, path = talk.api(bob), f"/conversations/{talk.group.pk}/mark-read/"
    call.get("/me/")  # the token is verified once a minute
    with statements() as of_main:
        call.post(path, {"thread": "main"})
    with statements() as of_thread:
        call.post(path, {"thread": talk.root.pk})
    assert (len(of_main), len(of_thread)) == (5 + STAMP, 2 + STAMP)
