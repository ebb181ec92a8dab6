"""The cast: alice owns the group in which bob and carol take part; dave takes part in nothing."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from rest_framework.test import APIClient

from chat.authentication import issue_token
from chat.models import MODERATORS, Conversation, Message, Scope, ServiceKey, User
from receipts import services
from receipts.feed.positions import newest_position
from receipts.models import WebhookEndpoint
from tests.receiver import Receiver
from tests.watching import Watch

ON_POSTGRES = os.environ.get("TEST_LEG") == "postgresql"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Races need real connections: those tests belong to the PostgreSQL leg, which always runs."""
    if not ON_POSTGRES:
        here = [item for item in items if "postgres" not in item.keywords]
        config.hook.pytest_deselected(items=[item for item in items if item not in here])
        items[:] = here


@pytest.fixture(scope="session")
def session_watch() -> Iterator[Watch]:
    """Sees every line that is logged, and knows every secret that is made."""
    watch = Watch()
    watch.chosen |= {settings.SECRET_KEY, settings.JWT_SECRET}
    with watch.noting():
        yield watch


@pytest.fixture(autouse=True)
def watch(session_watch: Watch) -> Iterator[Watch]:
    """No log line of any test holds a key, a token, a webhook's secret or a password."""
    assert session_watch in logging.getLogger().handlers
    yield session_watch
    leaks, session_watch.leaks = session_watch.leaks, []
    assert not leaks, f"secrets in the log: {leaks}"


@pytest.fixture(autouse=True)
def no_throttle_from_before() -> None:
    """Each test begins with nobody having called."""
    cache.clear()


class Api:
    """A client that calls the API as somebody, and gives back what it answered."""

    def __init__(self, token: str | None) -> None:
        self.client = APIClient(raise_request_exception=False)
        if token:
            self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """Call ``path`` under the prefix; anything but ``status`` fails the test."""
        response = self.client.generic(
            method,
            path if path.startswith("http") else f"/api/v1{path}",
            b"" if body is None else _json(body),
            content_type="application/json",
        )
        assert response.status_code == status, (response.status_code, response.content[:500])
        return response.json() if response.content else None

    def get(self, path: str, status: int = 200) -> Any:
        return self("GET", path, status=status)

    def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        return self("POST", path, body, status)

    def patch(self, path: str, body: Any, status: int = 200) -> Any:
        return self("PATCH", path, body, status)

    def delete(self, path: str, status: int = 204) -> Any:
        return self("DELETE", path, status=status)


def _json(body: Any) -> bytes:
    import json

    return body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.fixture
def api() -> Callable[[User | str | None], Api]:
    """``api(alice)`` calls by her token, ``api("sk_…")`` by a key, ``api(None)`` as nobody."""

    def as_somebody(who: User | str | None) -> Api:
        return Api(issue_token(who)[0] if isinstance(who, User) else who)

    return as_somebody


def _user(username: str, **fields: Any) -> User:
    return User.objects.create_user(username, display_name=username.title(), **fields)


@pytest.fixture
def alice(db: None) -> User:
    return _user("alice")


@pytest.fixture
def bob(db: None) -> User:
    return _user("bob")


@pytest.fixture
def carol(db: None) -> User:
    return _user("carol")


@pytest.fixture
def dave(db: None) -> User:
    return _user("dave")


def moderators() -> Group:
    """The group that a migration made; a test with real transactions empties that table, too."""
    if not Group.objects.filter(name=MODERATORS).exists():
        import_module("receipts.migrations.0004_moderators").make_group(apps, None)
    return Group.objects.get(name=MODERATORS)


@pytest.fixture
def moderator(db: None) -> User:
    """Staff in the group; each of the two alone gives no powers."""
    user = _user("mia", is_staff=True)
    user.groups.add(moderators())
    return user


@pytest.fixture
def service_key(db: None) -> str:
    """The key of the application's backend, with every scope."""
    backend = _user("backend", is_service=True)
    return ServiceKey.issue(user=backend, name="backend", scopes=list(Scope.values))


@pytest.fixture
def group(alice: User, bob: User, carol: User) -> Conversation:
    return services.create_conversation(owner=alice, participants=[bob, carol], kind="group")


@pytest.fixture
def direct(alice: User, bob: User) -> Conversation:
    return services.create_conversation(owner=alice, participants=[bob], kind="direct")


def say(sender: User, conversation: Conversation, body: str = "hello", **how: Any) -> Message:
    """Send a message."""
    return services.send_message(
        conversation_id=conversation.pk, sender=sender, body=body, **how
    ).message


def hook(owner: str, url: str = "https://backend.example/seenby") -> WebhookEndpoint:
    """The webhook of an application's backend, from now on."""
    endpoint, _ = WebhookEndpoint.objects.get_or_create(
        owner=User.objects.get(username=owner),
        url=url,
        defaults={"cursor": newest_position().cursor(owner)},
    )
    return endpoint


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """A backend on this machine, where webhooks may go for the test."""
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    with Receiver() as backend:
        yield backend


class Statements:
    """Counts the SQL statements of a block; transaction control is not among them."""

    def __init__(self) -> None:
        self.sql: list[str] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO")):
            self.sql.append(sql)
        return execute(sql, params, many, context)

    def __len__(self) -> int:
        return len(self.sql)


@pytest.fixture
def statements() -> Iterator[Callable[[], Any]]:
    """``with statements() as counted: …; assert len(counted) <= 4``."""
    from contextlib import contextmanager

    @contextmanager
    def counting() -> Iterator[Statements]:
        counted = Statements()
        with connection.execute_wrapper(counted):
            yield counted

    return counting
