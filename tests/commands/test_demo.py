"""The small lively world of the demo, and the command that shows it."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from django.core.management import CommandError, call_command
from django.test import Client

from chat.models import Message, OverallStatus, User
from receipts.demo.talks import PEOPLE
from receipts.demo.world import load_world
from receipts.models import MessageStatus
from receipts.rules.status import State, state_q


def test_the_world_is_lively(db: None) -> None:
    """Every overall status and every state can be looked at."""
    assert load_world()
    assert set(Message.objects.values_list("overall_status", flat=True)) == set(OverallStatus)
    for state in State:
        assert MessageStatus.objects.filter(state_q(state)).exists(), state
    assert MessageStatus.objects.exclude(content=None).exists()
    assert Message.objects.exclude(deleted_at=None).exists()
    assert User.objects.count() == len(PEOPLE)


def test_one_of_its_people_reads_in_private(db: None) -> None:
    """Rule 13, in the world as it is loaded: her reads are deliveries to everybody else."""
    load_world()
    erin = User.objects.get(username="erin")
    assert erin.statuses.exclude(seen_at=None).exists()
    assert not erin.statuses.exclude(read_at=None).exists()


def test_its_newest_activity_is_its_newest_message(db: None) -> None:
    """Conversations are listed by their newest message's id, and shown with its time."""
    load_world()
    newest: dict[int, Message] = {}
    for message in Message.objects.order_by("pk"):
        newest[message.conversation_id] = message
    times = [each.created_at for each in sorted(newest.values(), key=lambda each: each.pk)]
    assert times == sorted(times)


def test_loading_it_again_adds_nothing(db: None) -> None:
    load_world()
    messages = Message.objects.count()
    assert load_world()
    assert Message.objects.count() == messages


def test_a_database_with_other_people_is_left_as_it_is(db: None, alice: User) -> None:
    assert not load_world()
    assert not Message.objects.exists()


def test_the_demo_refuses_to_run_in_production(db: None, settings: object) -> None:
    settings.DEMO = False  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="DEMO=1"):
        call_command("demo")


@pytest.fixture
def greeting(
    db: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    settings: Any,
    tmp_path: Path,
) -> Any:
    """Runs the command up to where it would serve, and gives back what it said."""
    settings.DATA_DIR = tmp_path / "var"
    with socket.create_server(("127.0.0.1", 0)) as free:
        settings.PORT = str(free.getsockname()[1])
    monkeypatch.setattr(uvicorn, "run", lambda *args, **options: None)

    def run() -> str:
        call_command("demo")
        return capsys.readouterr().out

    return run


def test_the_page_comes_first_and_staff_can_log_in(greeting: Any, settings: Any) -> None:
    """Nobody has to run ``createsuperuser``; each start prints a password that works."""
    for _ in range(2):
        said = greeting()
        first = next(line for line in said.splitlines() if line.strip())
        assert f"http://127.0.0.1:{settings.PORT}/ " in first
        assert "two windows" in first
        [password] = re.findall(r"password (\S+)", said)
        for username in ("moderator", "admin"):
            data = {"username": username, "password": password}
            assert Client().post("/admin/login/?next=/admin/", data).status_code == 302
    moderator, admin = (User.objects.get(username=name) for name in ("moderator", "admin"))
    assert (moderator.is_staff, moderator.is_superuser) == (True, False)
    assert [group.name for group in moderator.groups.all()] == ["Moderators"]
    assert admin.is_superuser


def test_a_second_start_keeps_the_password(greeting: Any, settings: Any) -> None:
    """Or a browser's stored one, and what a first server has printed, would be wrong."""
    first, second = (re.findall(r"password (\S+)", greeting()) for _ in range(2))
    assert first == second
    [kept] = settings.DATA_DIR.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_password_that_does_not_work_any_more_is_replaced_by_the_one_it_prints(
    greeting: Any,
) -> None:
    """Another database, for example."""
    [password] = re.findall(r"password (\S+)", greeting())
    admin = User.objects.get(username="admin")
    admin.set_password("another one")
    admin.save()
    assert re.findall(r"password (\S+)", greeting()) == [password]
    admin.refresh_from_db()
    assert admin.check_password(password)


@pytest.fixture
def taken() -> Iterator[str]:
    """A port of this machine on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


@pytest.mark.parametrize("command", ["demo", "serve"])
def test_a_port_that_is_taken_is_found_before_anything_is_printed(
    command: str, taken: str, greeting: Any, settings: Any, capsys: Any
) -> None:
    """An address and a password would be those of another server."""
    settings.PORT = taken
    with pytest.raises(CommandError, match=f"port {taken}: Address already in use"):
        call_command(command)
    assert capsys.readouterr().out == ""


def test_the_call_it_prints_works(greeting: Any) -> None:
    said = greeting()
    [bearer] = re.findall(r"Authorization: (Bearer \S+)'", said)
    [path] = re.findall(r"(/api/v1/messages/\d+/recipients/)", said)
    answer = Client().get(path, headers={"Authorization": bearer})
    assert len(answer.json()["results"]) == len(PEOPLE) - 1


def test_other_peoples_database_gets_no_staff(greeting: Any, alice: User) -> None:
    said = greeting()
    assert "has other users" in said
    assert "password" not in said
    assert list(User.objects.values_list("username", flat=True)) == ["alice"]
