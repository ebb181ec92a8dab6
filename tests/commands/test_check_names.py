"""``check_receipts``: messages and the table of their names, where somebody changed one by hand."""

from __future__ import annotations

import pytest
from django.db import connection

from chat.models import Conversation, ConversationName, Message, MessageName, User
from receipts import services
from tests.support.cast import say
from tests.support.commands import run, run_fails
from tests.support.named import say_named

pytestmark = pytest.mark.django_db


@pytest.fixture
def named(group: Conversation, alice: User) -> Message:
    """One of three messages with names."""
    say_named("a", alice, group)
    say_named("c", alice, group)
    return say_named("b/1", alice, group)


def rename(message: Message, name: str | None) -> None:
    Message.objects.filter(pk=message.pk).update(external_id=name)


def names() -> dict[str, int]:
    return dict(MessageName.objects.order_by("pk").values_list("external_id", "message"))


def mended(*said: str) -> None:
    """The findings are reported, and with ``--fix`` nothing is left."""
    found, last = run_fails("check_receipts", code=1)
    assert tuple(found[: len(said)]) == said
    assert last == "Names and messages differ; --fix mends what is certain."
    fixed = run("check_receipts", "--fix", "--batch-size=1")
    assert f"names that differ {len(said)} ({len(said)} fixed)" in fixed[len(said)]
    assert "no drift" in run("check_receipts")[0]


def test_names_that_agree_are_no_finding(named: Message, group: Conversation, alice: User) -> None:
    say(alice, group)
    assert "4 messages, 8 rows: no drift" in run("check_receipts")


def test_a_message_whose_name_is_missing_gets_it(named: Message) -> None:
    MessageName.objects.filter(pk="b/1").delete()
    mended(f"message {named.pk}: its name b/1 is not in the table of names")
    assert names()["b/1"] == named.pk


def test_a_name_whose_message_has_lost_it_is_given_back(named: Message) -> None:
    rename(named, None)
    mended(f"name b/1: its message {named.pk} has no name")
    named.refresh_from_db()
    assert named.external_id == "b/1"


def test_a_name_of_no_message_is_free_again(named: Message) -> None:
    missing = named.pk + 1000
    MessageName.objects.create(
        external_id="x", message_id=missing, conversation_id=named.conversation_id
    )
    mended(f"name x: its message {missing} does not exist")
    assert "x" not in names()


def test_a_name_follows_its_message(named: Message) -> None:
    """A renamed message has the new name, and the old one is free."""
    rename(named, "z")
    mended(
        f"name b/1: its message {named.pk} has another name",
        f"message {named.pk}: its name z is not in the table of names",
    )
    assert (names().get("b/1"), names()["z"]) == (None, named.pk)


def test_a_name_has_the_conversation_of_its_message(named: Message, direct: Conversation) -> None:
    MessageName.objects.filter(pk="b/1").update(conversation=direct)
    mended(f"name b/1: its conversation is {direct.pk}, its message's is {named.conversation_id}")
    assert MessageName.objects.get(pk="b/1").conversation_id == named.conversation_id


def test_of_two_messages_with_one_name_none_is_changed(
    named: Message, group: Conversation, alice: User
) -> None:
    """Which one should have it is not known."""
    other = say(alice, group)
    rename(other, "b/1")
    said, last = run_fails("check_receipts", "--fix", code=1)
    assert said[0] == f"message {other.pk}: its name b/1 is message {named.pk}'s"
    assert last == "Two messages have one name; find out which one should, and clear the other's."
    assert names()["b/1"] == named.pk


def test_one_conversation_can_be_checked(named: Message, direct: Conversation, alice: User) -> None:
    rename(named, None)
    assert "no drift" in run("check_receipts", f"--conversation={direct.pk}")[0]
    said, _ = run_fails("check_receipts", f"--conversation={named.conversation_id}", code=1)
    assert said[0] == f"name b/1: its message {named.pk} has no name"


def test_many_names_are_read_in_batches(group: Conversation, alice: User) -> None:
    for number in range(7):
        say_named(f"m{number}", alice, group)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE chat_message SET external_id = NULL")
    said, _ = run_fails("check_receipts", "--batch-size=2", code=1)
    assert sum(line.startswith("name m") for line in said) == 7
    run("check_receipts", "--fix", "--batch-size=2")
    assert Message.objects.filter(external_id=None).count() == 0


@pytest.fixture
def rooms(in_cluster: None, alice: User, bob: User) -> list[Conversation]:
    """In a cluster, two conversations with external ids, and one of two people."""
    return [
        *(services.create_conversation(
                owner=alice, participants=[], kind="group", external_id=name)
          for name in ("tea", "cake")),
        services.create_conversation(owner=alice, participants=[bob], kind="direct"),
    ]  # fmt: skip


def called() -> dict[str, int]:
    return dict(ConversationName.objects.values_list("name", "conversation"))


@pytest.mark.postgres
def test_names_of_conversations_that_agree_are_no_finding(rooms: list[Conversation]) -> None:
    assert len(called()) == 3
    assert "no drift" in run("check_receipts")[0]


@pytest.mark.postgres
@pytest.mark.parametrize("harm", ["swapped", "missing", "of none"])
def test_names_of_conversations_that_differ_are_mended(
    rooms: list[Conversation], harm: str
) -> None:
    tea, cake, _ = rooms
    before, names = called(), ConversationName.objects
    if harm == "swapped":
        names.filter(pk="ext:tea").update(conversation=cake)
        names.filter(pk="ext:cake").update(conversation=tea)
    elif harm == "missing":
        names.all().delete()
    else:
        names.create(pk="ext:other", conversation=tea)
    assert run_fails("check_receipts", code=1)[1].startswith("Conversations and their names differ")
    fixed = run("check_receipts", "--fix", "--batch-size=1")
    assert any("names of conversations that differ" in line for line in fixed)
    assert called() == before
    assert "no drift" in run("check_receipts")[0]


@pytest.mark.postgres
def test_names_of_one_conversation_are_checked(rooms: list[Conversation]) -> None:
    tea, cake, _ = rooms
    ConversationName.objects.filter(pk="ext:tea").delete()
    assert "no drift" in run("check_receipts", f"--conversation={cake.pk}")[0]
    said, _ = run_fails("check_receipts", f"--conversation={tea.pk}", code=1)
    assert said[0] == f"conversation {tea.pk}: its name ext:tea is not in the table of names"
