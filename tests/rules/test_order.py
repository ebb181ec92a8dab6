"""The order of a conversation is time, whatever arrives when (rule 7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts import services
from tests.support.cast import say


def ago(hours: float) -> datetime:
    return timezone.now() - timedelta(hours=hours)


@pytest.fixture
def bridged(api: Any, service_key: str, group: Conversation) -> Any:
    """Hand over a message that was sent elsewhere; returns its id."""

    def hand_over(sender: str, hours: float, **how: Any) -> int:
        body = {"sender": sender, "body": "hello", "sent_at": ago(hours).isoformat(), **how}
        sent = api(service_key).post(f"/conversations/{group.pk}/messages/", body, 201)
        return int(sent["id"])

    return hand_over


@pytest.fixture
def shown(api: Any, service_key: str, group: Conversation) -> Any:
    """A participant's watermarks as a service account sees them: delivered and read."""

    def watermarks(username: str) -> tuple[int | None, int | None]:
        found = api(service_key).get(f"/conversations/{group.pk}/participants/{username}/")
        return found["last_delivered_message"], found["last_read_message"]

    return watermarks


def states(api: Any, viewer: User, message: int) -> dict[str, str]:
    """The state of each recipient of a message."""
    found = api(viewer).get(f"/messages/{message}/recipients/")["results"]
    return {row["user"]: row["state"] for row in found}


@pytest.mark.parametrize(("mark", "state"), [("read", "read"), ("delivered", "delivered")])
@pytest.mark.parametrize("everywhere", [False, True])
def test_a_mark_with_a_time_covers_what_was_sent_by_then(
    api: Any, group: Conversation, bridged: Any, bob: User, alice: User, mark: str, state: str,
    everywhere: bool,
) -> None:  # fmt: skip
    """Rule 7: a phone that was offline cannot have seen what came later."""
    early, late = bridged("alice", 2), bridged("alice", 1)
    where = "/me" if everywhere else f"/conversations/{group.pk}"
    answer = api(bob).post(f"{where}/mark-{mark}/", {"at": ago(1.5).isoformat()})
    assert answer["marked"] == 1
    assert states(api, alice, early)["bob"] == state
    assert states(api, alice, late)["bob"] == "pending"


def test_a_mark_before_the_first_message_covers_nothing(
    api: Any, group: Conversation, bridged: Any, bob: User
) -> None:
    """Rule 7."""
    bridged("alice", 1)
    mark = {"at": ago(2).isoformat()}
    answer = api(bob).post(f"/conversations/{group.pk}/mark-read/", mark)
    assert (answer["marked"], answer["up_to_message"], answer["unread_count"]) == (0, None, 1)


def test_a_late_message_implies_that_its_sender_read_older_ones_only(
    api: Any, bridged: Any, alice: User, bob: User, shown: Any
) -> None:
    """Rule 9: bob wrote before alice's second message existed."""
    older, younger = bridged("alice", 3), bridged("alice", 1)
    own = bridged("bob", 2)
    assert states(api, alice, older)["bob"] == "read"
    assert states(api, alice, younger)["bob"] == "pending"
    assert shown("bob") == (own, own)


