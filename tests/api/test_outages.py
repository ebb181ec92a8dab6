"""The database is away, full or busy: 503 with a time to come back, and one line in the log."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import (
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connection,
)
from django.test import Client

from chat.authentication import issue_token
from chat.models import User


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def sqlite(code: int) -> Exception:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code
    return error


pg = psycopg.errors
UNAVAILABLE = [
    OperationalError("connection refused"),
    InterfaceError("connection already closed"),
    caused(OperationalError("disk full"), pg.DiskFull("No space left on device")),
    caused(OperationalError("shutdown"), pg.AdminShutdown("terminating connection")),
    caused(OperationalError("database or disk is full"), sqlite(sqlite3.SQLITE_FULL)),
    caused(OperationalError("disk I/O error"), sqlite(sqlite3.SQLITE_IOERR)),
    caused(InternalError("read-only"), pg.ReadOnlySqlTransaction("read-only")),
]
BUSY = [
    caused(OperationalError("lock timeout"), pg.LockNotAvailable("lock timeout")),
    caused(OperationalError("deadlock"), pg.DeadlockDetected("deadlock detected")),
    caused(OperationalError("serialize"), pg.SerializationFailure("could not serialize")),
    caused(OperationalError("database is locked"), sqlite(sqlite3.SQLITE_BUSY)),
]
#: What the code or its data did wrong.
OURS = [
    ProgrammingError("syntax error"),
    IntegrityError("duplicate key"),
    InternalError("current transaction is aborted"),
    caused(OperationalError("no such table: x"), sqlite(sqlite3.SQLITE_ERROR)),
    OperationalError("number of parameters must be between 0 and 65535"),
]


@contextmanager
def failing(error: Exception) -> Iterator[None]:
    """Every statement fails so."""

    def fail(*_: Any) -> None:
        raise error

    with connection.execute_wrapper(fail):
        yield


@pytest.fixture
def door(alice: User, moderator: User, service_key: str) -> Callable[[str], Any]:
    """Knocks at one of the doors, as somebody who may come in."""
    token = {"Authorization": f"Bearer {issue_token(alice)[0]}"}
    key = {"Authorization": f"Bearer {service_key}", "Api-Token": service_key}
    session = Client(raise_request_exception=False)
    session.force_login(moderator)

    def knock(name: str) -> Any:
        method, address = name.split()
        if address.startswith("/admin/") or address == "/":
            return session.generic(method, address, headers={"Accept": "text/html"})
        headers = token if "/me/" in address or "v5" in address else key
        client = Client(raise_request_exception=False)
        return client.generic(
            method, address, b"{}", content_type="application/json", headers=headers
        )

    return knock


DOORS = [
    "GET /api/v1/me/",
    "POST /api/v1/me/mark-read/",
    "GET /api/v1/users/",
    "GET /v3/users/alice",
    "GET /api/v5/messages?messageFeedId=1",
    "POST /v4/group_open_http_svc/get_group_msg_receipt",
    "GET /o/a/chatgroups/1/acks/1",
    "GET /admin/",
    "GET /admin/chat/user/",
    "GET /",
]


@pytest.mark.parametrize("name", DOORS)
def test_every_door_says_that_the_database_is_away(
    door: Any, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """503 with Retry-After; one line and no traceback."""
    with failing(OperationalError("the connection is lost")), caplog.at_level(logging.WARNING):
        answer = door(name)
    assert (answer.status_code, int(answer["Retry-After"]) >= 1) == (503, True)
    assert [record.getMessage() for record in caplog.records] == [
        "The database is unavailable: the connection is lost"
    ]
    assert [record for record in caplog.records if record.exc_info] == []


def test_vendors_are_told_in_their_shapes(door: Any) -> None:
    """As any other refusal."""
    with failing(OperationalError("away")):
        answers = [door(name).json() for name in DOORS[3:7]]
    sendbird, socialplus, tencent, agora = answers
    assert (sendbird["error"], sendbird["code"]) == (True, 500901)
    assert (socialplus["status"], socialplus["code"]) == ("error", 500000)
    assert (tencent["ActionStatus"], tencent["ErrorCode"]) == ("FAIL", 10002)
    assert agora["error"] == "internal_server_error"


def test_moderators_see_a_page_and_programs_json(door: Any) -> None:
    with failing(OperationalError("away")):
        page, answer = door("GET /admin/"), door("GET /api/v1/me/")
    assert page["Content-Type"].startswith("text/html")
    assert b"try again" in page.content
    assert answer.json()["code"] == "unavailable"


@pytest.mark.parametrize(
    ("error", "code"),
    [*((each, "unavailable") for each in UNAVAILABLE), *((each, "busy") for each in BUSY)],
    ids=str,
)
def test_an_outage_is_503(door: Any, error: Exception, code: str) -> None:
    with failing(error):
        answer = door("GET /api/v1/me/")
    assert (answer.status_code, answer.json()["code"]) == (503, code)


@pytest.mark.parametrize("error", OURS, ids=str)
@pytest.mark.parametrize("name", ["GET /api/v1/me/", "GET /v3/users/alice", "GET /admin/"])
def test_a_fault_of_ours_stays_a_500_with_its_traceback(
    door: Any, caplog: pytest.LogCaptureFixture, error: Exception, name: str
) -> None:
    with failing(error):
        answer = door(name)
    assert answer.status_code == 500
    assert [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("accept", ["application/json", "image/png", "x" * 10])
@pytest.mark.parametrize("parameters", [0, 1_001])
@pytest.mark.parametrize(
    "path",
    ["/v4/group_open_http_svc/group_msg_receipt", "/v3/users", "/api/v5/messages",
     "/api/v1/conversations/"],
)  # fmt: skip
def test_what_is_refused_before_its_caller_is_known_is_refused_once(
    db: None, path: str, parameters: int, accept: str
) -> None:
    """Tencent's refusals have status 200: they are not taken for answers of a known caller."""
    client = Client(raise_request_exception=False)
    query = "&".join(f"p{number}=1" for number in range(parameters))
    answer = client.post(
        f"{path}?{query}", {}, content_type="application/json",
        headers={"Accept": accept, "Authorization": "Bearer no", "Api-Token": "no"},
    )  # fmt: skip
    assert answer.status_code < 500, answer.content
