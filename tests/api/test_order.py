"""Lists stand in the order of time, whatever arrives when."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from chat.ids import MAX_ID
from chat.models import Conversation, Message, User
from receipts import services
from receipts.api.pagination import NewestFirst
from receipts.sql.keyset import EARLIEST
from tests.support.cast import say


def ago(hours: float) -> datetime:
    return timezone.now() - timedelta(hours=hours)


def ids_of(page: Any) -> list[int]:
    return [each["id"] for each in page["results"]]


def pages_of(caller: Any, path: str) -> Iterator[Any]:
    """The pages of a list, by their ``next`` links."""
    page = caller.get(path)
    yield page
    while page["next"]:
        page = caller("GET", page["next"])
        yield page


def test_an_old_message_that_arrives_now_is_listed_by_its_time(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    live = say(alice, group)
    old = say(bob, group, sent_at=ago(48))
    middle = say(alice, group, sent_at=ago(24))
    path = f"/conversations/{group.pk}/"
    assert ids_of(api(alice).get(f"{path}messages/")) == [live.pk, middle.pk, old.pk]
    assert api(alice).get(path)["last_message"]["id"] == live.pk


def test_messages_of_one_moment_stand_as_they_arrived(
    api: Any, group: Conversation, alice: User
) -> None:
    at = ago(1)
    sent = [say(alice, group, sent_at=at).pk for _ in range(5)]
    pages = list(pages_of(api(alice), f"/conversations/{group.pk}/messages/?limit=2"))
    assert [pk for page in pages for pk in ids_of(page)] == sent[::-1]


def test_the_first_unread_message_is_the_first_in_time(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    say(alice, group)
    old = say(alice, group, sent_at=ago(48))
    listed = api(bob).get("/conversations/")["results"][0]
    assert (listed["unread_count"], listed["first_unread_message"]) == (2, old.pk)
    api(alice).delete(f"/messages/{old.pk}/")
    assert api(bob).get("/conversations/")["results"][0]["unread_count"] == 1


def test_a_deleted_message_is_not_the_first_unread_one(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    live = say(alice, group)
    old = say(alice, group, sent_at=ago(48))
    api(alice).delete(f"/messages/{old.pk}/")
    assert api(bob).get("/conversations/")["results"][0]["first_unread_message"] == live.pk


def test_a_conversation_of_years_ago_is_listed_last(
    api: Any, group: Conversation, direct: Conversation, alice: User, bob: User
) -> None:
    """By the newest message; those without one come after all others."""
    empty = services.create_conversation(owner=bob, participants=[alice], kind="group")
    say(alice, group)
    say(bob, direct, sent_at=ago(24 * 1000))
    for person in (alice, bob):
        assert ids_of(api(person).get("/conversations/")) == [group.pk, direct.pk, empty.pk]


def test_conversations_of_one_moment_are_listed_by_their_ids(
    api: Any, alice: User, bob: User
) -> None:
    """Whichever got its message first."""
    made = [
        services.create_conversation(owner=alice, participants=[bob], kind="group")
        for _ in range(5)
    ]
    at = ago(1)
    for conversation in (made[1], made[3], made[0]):
        say(alice, conversation, sent_at=at)
    listed = [pk for page in pages_of(api(bob), "/conversations/?limit=1") for pk in ids_of(page)]
    assert listed == [made[place].pk for place in (3, 1, 0, 4, 2)]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_are_exact_while_an_old_message_arrives_between_two(
    api: Any, group: Conversation, alice: User, limit: int
) -> None:
    """Nothing twice and nothing left out; what arrives is on the pages that are still to come."""
    sent = [say(alice, group, sent_at=ago(10 - number)).pk for number in range(7)]
    path, seen, arrived = f"/conversations/{group.pk}/messages/?limit={limit}", [], []
    for number, page in enumerate(pages_of(api(alice), path)):
        seen += ids_of(page)
        if number == 0:
            arrived = [say(alice, group, sent_at=ago(9.5)).pk]
            say(alice, group, sent_at=ago(0.1))
            say(alice, group)
    assert sorted(seen) == sorted(sent + arrived)
    assert seen[-2:] == [arrived[0], sent[0]]


def test_conversation_pages_are_exact_while_old_messages_arrive(
    api: Any, alice: User, bob: User
) -> None:
    """A message of years ago moves no conversation."""
    made = [
        services.create_conversation(owner=alice, participants=[bob], kind="group")
        for _ in range(6)
    ]
    for hours, conversation in enumerate(made, start=1):
        say(alice, conversation, sent_at=ago(hours))
    seen = []
    for page in pages_of(api(bob), "/conversations/?limit=2"):
        seen += ids_of(page)
        for conversation in made:
            say(alice, conversation, sent_at=ago(24 * 1000))
    assert seen == [each.pk for each in made]


def test_pages_go_back_the_same_way(api: Any, group: Conversation, alice: User) -> None:
    caller = api(alice)
    for number in range(5):
        say(alice, group, sent_at=ago(number % 3))
    pages = list(pages_of(caller, f"/conversations/{group.pk}/messages/?limit=2"))
    back = [pages[-1]]
    while back[-1]["previous"]:
        back.append(caller("GET", back[-1]["previous"]))
    assert [ids_of(page) for page in back[::-1]] == [ids_of(page) for page in pages]


def test_an_empty_page_beyond_the_end_links_to_the_last_page(
    api: Any, group: Conversation, alice: User
) -> None:
    """Its rows may have gone, as those of a filter do."""
    caller, path = api(alice), f"/messages/{say(alice, group).pk}/recipients/?limit=1"
    second = caller("GET", caller.get(path)["next"])
    beyond = base64.urlsafe_b64encode(f"after.{MAX_ID}".encode()).decode().rstrip("=")
    page = caller.get(f"{path}&cursor={beyond}")
    assert (page["results"], page["next"]) == ([], None)
    assert caller("GET", page["previous"])["results"] == second["results"]


def test_a_cursor_of_another_list_is_refused(
    api: Any, group: Conversation, direct: Conversation, alice: User
) -> None:
    """Each names its own columns; a time is not an id."""
    caller = api(alice)
    for _ in range(2):
        say(alice, group)
    messages = f"/conversations/{group.pk}/messages/"
    paths = [messages, f"/conversations/{group.pk}/participants/"]
    cursors = [caller.get(f"{path}?limit=1")["next"].partition("cursor=")[2] for path in paths]
    for path in paths:
        for other, cursor in zip(paths, cursors, strict=True):
            status = 200 if other == path else 400
            assert ("cursor" in caller.get(f"{path}?cursor={cursor}", status)) is (status == 400)


@pytest.mark.parametrize(
    "text",
    ["after.", "after.1", "after.1.2.3", "after.-1.1", f"after.1.{2**63}", "before.x.1",
     f"after.{10**18}.1", "between.1.1", "after.1.1\n", "after.1.\u0661"],
)  # fmt: skip
def test_a_malformed_cursor_is_named(api: Any, group: Conversation, alice: User, text: str) -> None:
    cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    path = f"/conversations/{group.pk}/messages/?cursor={cursor}"
    assert api(alice).get(path, status=400) == {"cursor": ["Not a cursor of this list."]}


@pytest.mark.parametrize("at", [EARLIEST, datetime.max.replace(tzinfo=EARLIEST.tzinfo)])
def test_a_cursor_holds_any_time(api: Any, group: Conversation, alice: User, at: datetime) -> None:
    """To the microsecond, from the first day to the last."""
    sent = [say(alice, group, sent_at=at).pk for _ in range(3)]
    pages = list(pages_of(api(alice), f"/conversations/{group.pk}/messages/?limit=1"))
    assert [pk for page in pages for pk in ids_of(page)] == sent[::-1]


@pytest.mark.postgres
@pytest.mark.one_server
@pytest.mark.whole_tables
def test_a_page_in_the_middle_is_found_by_an_index(group: Conversation, alice: User) -> None:
    """It touches its own rows and no others, as the first page does."""
    others = Conversation.objects.bulk_create(Conversation(kind="group") for _ in range(100))
    Message.objects.bulk_create(
        Message(conversation=conversation, sender=alice, created_at=ago(number / 3600))
        for number in range(200)
        for conversation in (group, *others)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE chat_message")
    order, messages = NewestFirst.order, Message.objects.filter(conversation=group)
    middle = order.position_of(order.sorted(messages)[100])
    for rows in (messages, messages.filter(order.behind(middle))):
        plan = order.sorted(rows)[:51].explain(analyze=True)
        assert "Index Scan Backward using message_in_conversation" in plan, plan
        assert "Rows Removed" not in plan, plan
        assert "Sort" not in plan, plan
