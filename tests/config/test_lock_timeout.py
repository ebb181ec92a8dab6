"""Requests that wait for a row which somebody keeps locked: they give up, and say so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg
import pytest
from django.db import connection

from chat.models import Conversation
from receipts.sql.run import execute
from tests.support import ROOT
from tests.support.distributed import entering_by, nodes
from tests.support.entering import ON_CITUS
from tests.support.live import Serve, Server

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def send(port: int, conversation: int, key: str) -> tuple[int, str | None, Any]:
    """Alice says something; the status, when to come back, and the answer."""
    request = Request(
        f"http://127.0.0.1:{port}/api/v1/conversations/{conversation}/messages/",
        json.dumps({"sender": "alice", "body": "hello"}).encode(),
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    try:
        with urlopen(request, timeout=60) as answer:
            return answer.status, None, json.load(answer)
    except HTTPError as error:
        with error:
            return error.code, error.headers["Retry-After"], json.load(error)


@pytest.fixture
def role_of_requests() -> Iterator[None]:
    """In a cluster the role has the limit on all nodes, where its rows are locked (scaling.md)."""
    if not ON_CITUS:
        yield
        return
    role = "ALTER ROLE CURRENT_USER IN DATABASE {} {} lock_timeout"
    with entering_by(nodes()[0]):
        database = f'"{connection.settings_dict["NAME"]}"'
        execute(role.format(database, "SET") + " = '100ms'")
    yield
    with entering_by(nodes()[0]):
        execute(role.format(database, "RESET"))


@pytest.mark.parametrize("greenlets", [0, 2])
@pytest.mark.usefixtures("role_of_requests")
def test_who_waits_for_a_locked_row_is_told_to_come_back(
    database: str, serve: Serve, group: Conversation, service_key: str, greenlets: int
) -> None:
    """503 ``busy`` with Retry-After, more requests than can run at once, and then all is well."""
    server = serve(DB_LOCK_TIMEOUT_MS=100, SERVER_GREENLETS=greenlets, SERVER_THREADS=2)
    with psycopg.connect(database) as other:
        other.execute("SELECT 1 FROM chat_conversation WHERE id = %s FOR UPDATE", [group.pk])
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: send(server.port, group.pk, service_key), range(4)))
    assert {(status, after, answer["code"]) for status, after, answer in answers} == {
        (503, "1", "busy")
    }
    assert send(server.port, group.pk, service_key)[0] == 201
    assert "Traceback" not in server.log.read_text()


def log_of(server: Server) -> str:
    """What a service has logged by its first query."""
    urlopen(f"http://127.0.0.1:{server.port}/readyz/", timeout=60).close()
    return server.log.read_text()


@pytest.mark.citus
def test_a_service_whose_role_has_no_limit_on_the_nodes_warns(serve: Serve) -> None:
    assert "lock_timeout (docs/scaling.md, step 9)" in log_of(serve(DB_LOCK_TIMEOUT_MS=100))


@pytest.mark.citus
@pytest.mark.usefixtures("role_of_requests")
def test_a_service_whose_role_has_one_does_not_warn(serve: Serve) -> None:
    assert "lock_timeout" not in log_of(serve(DB_LOCK_TIMEOUT_MS=100))


def test_commands_wait_for_as_long_as_it_takes(database: str) -> None:
    """An import does not fail over one busy conversation: only what serves has the timeout."""
    asked = "from django.db import connection as c; c.ensure_connection(); "
    asked += "print('timeout', c.execute('SHOW lock_timeout').fetchone())"
    asked = asked.replace("c.execute", "c.connection.execute")
    run = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", asked],
        env=os.environ | {"DATABASE_URL": database, "DB_LOCK_TIMEOUT_MS": "100"},
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "timeout ('0',)" in run.stdout, run.stderr
