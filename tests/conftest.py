"""The cast: alice owns the group in which bob and carol take part; dave takes part in nothing."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.cache import cache
from django.db import connection
from rest_framework.exceptions import AuthenticationFailed
from whitenoise.middleware import WhiteNoiseMiddleware

from chat import authentication
from chat.authentication import issue_token
from chat.models import Conversation, Scope, ServiceKey, User
from receipts import services
from receipts.webhooks import posting
from tests.support.cast import ON_POSTGRES, Api, Statements, moderators
from tests.support.dealing import is_dealt_out, is_for_postgresql
from tests.support.entering import BY_WORKER, needs_coordinator
from tests.support.receiver import Receiver
from tests.support.watching import Watch

#: Fixtures that several folders use.
pytest_plugins = (
    "tests.support.partitions",
    "tests.support.dialling",
    "tests.support.distributed",
    "tests.support.emptying",
    "tests.support.endpoints",
    "tests.support.erasing",
    "tests.support.following",
    "tests.support.naming",
    "tests.support.nodes",
    "tests.support.listening",
    "tests.support.live",
    "tests.support.logged",
    "tests.support.websocket",
    "tests.support.msync",
    "tests.support.mqtt",
    "tests.support.plain_vendor",
    "tests.support.sendbird",
    "tests.support.tim",
    "tests.support.worlds",
)
#: Failed assertions in helpers show their values, as those in tests do.
pytest.register_assert_rewrite(
    "tests.support.database",
    "tests.support.insights",
    "tests.support.racing",
    "tests.support.random_work",
    "tests.support.tencent",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Each leg runs what it can tell something about; both always run.

    Races need real connections: those tests belong to PostgreSQL. A test that uses no database runs
    once, on the leg of SQLite; some others are dealt out. The longest begin first, so that no
    process is left with one of them at the end.
    """
    items.sort(key=lambda item: "long" not in item.keywords)
    here = [item for item in items if _belongs_here(item)]
    kept = set(here)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = here


#: Fixtures that every test with a database has, perhaps through others.
DATABASES = {"db", "transactional_db", "database"}

#: Fixtures that simulate the nodes of a cluster, where there is none.
SIMULATED = {"answer", "two_nodes"}


def _belongs_here(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    on_citus = os.environ.get("TEST_LEG") == "citus"
    if BY_WORKER and needs_coordinator(item.nodeid):
        return False
    if "citus" in item.keywords:
        return on_citus
    if on_citus and (SIMULATED.intersection(fixtures) or "one_server" in item.keywords):
        return False
    if os.environ.get("TEST_LEG") == "partitions" and "whole_tables" in item.keywords:
        return False
    if "postgres" in item.keywords:
        return ON_POSTGRES
    uses_one = bool(DATABASES.intersection(fixtures)) or "django_db" in item.keywords
    if not uses_one:
        return not ON_POSTGRES
    return not is_dealt_out(item.nodeid) or is_for_postgresql(item.nodeid) == ON_POSTGRES


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
def nobody_has_called_before() -> Iterator[None]:
    """Each test begins with nobody having called: no throttle, and no token that is known.

    Nor does it leave a connection to a webhook open.
    """
    cache.clear()
    authentication._HOLDERS.clear()
    yield
    posting.lines.close()


@pytest.fixture(autouse=True, scope="session")
def passwords_are_hashed_quickly() -> Iterator[None]:
    """As always, but with one iteration: a million take half a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PBKDF2PasswordHasher, "iterations", 1)
        yield


@pytest.fixture(autouse=True, scope="session")
def static_files_are_found_once() -> Iterator[None]:
    """Each client of a test loads the middlewares, of which one looks for all static files."""
    found: dict[str, Any] = {}
    look = WhiteNoiseMiddleware.add_files_from_finders

    def add(self: Any) -> None:
        if not found:
            look(self)
            found.update(self.files)
        self.files |= found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", add)
        yield


@pytest.fixture
def api() -> Callable[[User | str | None], Api]:
    """``api(alice)`` calls by her token, ``api("sk_…")`` by a key, ``api(None)`` as nobody.

    The server has verified her token a moment ago, as that of a device which calls repeatedly.
    """

    def as_somebody(who: User | str | None) -> Api:
        if not isinstance(who, User):
            return Api(who)
        token, _ = issue_token(who)
        with suppress(AuthenticationFailed):
            authentication._token_user(token)
        return Api(token)

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


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """A backend on this machine, where webhooks may go for the test."""
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    with Receiver() as backend:
        yield backend


@pytest.fixture
def statements() -> Iterator[Callable[[], Any]]:
    """``with statements() as counted: …; assert len(counted) <= 4``."""

    @contextmanager
    def counting() -> Iterator[Statements]:
        counted = Statements()
        with connection.execute_wrapper(counted):
            yield counted

    return counting
