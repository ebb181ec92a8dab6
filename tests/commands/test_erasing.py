"""``forget_user``, ``erase_conversation`` and ``erase``: by name, and resumed when stopped."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection

from chat.models import Conversation, ConversationParticipant, Erasure, Message, User
from receipts import services
from receipts.models import MessageStatus
from receipts.services.erasing import running
from tests.support.cast import counts, say
from tests.support.commands import Killed, Statements, run, run_fails


@pytest.fixture(autouse=True)
def tiny_batches(settings: Any) -> None:
    settings.BATCH_ROWS = 2


def test_a_user_is_forgotten_by_name(group: Conversation, alice: User, bob: User) -> None:
    """The log has the command itself as the actor."""
    message, own = say(alice, group), say(bob, group, "My address", mark_read=False)
    assert run("forget_user", "bob") == ["The user is forgotten."]
    assert counts(message) == (1, 0, 0, 0)
    own.refresh_from_db()
    assert own.body == "My address"
    actor = LogEntry.objects.get().user
    assert (actor.username, actor.is_active, actor.is_service) == ("manage.py", False, True)
    _, error = run_fails("forget_user", "bob", code=2)
    assert error == "USERNAME: no user is called 'bob'."


def test_texts_go_with_an_option(group: Conversation, bob: User) -> None:
    message = say(bob, group, "My address")
    run("forget_user", "bob", "--messages")
    message.refresh_from_db()
    assert message.body == ""


def test_a_protected_account_is_refused(moderator: User) -> None:
    _, error = run_fails("forget_user", "mia", code=2)
    assert error.startswith("USERNAME: Staff")


@pytest.mark.parametrize("name", ["id", "ext:tea room/1"])
def test_a_conversation_is_deleted_by_id_or_name(
    group: Conversation, alice: User, name: str
) -> None:
    Conversation.objects.filter(pk=group.pk).update(external_id="tea room/1")
    say(alice, group)
    given = str(group.pk) if name == "id" else name
    assert run("erase_conversation", given) == ["The conversation is deleted."]
    assert not Conversation.objects.exists()
    _, error = run_fails("erase_conversation", given, code=2)
    assert error == f"CONVERSATION: there is no conversation {given!r}."


@pytest.mark.parametrize("name", ["0", "x", "ext:", "ext:tea", "9" * 30])
def test_an_unknown_conversation_is_refused(db: None, name: str) -> None:
    run_fails("erase_conversation", name, code=2)


def test_all_that_is_pending_is_finished(
    group: Conversation, direct: Conversation, alice: User, bob: User
) -> None:
    messages = [say(alice, each) for each in (group, direct)]
    services.forget_user(username="bob", messages=True)
    services.delete_conversation(conversation_id=group.pk)
    assert run("erase") == ["2 erasures finished."]
    assert not Erasure.objects.filter(finished_at=None).exists()
    assert list(Message.objects.all()) == messages[1:]
    assert counts(messages[1]) == (0, 0, 0, 0)
    assert run("erase") == ["0 erasures finished."]


@pytest.mark.parametrize("command", [("forget_user", "bob", "--messages"), ("erase_conversation",)])
def test_a_command_that_is_killed_at_any_statement_is_resumed(
    group: Conversation, alice: User, bob: User, command: tuple[str, ...]
) -> None:
    """Whatever it had done stays done, and nothing is done twice."""
    kept = say(alice, group)
    for number in range(3):
        say(bob, group, f"{number}", mark_read=False)
    if command == ("erase_conversation",):
        command = (*command, str(group.pk))
    last = 0
    while not Erasure.objects.exclude(finished_at=None).exists():
        last += 3
        with suppress(Killed), connection.execute_wrapper(Statements(last, Killed)):
            run(*command) if not Erasure.objects.exists() else run("erase")
        assert last < 1_000
    if "forget_user" in command:
        assert counts(kept) == (1, 0, 0, 0)
        assert set(Message.objects.filter(sender=bob).values_list("body", flat=True)) == {""}
    else:
        for model in (Conversation, Message, MessageStatus, ConversationParticipant):
            assert not model.objects.exists()


def test_ctrl_c_ends_between_two_batches(
    group: Conversation, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 130; ``erase`` continues."""
    say(alice, group)
    batch, done = running._batch, []

    def interrupted(pk: int) -> bool:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(pk)
        return batch(pk)

    monkeypatch.setattr(running, "_batch", interrupted)
    _, error = run_fails("forget_user", "bob", code=130)
    assert error == "stopped; run it again to continue"
    monkeypatch.setattr(running, "_batch", batch)
    assert run("forget_user", "bob") == ["The user is forgotten."]
