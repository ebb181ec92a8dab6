"""Events and commits: nothing is skipped, repeated or delayed, in whatever order commits happen."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction

from chat.models import Conversation, User
from receipts import services
from receipts.models import EventKind, ReceiptEvent
from tests.support.cast import say
from tests.support.committing import on_its_own, write
from tests.support.distributed import in_order
from tests.support.listening import Listen, Stream

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("port"),
]


@contextmanager
def meanwhile(work: Callable[[], Any]) -> Iterator[None]:
    """Work in another transaction, which commits when the block ends."""
    done, go_on = threading.Event(), threading.Event()

    def run() -> None:
        with transaction.atomic():
            work()
            done.set()
            assert go_on.wait(30)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(on_its_own, run)
        assert done.wait(30)
        try:
            yield
        finally:
            go_on.set()
            running.result()


def numbers() -> list[int]:
    """The messages in the events, in the order of the event ids."""
    events = ReceiptEvent.objects.filter(kind=EventKind.MESSAGE_CREATED).order_by("pk")
    return [event.messages[0] for event in events]


def test_what_took_its_number_first_and_commits_last_is_still_told(
    api: Any, listen: Listen, group: Conversation, direct: Conversation, alice: User, bob: User
) -> None:
    """In pages and in the stream: a position after an id would skip it."""
    call, stream = api(bob), listen(bob)
    cursor = call.get("/events/")["cursor"]
    sent: list[int] = []
    with meanwhile(lambda: sent.append(say(alice, direct).pk)):
        later = say(alice, group).pk
        page = call.get(f"/events/?after={cursor}")
        assert [event["message"]["id"] for event in page["results"]] == [later]
        assert stream.messages(later) == [later]
        middle = listen(bob, stream.id)
    (early,) = sent
    assert numbers() == [early, later]
    page = call.get(f"/events/?after={page['cursor']}")
    assert [event["message"]["id"] for event in page["results"]] == [early]
    assert stream.messages(early) == [early]
    assert middle.messages(early) == [early]
    again = listen(bob, cursor)
    told = [again.event()["message"]["id"] for _ in range(2)]
    assert in_order(told) == [early, later]


def test_a_long_transaction_holds_up_nobody_elses_events(
    api: Any, listen: Listen, group: Conversation, direct: Conversation, alice: User, bob: User
) -> None:
    stream = listen(bob)
    with meanwhile(lambda: say(alice, direct)):
        for _ in range(5):
            message = say(alice, group)
            assert stream.messages(message.pk) == [message.pk]
            api(bob).post(f"/messages/{message.pk}/read/")
            assert stream.event()["kind"] == "conversation.read"


def test_what_is_rolled_back_is_not_told(
    listen: Listen, group: Conversation, alice: User, bob: User
) -> None:
    stream = listen(bob)
    with transaction.atomic():
        say(alice, group)
        transaction.set_rollback(True)
    message = say(alice, group)
    assert stream.messages(message.pk) == [message.pk]


END = "the end"


def follow_stream(listen: Callable[[str | None], Stream], ends: int) -> list[int]:
    """What a client receives until ``ends`` messages are the end, while the stream breaks."""
    stream, told = listen(None), list[int]()
    while ends:
        fields = (block := stream.block()).fields
        if "data" in fields:
            told.append(block.data["message"]["id"])
            ends -= block.data["message"]["body"] == END
        if "id" in fields and random.random() < 0.2:
            stream.close()
            stream = listen(stream.id)
    return told


def follow_pages(get: Callable[[str], Any], cursor: str, ends: int) -> list[int]:
    """The same in pages of any size."""
    told: list[int] = []
    while ends > 0:
        page = get(f"/events/?after={cursor}&limit={random.choice((1, 3, 10, 200))}")
        told += [event["message"]["id"] for event in page["results"]]
        ends -= sum(event["message"]["body"] == END for event in page["results"])
        cursor = page["cursor"]
    return told


def test_whatever_commits_when_each_event_is_told_once(
    api: Any, listen: Listen, alice: User, bob: User
) -> None:
    rooms = [
        services.create_conversation(owner=alice, participants=[bob], kind="group")
        for _ in range(6)
    ]
    call = api(bob)
    first = call.get("/events/")["cursor"]
    with ThreadPoolExecutor(len(rooms) + 2) as pool:
        streamed = pool.submit(follow_stream, lambda last: listen(bob, last or first), len(rooms))
        paged = pool.submit(on_its_own, follow_pages, call.get, first, len(rooms))
        for writer in [pool.submit(on_its_own, write, alice, room) for room in rooms]:
            writer.result()
        for room in rooms:  # which may lie on several nodes
            say(alice, room, END)
        told = Counter(numbers())
        assert Counter(streamed.result()) == told
        assert Counter(paged.result()) == told
    assert len(told) > 100
