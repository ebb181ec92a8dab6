"""``check_receipts``: threads and the rows of replies, where somebody changed one by hand."""

from __future__ import annotations

import pytest

from chat.models import Conversation, Message, Thread, User
from chat.names import MessageReference
from receipts.models import MessageStatus
from tests.support.cast import say
from tests.support.commands import run, run_fails

pytestmark = pytest.mark.django_db


@pytest.fixture
def thread(group: Conversation, alice: User, bob: User) -> Thread:
    """Two replies to one of two messages; one of another message."""
    root, other = say(alice, group), say(alice, group)
    for each in (root, other, root):
        say(bob, group, thread=MessageReference(number=each.pk))
    return Thread.objects.get(root=root)


def mended(said: str) -> None:
    """The finding is reported, and with ``--fix`` nothing is left."""
    found, last = run_fails("check_receipts", code=1)
    assert found[0] == said
    assert last == "Threads and their replies differ; --fix counts them again."
    assert "threads that differ 1 (1 fixed)" in run("check_receipts", "--fix")[1]
    assert "no drift" in run("check_receipts")[0]


def test_threads_that_are_right_are_no_finding(thread: Thread) -> None:
    assert "5 messages, 10 rows: no drift" in run("check_receipts")


def test_a_wrong_number_of_replies_is_counted_again(thread: Thread) -> None:
    last = thread.last_reply_id
    Thread.objects.filter(pk=thread.pk).update(reply_count=7)
    mended(f"thread {thread.root_id}: 7 replies up to {last} should be 2 up to {last}")


def test_a_missing_thread_is_stored_again(thread: Thread) -> None:
    last = thread.last_reply_id
    thread.delete()
    mended(f"thread {thread.root_id}: 0 replies up to None should be 2 up to {last}")
    assert Thread.objects.get(root=thread.root_id).reply_count == 2


def test_a_wrong_last_reply_is_found_again(thread: Thread) -> None:
    Thread.objects.filter(pk=thread.pk).update(last_reply=None)
    last = thread.last_reply_id
    mended(f"thread {thread.root_id}: 2 replies up to None should be 2 up to {last}")


def test_a_row_of_another_thread_is_put_right(thread: Thread) -> None:
    row = MessageStatus.objects.filter(message=thread.last_reply_id).order_by("pk")[0]
    MessageStatus.objects.filter(pk=row.pk).update(thread=None)
    mended(f"row {row.pk}: its thread is not that of message {row.message_id}")
    row.refresh_from_db()
    assert row.thread_id == thread.root_id


def test_a_row_of_the_main_line_is_in_no_thread(thread: Thread) -> None:
    """It would be missing from the unread count of the main line."""
    row = MessageStatus.objects.filter(message=thread.root_id).order_by("pk")[0]
    MessageStatus.objects.filter(pk=row.pk).update(thread=thread.root_id)
    mended(f"row {row.pk}: its thread is not that of message {row.message_id}")
    row.refresh_from_db()
    assert row.thread_id is None


def test_a_deleted_reply_is_no_drift(thread: Thread) -> None:
    from receipts import services

    services.delete_message(message_id=int(str(thread.last_reply_id)))
    assert Message.objects.filter(deleted_at__isnull=False).count() == 1
    assert "no drift" in run("check_receipts")[0]
