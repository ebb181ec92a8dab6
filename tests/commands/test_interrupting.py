"""Ctrl-C at the worst moment: a statement was sent, and its answer is on its way."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from chat.models import User
from receipts import services
from tests.support import ROOT
from tests.support.cast import ON_POSTGRES

pytestmark = pytest.mark.django_db(transaction=True)

COMMANDS: dict[str, tuple[str, list[str]]] = {
    "import_history": ("receipts.importing.add_users", []),
    "check_receipts": ("receipts.upkeep.checking.Check.run", []),
    "prune_receipts": ("receipts.upkeep.pruning.Prune.run", ["--older-than", "1"]),
    "backfill_receipts": ("receipts.upkeep.backfilling.Backfill.run", []),
    "rollup_insights": ("receipts.upkeep.rollup.Rollup.run", []),
    "distribute": ("receipts.management.commands.distribute.distribute", []),
    "erase": ("receipts.services.run_erasure", []),
    "forget_user": ("receipts.services.run_erasure", ["bob"]),
}


@pytest.fixture(autouse=True)
def new_connection() -> Iterator[None]:
    yield
    connection.close()


def interrupted(*_: Any, **__: Any) -> None:
    """As a command is whose next statement finds the connection busy, also in its clean-up."""
    try:
        if ON_POSTGRES:
            with connection.cursor():
                connection.connection.pgconn.send_query(b"SELECT pg_sleep(0.2)")
        raise KeyboardInterrupt
    finally:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")


#: In a cluster there is no rollup.
_ONE_SERVER = {"rollup_insights": pytest.mark.one_server}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=_ONE_SERVER.get(name, ())) for name in COMMANDS]
)
def test_ctrl_c_ends_with_130_and_no_traceback(
    name: str, bob: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails while the command cleans up."""
    where, arguments = COMMANDS[name]
    if name == "import_history":
        (tmp_path / "history").write_text(json.dumps({"type": "user", "id": "ann"}))
        arguments = [str(tmp_path / "history")]
    if name == "erase":
        services.forget_user(username="bob", messages=False)
    monkeypatch.setattr(where, interrupted)
    out = StringIO()
    with pytest.raises(CommandError, match="stopped") as stopped:
        call_command(name, *arguments, stdout=out)
    assert stopped.value.returncode == 130
    assert out.getvalue() or name in ("distribute", "forget_user")


def test_an_error_that_no_interrupt_caused_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("receipts.upkeep.checking.Check.run", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call_command("check_receipts", stdout=StringIO())


def test_ctrl_c_is_heard_before_django_is_imported() -> None:
    """Importing it takes a second, in which a traceback would come of it."""
    imports = "import sys, config.command; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", imports], cwd=ROOT).returncode == 0
