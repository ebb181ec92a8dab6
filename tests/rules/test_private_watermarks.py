"""No watermark covers what was received privately (rules 7 and 13)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat.models import Conversation, ConversationParticipant, User
from receipts import services
from tests.support.cast import NO_COUNT, STAMP, Api, say

#: The two watermarks of bob, by the number of the message.
Watermarks = tuple[int | None, int | None]


def switch(call: Api, *, deliveries: bool, reads: bool = True) -> None:
    call.patch("/me/", {"delivery_receipts_enabled": deliveries, "read_receipts_enabled": reads})


@pytest.fixture
def ids(group: Conversation, alice: User) -> list[int]:
    return [say(alice, group).pk for _ in range(4)]


@pytest.fixture
def shown(api: Any, group: Conversation, service_key: str, ids: list[int]) -> Any:
    """Bob's watermarks as others see them."""

    def of_bob() -> Watermarks:
        bob = api(service_key).get(f"/conversations/{group.pk}/participants/bob/")
        names = ("last_delivered_message", "last_read_message")
        delivered, read = (bob[name] and ids.index(bob[name]) for name in names)
        return delivered, read

    return of_bob


@pytest.mark.parametrize("everywhere", [False, True])
def test_a_private_bulk_mark_moves_no_watermark(
    api: Any, group: Conversation, bob: User, shown: Any, everywhere: bool
) -> None:
    """Delivered, or read with both switches off."""
    where = "/me" if everywhere else f"/conversations/{group.pk}"
    switch(api(bob), deliveries=False, reads=False)
    api(bob).post(f"{where}/mark-delivered/")
    api(bob).post(f"{where}/mark-read/")
    assert shown() == (None, None)


def test_a_later_open_mark_stops_before_what_was_received_privately(
    api: Any, group: Conversation, bob: User, ids: list[int], shown: Any
) -> None:
    """It reaches the newest, and the rows in between tell nothing."""
    path = f"/conversations/{group.pk}"
    api(bob).post(f"{path}/mark-delivered/", {"up_to_message": ids[0]})
    switch(api(bob), deliveries=False)
    api(bob).post(f"/messages/{ids[1]}/delivered/")
    api(bob).post(f"/messages/{ids[2]}/read/", {"private": True})
    switch(api(bob), deliveries=True)
    api(bob).post(f"{path}/mark-delivered/")
    assert shown() == (0, None)
    api(bob).post(f"{path}/mark-read/")
    assert shown() == (1, 1)
    api(bob).post(f"{path}/mark-read/", {"private": False})
    assert shown() == (3, 3)


def test_a_private_row_above_an_open_mark_is_not_forgotten(
    api: Any, group: Conversation, bob: User, ids: list[int], shown: Any
) -> None:
    """An open read up to a message before it, and then a delivery of everything."""
    path = f"/conversations/{group.pk}"
    switch(api(bob), deliveries=False)
    api(bob).post(f"/messages/{ids[2]}/delivered/")
    switch(api(bob), deliveries=True)
    api(bob).post(f"{path}/mark-read/", {"up_to_message": ids[1]})
    api(bob).post(f"{path}/mark-delivered/")
    assert shown() == (1, 1)


def hide_each(call: Api, ids: list[int], how: str, conversation: int) -> None:
    """Receive messages privately, before they were delivered openly."""
    early = {"at": "2020-01-01T00:00:00Z"}
    if how == "single":
        for pk in ids:
            call.post(f"/messages/{pk}/delivered/", early)
    elif how == "batch":
        items = [{"message": pk, "state": "delivered", **early} for pk in ids]
        call.post("/receipts/", {"receipts": items})
    else:
        path = f"/conversations/{conversation}/mark-delivered/"
        call.post(path, {"up_to_message": ids[-1], **early})


@pytest.mark.parametrize("how", ["single", "batch", "bulk"])
def test_the_watermark_falls_back_before_a_delivery_that_became_private(
    api: Any, group: Conversation, bob: User, ids: list[int], shown: Any, how: str
) -> None:
    """Rule 6: an earlier private delivery hides an open one."""
    api(bob).post(f"/conversations/{group.pk}/mark-delivered/")
    assert shown() == (3, None)
    switch(api(bob), deliveries=False)
    hide_each(api(bob), ids if how == "bulk" else ids[2:], how, group.pk)
    assert shown() == (None if how == "bulk" else 1, None)


def test_a_deleted_message_that_was_received_privately_holds_nothing_back(
    api: Any, group: Conversation, alice: User, bob: User, ids: list[int], shown: Any,
    moderator: User,
) -> None:  # fmt: skip
    """As one that was not received: a bulk mark skips it. Restored, it counts again."""
    switch(api(bob), deliveries=False)
    api(bob).post(f"/messages/{ids[1]}/read/", {"private": True})
    api(alice).delete(f"/messages/{ids[1]}/")
    switch(api(bob), deliveries=True)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    assert shown() == (3, 3)
    api(moderator).post(f"/messages/{ids[1]}/restore/")
    assert shown() == (0, 0)


def test_leaving_leaves_the_watermarks_where_they_were_shown(
    api: Any, group: Conversation, bob: User, ids: list[int], shown: Any
) -> None:
    """A withdrawn row holds nothing back."""
    switch(api(bob), deliveries=False)
    api(bob).post(f"/messages/{ids[1]}/delivered/")
    switch(api(bob), deliveries=True)
    api(bob).post(f"/conversations/{group.pk}/mark-delivered/")
    services.remove_participant(conversation_id=group.pk, user=bob)
    assert shown() == (0, None)


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda bob, pk, group: bob.post(f"/messages/{pk}/delivered/"), 3 + NO_COUNT),
        (lambda bob, pk, group: bob.post(f"/messages/{pk}/read/"), 3 + STAMP),
        (
            lambda bob, pk, group: bob.post(f"/conversations/{group}/mark-delivered/"),
            4 + NO_COUNT,
        ),
        (lambda bob, pk, group: bob.post(f"/conversations/{group}/mark-read/"), 6 + STAMP),
    ],
)
@pytest.mark.one_server
def test_private_marks_take_few_statements(
    api: Any, group: Conversation, bob: User, ids: list[int], statements: Any,
    act: Callable[[Api, int, int], Any], expected: int,
) -> None:  # fmt: skip
    """As a private read: the lock, and a note that watermarks are held back."""
    call = api(bob)
    switch(call, deliveries=False)
    with statements() as counted:
        act(call, ids[0], group.pk)
    assert len(counted) == expected


def test_an_open_mark_holds_nothing_back(
    api: Any, group: Conversation, bob: User, ids: list[int]
) -> None:
    """Nobody else pays for it: the columns are what is shown."""
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    mine = ConversationParticipant.objects.get(user=bob)
    assert (mine.held_back, mine.has_private_deliveries) == (False, False)
