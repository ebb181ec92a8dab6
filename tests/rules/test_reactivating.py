"""Rule 2: reactivating an account gives back what deactivating it took, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, Departure, Message, User
from receipts import services
from receipts.models import MessageStatus
from receipts.sql.run import execute
from tests.support.cast import ON_POSTGRES, STAMP, Api, counts, say
from tests.support.commands import run
from tests.support.following import Follow
from tests.support.random_work import assert_no_drift

#: A position is a snapshot on PostgreSQL, in which nothing is to be seen before it is committed.
pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)


@pytest.fixture
def backend(api: Any, service_key: str) -> Api:
    client: Api = api(service_key)
    return client


def switch(backend: Api, on: bool, times: int = 1) -> None:
    for _ in range(times):
        backend.patch("/users/bob/", {"is_active": on})


def rows(user: User) -> list[tuple[Any, ...]]:
    columns = ("message", "delivered_at", "seen_at", "read_at", "failed_at", "withdrawn_at")
    return list(MessageStatus.objects.filter(recipient=user).order_by("pk").values_list(*columns))


def watermarks(api: Api, group: Conversation) -> tuple[Any, ...]:
    told = api.get(f"/conversations/{group.pk}/participants/bob/")
    return tuple(told[f"last_{state}_{what}"] for state in ("delivered", "read")
                 for what in ("message", "at"))  # fmt: skip


@pytest.fixture
def talk(group: Conversation, alice: User, bob: User, api: Any, backend: Api) -> list[Message]:
    """Of six messages bob has read two, one of them privately; one is marked unread again.

    One is delivered, one failed, one was read and then deleted; the last one is deleted unread.
    """
    first, private, again, got, failed, gone = (say(alice, group) for _ in range(6))
    bobs = api(bob)
    bobs.post(f"/messages/{private.pk}/read/", {"private": True})
    bobs.post(f"/conversations/{group.pk}/mark-read/", {"up_to_message": again.pk})
    bobs.post(f"/conversations/{group.pk}/mark-unread/", {"from_message": again.pk})
    bobs.post(f"/messages/{got.pk}/delivered/")
    backend.post(f"/messages/{failed.pk}/failed/", {"user": "bob", "reason": "no device"})
    services.delete_message(message_id=gone.pk)
    return [first, private, again, got, failed, gone]


@pytest.mark.parametrize("times", [1, 2])
def test_everything_is_as_it_was(
    api: Any, backend: Api, group: Conversation, talk: list[Message], bob: User, moderator: User,
    times: int,
) -> None:  # fmt: skip
    """Rows, counts, unread count, watermarks and lists; also where it is repeated."""

    def everything() -> list[Any]:
        paths = [
            f"/conversations/{group.pk}/participants/",
            *(f"/messages/{each.pk}/{what}/" for each in talk for what in ("status", "recipients")),
        ]
        return [
            rows(bob), [counts(each) for each in talk], watermarks(backend, group),
            api(bob).get("/me/")["unread_count"], api(bob).get("/conversations/"),
            *(api(moderator).get(path) for path in paths),
        ]  # fmt: skip

    before = everything()
    assert before[3] == 3
    assert watermarks(backend, group)[::2] == (talk[2].pk, talk[0].pk)
    switch(backend, on=False, times=times)
    assert counts(talk[3]) == (1, 0, 0, 0)
    switch(backend, on=True, times=times)
    assert everything() == before
    assert_no_drift()


def test_a_watermark_that_was_held_back_goes_on_from_where_it_was(
    api: Any, backend: Api, group: Conversation, talk: list[Message]
) -> None:
    """Rule 7: once nothing is open below, it is where its user had read to."""
    _, private, again, *_ = talk
    switch(backend, on=False)
    switch(backend, on=True)
    backend.post(f"/messages/{private.pk}/read/", {"private": False, "user": "bob"})
    assert watermarks(backend, group)[::2] == (again.pk, again.pk)


def test_it_can_be_switched_off_and_on_again_later(
    backend: Api, group: Conversation, talk: list[Message], bob: User
) -> None:
    before = rows(bob)
    for _ in range(2):
        switch(backend, on=False)
        switch(backend, on=True)
    assert rows(bob) == before
    assert not Departure.objects.exists()


def test_what_was_sent_meanwhile_is_not_theirs(
    api: Any, backend: Api, group: Conversation, alice: User, bob: User
) -> None:
    switch(backend, on=False)
    meanwhile = say(alice, group)
    switch(backend, on=True)
    assert api(bob).get("/me/")["unread_count"] == 0
    api(bob).post(f"/messages/{meanwhile.pk}/read/", status=403)
    assert counts(meanwhile)[0] == 1


@pytest.mark.parametrize("back", ["is gone", "rejoins while off", "rejoins afterwards"])
@pytest.mark.parametrize("banned", [False, True])
def test_a_participation_that_ended_meanwhile_gives_nothing_back(
    api: Any, backend: Api, group: Conversation, direct: Conversation, talk: list[Message],
    alice: User, bob: User, back: str, banned: bool,
) -> None:  # fmt: skip
    """Removed or banned while off; the other conversation's rows come back."""
    other = say(alice, direct)
    switch(backend, on=False)
    reached = watermarks(backend, group)
    services.remove_participant(conversation_id=group.pk, user=bob, banned=banned)
    if banned and back != "is gone":
        services.change_participant(by=None, conversation_id=group.pk, user=bob, banned=False)
    if back == "rejoins while off":
        services.add_participant(conversation_id=group.pk, user=bob)
    switch(backend, on=True)
    if back == "rejoins afterwards":
        services.add_participant(conversation_id=group.pk, user=bob)
    if back != "is gone":
        assert watermarks(backend, group) == reached
    taken = MessageStatus.objects.filter(recipient=bob, message__in=talk, read_at=None)
    assert {each.withdrawn_at is None for each in taken} == {False}
    assert not MessageStatus.objects.filter(recipient=bob, message__in=talk, seen_at=None,
                                            withdrawn_at=None).exists()  # fmt: skip
    assert counts(other)[0] == 1
    assert api(bob).get("/me/")["unread_count"] == 1


