"""Forgetting a user: what goes at once, what goes in batches, and what stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, ConversationParticipant, Departure, Erasure, Message, User
from receipts import services
from receipts.models import MessageStatus
from receipts.reads.watermarks import show_watermarks
from tests.support.cast import ON_POSTGRES, counts, say
from tests.support.erasing import watch_batches
from tests.support.positions import up_to

#: Events are visible when they are committed.
pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)


@pytest.fixture(autouse=True)
def tiny_batches(settings: Any) -> None:
    settings.BATCH_ROWS, settings.BATCH_BUDGET_MS = 2, 60_000


def test_a_forgotten_user_has_no_name(
    api: Any, group: Conversation, alice: User, bob: User, forget: Any, service_key: str
) -> None:
    """In lists, events and messages of theirs there is a name that says nothing."""
    User.objects.filter(pk=bob.pk).update(avatar_url="https://faces.example/bob.png")
    message = say(bob, group)
    assert forget() == {"complete": True}
    bob.refresh_from_db()
    assert bob.username.startswith("forgotten-")
    assert len(bob.username) == len("forgotten-") + 16
    assert (bob.display_name, bob.avatar_url, bob.is_active) == ("", "", False)
    shown = api(alice).get(f"/messages/{message.pk}/")
    assert (shown["sender"], shown["sender_name"]) == (bob.username, bob.username)
    assert shown["body"] == "hello"
    people = api(alice).get(f"/conversations/{group.pk}/participants/?membership=left")["results"]
    assert [each["user"] for each in people] == [bob.username]
    api(service_key).get("/users/bob/", status=404)
    forget(status=404)


def test_their_open_rows_are_withdrawn_and_their_reads_count(
    api: Any, group: Conversation, alice: User, bob: User, forget: Any
) -> None:
    """Rule 2: as for any deactivation, privately read rows too; what others may see stays."""
    messages = [say(alice, group) for _ in range(5)]
    api(bob).post(f"/messages/{messages[0].pk}/read/", {"content": "Understood."})
    api(bob).post(f"/messages/{messages[1].pk}/read/", {"private": True})
    forget()
    assert [counts(message) for message in messages] == [(2, 1, 1, 0), *[(1, 0, 0, 0)] * 4]
    rows = api(alice).get(f"/messages/{messages[0].pk}/recipients/")["results"]
    assert [(row["state"], row["content"]) for row in rows] == [("read", None), ("pending", None)]
    assert not MessageStatus.objects.filter(recipient=bob, seen_at=None, withdrawn_at=None).exists()
    assert Departure.objects.filter(user=bob).count() == 1


def test_watermarks_are_settled_so_that_no_private_read_shows(
    api: Any, direct: Conversation, alice: User, bob: User, forget: Any
) -> None:
    """Rules 2 and 13: also while only some of the rows are withdrawn."""
    first = say(alice, direct)
    api(bob).post(f"/conversations/{direct.pk}/mark-read/")
    for message in [say(alice, direct) for _ in range(3)]:
        api(bob).post(f"/messages/{message.pk}/read/", {"private": True})
    api(bob).post(f"/conversations/{direct.pk}/mark-read/", {"up_to_message": first.pk})
    say(alice, direct)
    api(bob).post(f"/conversations/{direct.pk}/mark-read/")
    forget()
    participant = ConversationParticipant.objects.get(user=bob)
    assert not participant.held_back
    show_watermarks([participant])
    assert participant.last_read_message_id == first.pk


def test_a_mark_that_was_under_way_discloses_no_private_read(
    api: Any, direct: Conversation, alice: User, bob: User, forget: Any, settings: Any
) -> None:
    """It moved the watermark over one, which holds it back only until that row is withdrawn."""
    first, private, last = (say(alice, direct) for _ in range(3))
    api(bob).post(f"/conversations/{direct.pk}/mark-read/", {"up_to_message": first.pk})
    api(bob).post(f"/messages/{private.pk}/read/", {"private": True})
    position = up_to(bob, last.pk)
    settings.BATCH_BUDGET_MS = 0
    forget(status=202)
    while Erasure.objects.get().step != "rows":
        forget(status=202)
    services.bulk_mark_read(position=position)
    settings.BATCH_BUDGET_MS = 60_000
    forget()
    participant = ConversationParticipant.objects.get(user=bob)
    show_watermarks([participant])
    assert participant.last_read_message_id == first.pk


def test_out_of_time_it_says_so_and_repeating_finishes(
    api: Any, group: Conversation, alice: User, bob: User, forget: Any, settings: Any
) -> None:
    """Rule 8. From the first answer on nobody is told the old name."""
    messages = [say(alice, group) for _ in range(5)]
    settings.BATCH_BUDGET_MS = 0
    answers = [forget(status=202)]
    shown = api(alice).get(f"/messages/{messages[0].pk}/recipients/")["results"]
    assert "bob" not in {row["user"] for row in shown}
    api(bob).get("/me/", status=401)
    while not answers[-1]["complete"]:
        pending = Erasure.objects.get().finished_at is None
        answers.append(forget(status=202 if pending and not _is_last() else 200))
        assert len(answers) < 60
    assert [counts(message) for message in messages] == [(1, 0, 0, 0)] * 5
    forget(status=404)


def _is_last() -> bool:
    """Whether the next batch is the last one: that of texts, which are kept."""
    return Erasure.objects.get().step == "texts"


def test_no_batch_changes_more_rows_than_it_may(
    api: Any, group: Conversation, alice: User, bob: User, service_key: str, forget: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Of any table; and each is a transaction of its own."""
    others = [
        services.create_conversation(owner=alice, participants=[bob], kind="group")
        for _ in range(3)
    ]
    for each in (group, *others):
        for _ in range(3):
            message = say(alice, each)
            body = {"user": "bob", "reason": "no such number"}
            api(service_key).post(f"/messages/{message.pk}/failed/", body)
        read = say(alice, each)
        api(bob).post(f"/messages/{read.pk}/read/", {"content": "Understood."})
        say(bob, each, mark_read=False)
    batches = watch_batches(monkeypatch)
    forget("?messages=erase")
    assert max(count for batch in batches for count in batch.values()) == 2
    assert sum(batch.get("Departure", 0) for batch in batches) == 4
    assert not MessageStatus.objects.exclude(content=None, failure_reason=None).exists()
    assert set(Message.objects.filter(sender=bob).values_list("body", flat=True)) == {""}


