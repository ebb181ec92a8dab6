"""Short requests of a server, which run on greenlets of the event loop's thread."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg
import pytest

from chat.authentication import issue_token
from chat.models import Conversation, Message, User
from config.browsers import is_short
from receipts.api.base import ApiViewSet
from receipts.models import MessageStatus
from tests.support.cast import say
from tests.support.live import Serve, Server, end_sessions
from tests.support.random_work import assert_no_drift

_LOCK = "SELECT 1 FROM chat_message WHERE id = %s AND conversation_id = %s FOR UPDATE"


def mark(server: Server, user: User, message: Message, **body: Any) -> tuple[int, Any]:
    """The user reads the message: status and answer."""
    token, _ = issue_token(user)
    request = Request(
        f"http://127.0.0.1:{server.port}/api/v1/messages/{message.pk}/read/",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


def figures_of(server: Server) -> dict[str, float]:
    """What the server measures of itself."""
    with urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    return {
        line.split()[0]: float(line.split()[1]) for line in lines if line.startswith("seenby_green")
    }


@pytest.fixture
def locked(
    database: str, direct: Conversation, alice: User
) -> Iterator[tuple[Message, psycopg.Connection[Any]]]:
    """A message, and somebody's connection that keeps its row locked until it is closed."""
    message = say(alice, direct)
    with psycopg.connect(database) as other:
        other.execute(_LOCK, [message.pk, message.conversation_id])
        yield message, other


@pytest.mark.parametrize(
    ("method", "path", "token", "short"),
    [
        ("POST", "/api/v1/messages/7/read/", "Bearer x", True),
        ("POST", "/api/v1/messages/ext:a/delivered/", "bearer x", True),
        ("GET", "/api/v1/messages/7/read/", "Bearer x", False),
        ("POST", "/api/v1/messages/7/read/", "", False),
        ("POST", "/api/v1/messages/7/failed/", "Bearer x", False),
        ("POST", "/api/v1/receipts/", "Bearer x", False),
        ("GET", "/api/v1/insights/", "Bearer x", False),
        ("POST", "/api/v1/nothing/", "Bearer x", False),
        ("POST", "/api/v1/messages/ext:\xc3\xbc/read/", "Bearer x", False),
        ("POST", f"/api/v1/messages/ext:{'a' * 200}/read/", "Bearer x", False),
        ("GET", "/api/v1/schema/", "Bearer x", False),
    ],
)
def test_views_say_which_requests_are_short(
    method: str, path: str, token: str, short: bool
) -> None:
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_AUTHORIZATION": token}
    assert is_short(environ | {"CONTENT_LENGTH": "60000"}) is short
    assert not is_short(environ | {"CONTENT_LENGTH": "70000"})


def test_short_actions_are_actions_of_their_views() -> None:
    views = [ApiViewSet, *ApiViewSet.__subclasses__()]
    assert not [(v, name) for v in views for name in v.short_actions if not hasattr(v, name)]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestServed:
    def test_a_private_read_takes_a_transaction_there_too(
        self, database: str, serve: Serve, direct: Conversation, alice: User, bob: User
    ) -> None:
        message = say(alice, direct)
        status, answer = mark(serve(), bob, message, private=True)
        assert (status, answer["state"]) == (200, "delivered")
        row = MessageStatus.objects.get(message=message)
        assert (row.seen_at is None, row.read_at) == (False, None)
        assert_no_drift()

    def test_a_restart_of_postgresql_between_marks_fails_none(
        self, database: str, serve: Serve, direct: Conversation, alice: User, bob: User
    ) -> None:
        server = serve(DATABASE_URL=f"{database}?application_name=served")
        for _ in range(2):
            messages = [say(alice, direct) for _ in range(16)]
            with ThreadPoolExecutor(8) as pool:
                answers = pool.map(lambda message: mark(server, bob, message)[0], messages)
                assert set(answers) == {200}
            assert end_sessions(database) > 0
        assert "Traceback" not in server.log.read_text()
        assert_no_drift()

    def test_marks_that_wait_for_a_locked_row_hold_up_no_other_request(
        self, locked: tuple[Message, psycopg.Connection[Any]], serve: Serve, alice: User, bob: User
    ) -> None:
        """More of them than there are greenlets: they wait, are served, and count once."""
        message, lock = locked
        server = serve(SERVER_GREENLETS=2, METRICS_ALLOW="127.0.0.1")
        with ThreadPoolExecutor(5) as pool:
            waiting = [pool.submit(mark, server, bob, message) for _ in range(5)]
            while figures_of(server) != {"seenby_greenlets": 2, "seenby_greenlets_busy": 2}:
                assert not any(each.done() for each in waiting)
            lock.close()
            assert [each.result()[0] for each in waiting] == [200] * 5
        assert_no_drift()

    def test_without_greenlets_threads_serve_them(
        self, database: str, serve: Serve, direct: Conversation, alice: User, bob: User
    ) -> None:
        server = serve(SERVER_GREENLETS=0, METRICS_ALLOW="127.0.0.1")
        assert mark(server, bob, say(alice, direct))[0] == 200
        assert set(figures_of(server).values()) == {0}

    def test_a_server_that_stops_lets_a_mark_go_that_waits(
        self, locked: tuple[Message, psycopg.Connection[Any]], serve: Serve, bob: User
    ) -> None:
        """It ends in time, and the row is as it was."""
        message, _ = locked
        server = serve(METRICS_ALLOW="127.0.0.1")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(mark, server, bob, message)
            while figures_of(server)["seenby_greenlets_busy"] != 1:
                assert not waiting.done()
            assert server.stop(signal.SIGTERM) in (0, -signal.SIGTERM)
            assert waiting.exception() is not None or waiting.result()[0] >= 500
        assert "GreenletExit" not in server.log.read_text()
        assert MessageStatus.objects.get(message=message).seen_at is None
