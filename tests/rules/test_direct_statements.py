"""Hot statements run without a cursor on a server's threads and greenlets, as they do by one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, transaction

from chat.models import User
from chat.sql import directly, prepared
from chat.sql.prepared import end_prepared, fetch_planned, fetch_prepared
from tests.support.working import on_a_greenlet, on_a_thread

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

NAMES = "SELECT seenby.name FROM pg_prepared_statements AS seenby WHERE name LIKE 'seenby%%'"
RENAME = "UPDATE chat_user SET display_name = %(name)s WHERE username = %(user)s"


On = Callable[[Callable[[], Any]], Any]


@pytest.fixture(params=[on_a_thread, on_a_greenlet])
def on_server(request: pytest.FixtureRequest) -> On:
    return request.param  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("cast", "value"),
    [
        ("int", 7),
        ("bigint", 2**40),
        ("bigint", None),
        ("text", "schön %s $1"),
        ("timestamptz", datetime(2026, 11, 26, 12, tzinfo=UTC)),
        ("boolean", True),
        ("jsonb", None),
    ],
)
@pytest.mark.parametrize("fetch", [fetch_prepared, fetch_planned])
def test_a_value_comes_back_as_by_a_cursor(
    on_server: On, cast: str, value: Any, fetch: Callable[..., Any]
) -> None:
    sql = f"SELECT CAST(%(value)s AS {cast}), 1"
    [by_cursor] = fetch(sql, {"value": value})
    assert on_server(lambda: fetch(sql, {"value": value})) == [by_cursor] == [(value, 1)]


def test_a_statement_that_is_planned_each_time_is_not_prepared(on_server: On) -> None:
    def names() -> list[Any]:
        with transaction.atomic():
            assert fetch_planned("SELECT %(number)s + 1", {"number": 1}) == [(2,)]
            with pytest.raises(DataError), transaction.atomic():
                fetch_planned("SELECT 1 / %(zero)s", {"zero": 0})
            with connection.cursor() as cursor:
                cursor.execute(NAMES)
                return cursor.fetchall()

    assert on_server(names) == []


def test_a_statement_is_prepared_once_for_each_size_of_number(on_server: On) -> None:
    def names() -> int:
        for number in (1, 2, 2**40, 2**41):
            assert fetch_prepared("SELECT %(number)s + 1", {"number": number}) == [(number + 1,)]
        with connection.cursor() as cursor:
            cursor.execute(NAMES)
            return len(cursor.fetchall())

    assert on_server(names) == 2


def test_beyond_the_limit_a_statement_runs_by_a_cursor(
    on_server: On, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directly, "LIMIT", 1)

    def answers() -> list[Any]:
        return [fetch_prepared(f"SELECT %(n)s + {more}", {"n": 1}) for more in (1, 2, 1)]

    assert on_server(answers) == [[(2,)], [(3,)], [(2,)]]


def test_an_error_is_djangos_and_the_connection_goes_on(on_server: On, alice: User) -> None:
    insert = "INSERT INTO chat_departure (user_id, conversation_id, at) VALUES (%(user)s, 1, NULL)"

    def fails_and_goes_on() -> list[Any]:
        with pytest.raises(IntegrityError):
            fetch_prepared(insert, {"user": alice.pk})
        with pytest.raises(DataError):
            fetch_prepared("SELECT 1 / %(zero)s", {"zero": 0})
        return fetch_prepared("SELECT %(number)s", {"number": 1})

    assert on_server(fails_and_goes_on) == [(1,)]


def test_a_statement_that_is_not_prepared_any_more_is_prepared_again(
    on_server: On, alice: User
) -> None:
    """psycopg ends all prepared statements of a connection after a rollback."""

    def answers() -> list[Any]:
        found = fetch_prepared("SELECT %(n)s", {"n": 1})
        with connection.cursor() as cursor:
            cursor.execute("DEALLOCATE ALL")
        return found + fetch_prepared("SELECT %(n)s", {"n": 1})

    assert on_server(answers) == [(1,), (1,)]


def test_what_has_ended_its_statements_goes_on_in_a_transaction(on_server: On) -> None:
    """As an import does on a cluster, since their names mean other tables now."""

    def answers() -> list[Any]:
        with transaction.atomic():
            found = fetch_prepared("SELECT %(n)s", {"n": 1})
            end_prepared()
            return found + fetch_prepared("SELECT %(n)s", {"n": 1})

    assert on_server(answers) == [(1,), (1,)]


def test_a_connection_that_is_lost_is_an_outage(on_server: On) -> None:
    """As by a cursor: the API answers 503, and not 500."""
    me = "SELECT pg_backend_pid()"

    def loses_it() -> None:
        [(pid,)] = fetch_prepared(me, {})
        with ThreadPoolExecutor(1) as pool:
            pool.submit(_terminate, pid).result()
        with pytest.raises(OperationalError):
            fetch_prepared(me, {})

    on_server(loses_it)


def _terminate(pid: int) -> None:
    try:
        # It returns once the backend has ended. Citus has a function of this name, too.
        end = "SELECT pg_terminate_backend(CAST(%(pid)s AS int), 10000)"
        assert fetch_prepared(end, {"pid": pid}) == [(True,)]
    finally:
        connection.close()


def test_statements_of_a_transaction_stay_prepared_after_a_rollback(
    on_server: On, alice: User
) -> None:
    """The driver ends those that it has prepared itself, so on a server's threads it does not."""

    def renames() -> list[Any]:
        for _ in range(2):
            with transaction.atomic():
                fetch_prepared(RENAME, {"name": "Alias", "user": alice.username})
                transaction.set_rollback(True)
        with transaction.atomic():
            fetch_prepared(RENAME, {"name": "Other", "user": alice.username})
        with connection.cursor() as cursor:
            cursor.execute(NAMES)
            return cursor.fetchall()

    assert len(on_server(renames)) == 1
    assert User.objects.get().display_name == "Other"