def test_what_leaving_took_before_stays_withdrawn(
    api: Any, backend: Api, group: Conversation, alice: User, bob: User
) -> None:
    before = say(alice, group)
    services.remove_participant(conversation_id=group.pk, user=bob)
    services.add_participant(conversation_id=group.pk, user=bob)
    after = say(alice, group)
    switch(backend, on=False)
    switch(backend, on=True)
    assert (counts(before)[0], counts(after)[0]) == (1, 2)
    api(bob).post(f"/messages/{before.pk}/read/", status=403)
    api(bob).post(f"/messages/{after.pk}/read/")


def test_reads_retracted_while_off_come_back_as_deliveries(
    api: Any, backend: Api, group: Conversation, alice: User, bob: User
) -> None:
    """Rules 2 and 13: as the private reads that they are, also in the watermarks."""
    say(bob, group)
    one, two = say(alice, group), say(alice, group)
    api(bob).post(f"/messages/{two.pk}/read/", {"private": True})
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    switch(backend, on=False)
    services.retract_receipts(user_id=bob.pk)
    assert counts(one) == (1, 0, 0, 0)
    switch(backend, on=True)
    assert (counts(one), counts(two)) == ((2, 1, 0, 0), (2, 1, 0, 0))
    assert watermarks(backend, group)[::2] == (two.pk, None)
    assert api(bob).get("/me/")["unread_count"] == 0


def test_a_message_restored_while_off_holds_the_watermark_back(
    api: Any, backend: Api, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 7: its row is unread again when the account is, below where its user had read."""
    one, two, three = (say(alice, group) for _ in range(3))
    services.delete_message(message_id=two.pk)
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    switch(backend, on=False)
    services.restore_message(message_id=two.pk)
    switch(backend, on=True)
    assert watermarks(backend, group)[::2] == (one.pk, one.pk)
    api(bob).post(f"/messages/{two.pk}/read/")
    assert watermarks(backend, group)[::2] == (three.pk, three.pk)


def test_senders_and_own_devices_get_events(
    api: Any, backend: Api, follow: Follow, group: Conversation, talk: list[Message], alice: User,
    bob: User,
) -> None:  # fmt: skip
    """As after any change: the sender each new state, the user the count of what is unread."""
    own = follow(bob)
    switch(backend, on=False)
    heard = follow(alice)
    switch(backend, on=True)
    (event,) = heard()
    marks = {(mark["state"], mark["count"]) for mark in event["marks"]}
    assert event["kind"] == "receipt.updated"
    assert marks == {("delivered", 2), ("failed", 1), ("pending", 1)}
    (mine,) = own()
    assert (mine["kind"], mine["unread_count"]) == ("conversation.read", 3)


def test_who_sees_no_reads_is_told_that_a_delivery_counts_again(
    api: Any, backend: Api, follow: Follow, group: Conversation, alice: User, bob: User,
    settings: Any,
) -> None:  # fmt: skip
    """Rule 14: they were told that it had been withdrawn."""
    settings.RECEIPTS_RECIPROCAL = True
    message = say(alice, group)
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True})
    api(alice).patch("/me/", {"read_receipts_enabled": False})
    switch(backend, on=False)
    heard = follow(alice)
    switch(backend, on=True)
    assert [mark["state"] for event in heard() for mark in event["marks"]] == ["delivered"]


def test_no_check_finds_anything_to_fix(backend: Api, talk: list[Message], bob: User) -> None:
    """What is unread of a switched off account waits for it."""
    switch(backend, on=False)
    assert "no drift" in run("check_receipts")[0]
    services.remove_participant(conversation_id=talk[0].conversation_id, user=bob)
    assert "no drift" in run("check_receipts")[0]


@pytest.mark.one_server
@pytest.mark.parametrize("many", [1, 6])
def test_it_takes_a_constant_number_of_statements(
    backend: Api, alice: User, bob: User, statements: Any, many: int
) -> None:
    """Independent of conversations and rows: locks, groups, one stamp, watermarks, departures."""
    for _ in range(many):
        chat = services.create_conversation(owner=alice, participants=[bob], kind="group")
        for _ in range(many):
            say(alice, chat)
        services.mark_up_to(conversation_id=chat.pk, username="bob", read=True, private=True)
        say(alice, chat, sent_at=timezone.now() - timedelta(hours=1))
    services.deactivate_user(user=bob)
    with statements() as counted:
        services.reactivate_user(user=bob)
    assert len(counted) == 10 + STAMP


def test_accounts_that_an_earlier_version_switched_off_get_their_rows_back(
    backend: Api, group: Conversation, direct: Conversation, alice: User, bob: User, carol: User
) -> None:
    """The migration marks their last departures: not those of leaving, nor of others."""
    migration = import_module("chat.migrations.0006_names_and_privacy")
    left, kept = say(alice, group), say(alice, direct)
    for user in (bob, carol):
        services.remove_participant(conversation_id=group.pk, user=user)
        services.add_participant(conversation_id=group.pk, user=user)
    later = say(alice, group)
    switch(backend, on=False)
    Departure.objects.update(is_deactivation=False)
    assert execute(migration.SWITCHED_OFF_NOW) == 2
    switch(backend, on=True)
    assert [counts(each)[0] for each in (left, kept, later)] == [0, 1, 2]
