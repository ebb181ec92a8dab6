"""What operators rely on: health, one line of log a request, and errors that machines can read."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from chat.models import User
from config import health, readiness
from config.logs import TextFormatter


@pytest.fixture
def just_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_migrated", False)


def test_a_process_is_alive_without_a_database() -> None:
    """A process that lost its database is not restarted for it."""
    answer = Client().get("/healthz/")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_a_process_is_ready_with_a_migrated_database(just_started: None) -> None:
    """Database reachable and migrated."""
    assert Client().get("/readyz/").json() == {"status": "ok"}


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_process_is_not_ready_while_the_database_fails(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """Whether it cannot be reached or the connection broke."""

    class Broken:
        def cursor(self) -> None:
            raise error("gone")

    monkeypatch.setattr(health, "connection", Broken())
    answer = Client().get("/readyz/")
    assert (answer.status_code, answer.json()["reason"]) == (503, "no database")
    assert int(answer["Retry-After"]) > 0


@pytest.mark.django_db
def test_a_process_is_not_ready_before_its_database_is_migrated(
    just_started: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New code waits for its schema, and is ready as soon as that is there."""
    with monkeypatch.context() as patch:
        patch.setattr(MigrationExecutor, "migration_plan", lambda *_: [("chat", "0009")])
        answer = Client().get("/readyz/")
        assert (answer.status_code, answer.json()["reason"]) == (503, "not migrated")
    assert Client().get("/readyz/").status_code == 200


@pytest.mark.parametrize("given", ["a1.b:c_d-e", "x" * 64])
def test_a_request_id_is_given_back(given: str) -> None:
    """So that a caller finds its request in our log."""
    assert Client().get("/healthz/", headers={"X-Request-ID": given})["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", 'a"b', "\xe9", "a\n"])
def test_an_unusable_request_id_is_replaced(given: str) -> None:
    """What goes into a log and a header is not the caller's to break."""
    made = [Client().get("/healthz/", headers={"X-Request-ID": given}) for _ in range(2)]
    assert all(len(each["X-Request-ID"]) == 32 for each in made)
    assert made[0]["X-Request-ID"] != made[1]["X-Request-ID"]


def test_a_request_is_one_line_of_json(
    api: Any, bob: User, service_key: str, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    """Status, time, caller and request id; neither a secret nor a query in it."""
    for caller in (bob, service_key, None):
        api(caller).client.get("/api/v1/users/?limit=5", headers={"X-Request-ID": "r1"})
    lines = logged()
    assert [(line["caller"], line["status"]) for line in lines] == [
        ("bob", 403), ("backend", 200), (None, 401),
    ]  # fmt: skip
    for line in lines:
        assert (line["message"], line["request_id"]) == ("GET /api/v1/users/", "r1")
        assert line["ms"] >= 0
        assert line["client"] == "127.0.0.1"
        assert service_key not in str(line)


def test_an_error_of_ours_is_json_and_its_trace_is_in_the_log(
    api: Any,
    bob: User,
    logged: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``detail`` and ``code``; what went wrong is for us, under the request's id."""
    monkeypatch.setattr("receipts.api.users.unread_counts", lambda pk: 1 / 0)
    answer = api(bob).client.get("/api/v1/me/", headers={"X-Request-ID": "r2"})
    assert (answer.status_code, set(answer.json())) == (500, {"detail", "code"})
    assert "ZeroDivisionError" not in answer.content.decode()
    [error] = [line for line in logged() if line["level"] == "error"]
    assert "ZeroDivisionError" in error["exception"]
    assert (error["request_id"], answer["X-Request-ID"]) == ("r2", "r2")


def test_a_log_for_people_is_one_line_too() -> None:
    """LOG_FORMAT=text."""
    record = logging.makeLogRecord({"msg": "GET /", "levelname": "INFO", "status": 200})
    assert TextFormatter().format(record).endswith("info    GET / status=200")


@pytest.mark.parametrize(
    "path", ["/nothing/", "/api/v1/nothing/", "/api/v1/me", "/healthz", "/%00/"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_address_is_answered_in_json(path: str, method: str) -> None:
    """An address without its slash is not redirected, which would lose a body."""
    answer = Client().generic(method, path, "{}", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PUT", "POST"])
def test_a_method_that_an_address_does_not_have_is_answered_in_json(
    api: Any, bob: User, method: str
) -> None:
    """Whatever else is wrong with the request."""
    answer = api(bob).client.generic(method, "/api/v1/me/?x=y")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer["Allow"].startswith("GET, PATCH, HEAD")
