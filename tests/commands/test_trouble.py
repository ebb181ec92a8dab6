"""What an operator has to mend is said in one line, whatever the command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.version import VERSION
from tests.support import ROOT

AWAY = "postgres://seenby@127.0.0.1:1/seenby"
#: One that writes, one that reads, one of Django's, and the one that comes first.
COMMANDS = ("rollup_insights", "check_receipts", "createsuperuser --noinput", "migrate")


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("TEST_")}
    env |= {"DEMO": "1", "DJANGO_SUPERUSER_USERNAME": "ann", "DJANGO_SUPERUSER_PASSWORD": "x"}
    whole = [sys.executable, "manage.py", *command]
    return subprocess.run(whole, env=env | variables, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_database_that_is_away_is_one_line(command: str) -> None:
    """Also one that does not exist: both fail to connect."""
    ended = run(*command.split(), DATABASE_URL=AWAY)
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert line.startswith("The database is unavailable: ")
    assert "127.0.0.1" in line


@pytest.mark.parametrize("command", COMMANDS[:3])
def test_a_database_that_is_not_migrated_is_one_line(command: str, tmp_path: Path) -> None:
    """It says what to do."""
    ended = run(*command.split(), DATABASE_URL=f"sqlite:///{tmp_path}/empty.sqlite3")
    assert (ended.returncode, ended.stderr) == (
        1,
        "The database is not migrated: run the command `migrate` first.\n",
    )


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL must be one of"),
        ({"DATABASE_URL": "mysql://db/seenby"}, "DATABASE_URL must be postgres://"),
        ({"DATABASE_URL": "sqlite:////dev/null/x/y"}, "DATABASE_URL: /dev/null/x cannot be made"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line(variables: dict[str, str], said: str) -> None:
    ended = run("migrate", **variables)
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert line.startswith(said)


def test_where_trouble_comes_from_is_shown_on_request() -> None:
    """For a report."""
    assert "Traceback" in run("migrate", "--traceback", DATABASE_URL=AWAY).stderr


@pytest.mark.parametrize("asked", ["--version", "version"])
def test_the_version_is_ours(asked: str) -> None:
    """Not Django's."""
    assert run(asked).stdout == f"seenby {VERSION}\n"