def test_a_statement_of_a_savepoint_is_rolled_back_with_it(on_server: On, alice: User) -> None:
    def renames() -> None:
        with transaction.atomic():
            fetch_prepared(RENAME, {"name": "Kept", "user": alice.username})
            with transaction.atomic():
                fetch_prepared(RENAME, {"name": "Alias", "user": alice.username})
                transaction.set_rollback(True)

    on_server(renames)
    assert User.objects.get().display_name == "Kept"


def test_a_connection_on_which_the_driver_prepares_keeps_to_it(alice: User) -> None:
    """As one of a pool, which the main thread has used: after a rollback the driver ends all."""

    def rename(name: str, *, keep: bool = True) -> None:
        with transaction.atomic():
            fetch_prepared(RENAME, {"name": name, "user": alice.username})
            transaction.set_rollback(not keep)

    def first() -> Any:
        rename("Alias")
        return connection.connection

    def then() -> None:
        rename("Other", keep=False)
        assert User.objects.count() == 1  # with it the driver ends what was prepared
        rename("Third")

    with ThreadPoolExecutor(1) as thread:
        prepared._run_prepared(thread.submit(first).result(), b"SELECT 1", [])
        try:
            thread.submit(then).result()
        finally:
            thread.submit(lambda: connection.close()).result()
    assert User.objects.get().display_name == "Third"


def test_the_first_statement_of_a_transaction_is_rolled_back_with_it(
    on_server: On, alice: User
) -> None:
    def renames() -> None:
        with transaction.atomic():
            fetch_prepared(RENAME, {"name": "Alias", "user": alice.username})
            fetch_prepared(RENAME, {"name": "Other", "user": alice.username})
            transaction.set_rollback(True)

    on_server(renames)
    assert User.objects.get().display_name == alice.display_name