def test_a_live_message_is_later_than_every_other(
    group: Conversation, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule 7: by a millisecond, also where the clock stands still or was set back."""
    first = say(alice, group)
    for seconds in (0, 3600):
        then = first.created_at - timedelta(seconds=seconds)
        monkeypatch.setattr("django.utils.timezone.now", lambda then=then: then)
        say(alice, group)
    times = list(group.messages.order_by("pk").values_list("created_at", flat=True))
    assert [later - first.created_at for later in times] == [
        timedelta(milliseconds=number) for number in range(3)
    ]


def test_a_read_watermark_is_held_back_by_an_older_message_until_that_is_read(
    api: Any, group: Conversation, bridged: Any, bob: User, shown: Any
) -> None:
    """Rule 7: also by a read of that one message alone."""
    older, newest = bridged("alice", 3), bridged("alice", 1)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    assert shown("bob") == (newest, newest)
    late = bridged("alice", 2)
    assert shown("bob") == (older, older)
    api(bob).post(f"/messages/{late}/delivered/")
    assert shown("bob") == (newest, older)
    api(bob).post(f"/messages/{late}/read/")
    assert shown("bob") == (newest, newest)


def test_a_private_read_of_an_older_message_holds_the_watermark_back(
    api: Any, group: Conversation, bridged: Any, bob: User, shown: Any
) -> None:
    """Rule 13: like a delivery."""
    older, newest = bridged("alice", 3), bridged("alice", 1)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    late = bridged("alice", 2)
    api(bob).post(f"/messages/{late}/read/", {"private": True})
    assert shown("bob") == (newest, older)


def test_a_restored_message_holds_the_watermark_back(
    api: Any, group: Conversation, alice: User, bob: User, shown: Any, service_key: str
) -> None:
    """Rule 7: it was deleted when everything was read, and is unread again."""
    one, two, three = (say(alice, group).pk for _ in range(3))
    api(alice).delete(f"/messages/{two}/")
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    assert shown("bob") == (three, three)
    api(service_key).post(f"/messages/{two}/restore/")
    assert shown("bob") == (one, one)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    assert shown("bob") == (three, three)


def test_a_bulk_mark_releases_a_held_watermark_for_good(
    api: Any, group: Conversation, bridged: Any, bob: User
) -> None:
    """Rule 7: the next list needs no look at the rows."""
    bridged("alice", 1)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    bridged("alice", 2)
    assert group.participants.get(user=bob).held_back
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    assert not group.participants.get(user=bob).held_back


def test_a_read_that_ends_below_the_delivered_watermark_does_not_release_that(
    api: Any, group: Conversation, bridged: Any, bob: User, shown: Any
) -> None:
    """Rule 7: the late message stands after what bob reads, and before what has arrived."""
    early, newest = bridged("alice", 3), bridged("alice", 1)
    api(bob).post(f"/conversations/{group.pk}/mark-delivered/")
    assert shown("bob") == (newest, None)
    bridged("alice", 2)
    api(bob).post(f"/conversations/{group.pk}/mark-read/", {"up_to_message": early})
    assert shown("bob") == (early, early)


@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize("private", [False, True])
def test_both_doors_move_the_watermark_to_the_last_tracked_message(
    api: Any, group: Conversation, alice: User, bob: User, shown: Any,
    everywhere: bool, private: bool,
) -> None:  # fmt: skip
    """Rules 7 and 15: not to the untracked one, nor nowhere."""
    tracked = say(alice, group).pk
    say(alice, group, request_receipts=False)
    where = "/me" if everywhere else f"/conversations/{group.pk}"
    api(bob).post(f"{where}/mark-read/", {"private": private})
    assert shown("bob") == (tracked, None if private else tracked)


def test_both_doors_agree_where_later_messages_are_read_already(
    api: Any, group: Conversation, alice: User, bob: User, carol: User, shown: Any
) -> None:
    """Rule 7: the watermark covers what was marked one by one, too."""
    say(alice, group)
    two = say(alice, group).pk
    for reader in (bob, carol):
        api(reader).post(f"/messages/{two}/read/")
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    api(carol).post("/me/mark-read/")
    assert shown("bob") == shown("carol") == (two, two)


def test_a_bulk_mark_up_to_an_older_message_leaves_those_sent_after_it(
    api: Any, group: Conversation, bridged: Any, alice: User, bob: User
) -> None:
    """Rule 7: the order of arrival is not the order of the conversation."""
    newest, oldest, middle = bridged("alice", 1), bridged("alice", 3), bridged("alice", 2)
    mark = {"up_to_message": middle}
    answer = api(bob).post(f"/conversations/{group.pk}/mark-read/", mark)
    assert (answer["marked"], answer["unread_count"]) == (2, 1)
    found = {pk: states(api, alice, pk)["bob"] for pk in (oldest, middle, newest)}
    assert found == {oldest: "read", middle: "read", newest: "pending"}


def test_marking_unread_goes_by_time(
    api: Any, group: Conversation, bridged: Any, bob: User
) -> None:
    """Rule 10: from a message on in the order of the conversation."""
    bridged("alice", 1)
    bridged("alice", 3)
    middle = bridged("alice", 2)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    answer = api(bob).post(f"/conversations/{group.pk}/mark-unread/", {"from_message": middle})
    assert (answer["marked"], answer["unread_count"]) == (2, 2)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_marking_everything_in_small_batches_goes_by_time(
    api: Any, group: Conversation, bridged: Any, bob: User, shown: Any, settings: Any,
    rows: int,
) -> None:  # fmt: skip
    """Rules 7 and 8: whatever the size of a batch, the last position is the newest message."""
    settings.BATCH_ROWS = rows
    newest = bridged("alice", 1)
    for hours in (4, 2, 3):
        bridged("alice", hours)
    marked = 0
    while not (answer := api(bob).post("/me/mark-read/"))["complete"]:
        marked += answer["marked"]
    assert (marked + answer["marked"], answer["unread_count"]) == (4, 0)
    assert shown("bob") == (newest, newest)


@pytest.mark.parametrize("rows", [1, 2])
def test_retracting_in_small_batches_omits_no_message(
    api: Any, group: Conversation, bridged: Any, alice: User, bob: User, settings: Any, rows: int
) -> None:
    """Rule 13: messages that did not arrive in the order of time."""
    settings.BATCH_ROWS = rows
    ids = [bridged("alice", hours) for hours in (1, 4, 2, 3)]
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    while not api(bob).post("/me/retract-receipts/")["complete"]:
        pass
    assert [states(api, alice, pk)["bob"] for pk in ids] == ["delivered"] * 4


def test_leaving_after_a_private_read_leaves_the_watermark_where_it_was_shown(
    api: Any, group: Conversation, bridged: Any, bob: User, shown: Any
) -> None:
    """Rules 2 and 13: a withdrawn row holds nothing back, but the watermark does not move."""
    first, second = bridged("alice", 3), bridged("alice", 2)
    api(bob).post(f"/messages/{second}/read/", {"private": True})
    bridged("alice", 1)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    assert shown("bob")[1] == first
    services.remove_participant(conversation_id=group.pk, user=bob)
    assert shown("bob")[1] == first


def test_who_leaves_or_joins_does_so_after_messages_that_are_ahead_of_the_clock(
    group: Conversation, alice: User, bob: User, dave: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules 1 and 7: a backfill goes by these times."""
    now = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    last = [say(alice, group) for _ in range(3)][-1]
    services.remove_participant(conversation_id=group.pk, user=bob)
    services.add_participant(conversation_id=group.pk, user=dave)
    services.add_participant(conversation_id=group.pk, user=bob)
    times = group.participants.filter(user__in=(bob, dave)).values_list("joined_at", flat=True)
    assert last.created_at > now
    assert all(time > last.created_at for time in times)
    services.remove_participant(conversation_id=group.pk, user=dave)
    left_at = group.participants.get(user=dave).left_at
    assert left_at is not None
    assert left_at > last.created_at


def test_a_time_in_the_future_is_refused(api: Any, group: Conversation, service_key: str) -> None:
    """Bad input names its field."""
    body = {"sender": "alice", "body": "x", "sent_at": ago(-1).isoformat()}
    refused = api(service_key).post(f"/conversations/{group.pk}/messages/", body, 400)
    assert list(refused) == ["sent_at"]
    assert not Message.objects.exists()
