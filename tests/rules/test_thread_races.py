"""Replies, deletions, following and marks at the same moment, with real connections (rule 30)."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, ConversationParticipant, Message, Thread, User
from chat.names import MessageReference
from receipts import services
from receipts.models import MessageStatus
from receipts.reads.watermarks import show_watermarks
from tests.support.cast import say
from tests.support.commands import run
from tests.support.racing import at_once, first_then

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def reply(sender: User, root: Message, **how: Any) -> Message:
    thread = MessageReference(number=root.pk)
    return say(sender, root.conversation, thread=thread, **how)


def known(root: Message) -> tuple[int, int | None]:
    thread = Thread.objects.get(root=root)
    return thread.reply_count, thread.last_reply_id


@pytest.fixture
def root(group: Conversation, alice: User) -> Message:
    return say(alice, group)


def test_replies_at_once_are_all_counted(
    root: Message, alice: User, bob: User, carol: User
) -> None:
    """Also the first ones, which both make the thread."""
    sent = at_once([lambda who=who: reply(who, root) for who in (alice, bob, carol) * 4])
    last = max(sent, key=lambda message: message.created_at)
    assert known(root) == (12, last.pk)
    assert "no drift" in run("check_receipts")[0]


@pytest.mark.parametrize("first", ["deletion", "reply"])
def test_a_reply_while_another_is_deleted(
    root: Message, alice: User, bob: User, first: str
) -> None:
    """Rule 22: the sender has the deleted one unread, so the send would mark it; no deadlock."""
    gone = reply(alice, root)

    def delete() -> Any:
        return services.delete_message(message_id=gone.pk)

    def answer() -> Message:
        return reply(bob, root)

    both = first_then(delete, answer) if first == "deletion" else first_then(answer, delete)
    sent = next(each for each in both if isinstance(each, Message))
    assert known(root) == (1, sent.pk)
    assert "no drift" in run("check_receipts")[0]


def test_two_replies_are_deleted_and_restored_at_once(root: Message, bob: User) -> None:
    first, last = reply(bob, root), reply(bob, root)
    both = [first.pk, last.pk]
    at_once([lambda pk=pk: services.delete_message(message_id=pk) for pk in both])
    assert known(root) == (0, None)
    at_once([lambda pk=pk: services.restore_message(message_id=pk) for pk in both])
    assert known(root) == (2, last.pk)


def test_who_starts_to_follow_while_a_reply_is_sent(root: Message, bob: User, carol: User) -> None:
    """Rule 19: the reply counts those who have a row."""
    services.change_conversation(
        by=None, conversation_id=root.conversation_id, thread_recipients="followers"
    )

    def follow() -> None:
        services.follow_thread(
            conversation_id=root.conversation_id, root=root.pk, username="carol", following=True
        )

    _, sent = first_then(follow, lambda: reply(bob, root))
    assert sent.recipient_count == MessageStatus.objects.filter(message=sent).count() == 2


def test_a_late_reply_while_the_main_line_is_read(
    api: Any, root: Message, alice: User, bob: User
) -> None:
    """Rule 7: the mark did not see it, so the watermark is shown before it."""
    last = say(alice, root.conversation)
    middle = root.created_at + (last.created_at - root.created_at) / 2
    path = f"/conversations/{root.conversation_id}/mark-read/"
    first_then(
        lambda: api(bob).post(path, {"thread": "main"}),
        lambda: reply(alice, root, sent_at=middle),
    )
    participant = ConversationParticipant.objects.get(user=bob)
    show_watermarks([participant])
    assert participant.last_read_message_id == root.pk