@pytest.mark.parametrize("query", ["?messages=keep", "?messages=", "?texts=erase"])
def test_another_choice_is_refused(bob: User, forget: Any, query: str) -> None:
    """400 that names the parameter; nothing is done."""
    assert list(forget(query, status=400)) == [query[1:].split("=")[0]]
    assert User.objects.filter(username="bob", is_active=True).exists()


def test_who_may_forget_whom(
    api: Any, alice: User, bob: User, moderator: User, service_key: str, forget: Any
) -> None:
    """A key with the scope for users; protected accounts stay (403), unknown ones are 404."""
    for who in (alice, bob, moderator):
        api(who)("DELETE", "/users/bob/", status=403)
    assert forget(status=403, username="mia")["code"] == "account_protected"
    assert forget(status=403, username="backend")["code"] == "account_protected"
    forget(status=404, username="nobody")
    assert not Erasure.objects.exists()


def test_a_forgotten_account_stays_closed(
    api: Any, bob: User, service_key: str, forget: Any
) -> None:
    forget()
    bob.refresh_from_db()
    path = f"/users/{bob.username}/"
    assert list(api(service_key).patch(path, {"is_active": True}, status=400)) == ["is_active"]
    api(service_key).post(f"{path}tokens/", status=400)


def test_their_groups_get_another_owner(
    api: Any, group: Conversation, alice: User, bob: User, carol: User, forget: Any
) -> None:
    """The longest-standing admin, or else member, as when an owner leaves."""
    others = [
        services.create_conversation(owner=alice, participants=[bob, carol], kind="group")
        for _ in range(3)
    ]
    for each in others:
        services.change_participant(by=alice, conversation_id=each.pk, user=carol, role="admin")
    forget(username="alice")
    for each, heir in ((group, "bob"), *((each, "carol") for each in others)):
        owners = ConversationParticipant.objects.active().filter(conversation=each, role="owner")
        assert [owner.user.username for owner in owners] == [heir]
    assert api(bob)("DELETE", f"/conversations/{group.pk}/", status=200) == {"complete": True}


def test_a_read_that_others_saw_is_still_theirs(
    api: Any, direct: Conversation, alice: User, bob: User, forget: Any
) -> None:
    """Counts and watermarks as others may know them stay."""
    message = say(alice, direct, sent_at=timezone.now() - timedelta(hours=1))
    api(bob).post(f"/conversations/{direct.pk}/mark-read/")
    forget()
    assert api(alice).get(f"/messages/{message.pk}/status/")["overall_status"] == "read"
    bob.refresh_from_db()
    told = api(alice).get(f"/conversations/{direct.pk}/participants/{bob.username}/")
    assert told["last_read_message"] == message.pk


def test_an_account_that_was_deactivated_before_is_forgotten_as_well(
    api: Any, group: Conversation, alice: User, bob: User, forget: Any
) -> None:
    """What it would have got back when reactivated is settled."""
    messages = [say(alice, group) for _ in range(3)]
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    api(bob).post(f"/conversations/{group.pk}/mark-unread/", {"from_message": messages[1].pk})
    services.deactivate_user(user=bob)
    forget()
    assert [counts(message) for message in messages] == [(2, 1, 1, 0)] * 3
    assert not MessageStatus.objects.filter(recipient=bob, seen_at=None, withdrawn_at=None).exists()
    assert not Departure.objects.filter(user=bob, is_deactivation=True).exists()
