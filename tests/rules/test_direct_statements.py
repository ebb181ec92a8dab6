"""Hot statements run by one call of libpq on a server's threads, as they do by a cursor."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, transaction

from chat.models import User
from chat.sql import directly, prepared
from chat.sql.prepared import end_prepared, fetch_prepared

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

Result = TypeVar("Result")
NAMES = "SELECT seenby.name FROM pg_prepared_statements AS seenby WHERE name LIKE 'seenby%%'"
RENAME = "UPDATE chat_user SET display_name = %(name)s WHERE username = %(user)s"


def on_a_thread(work: Callable[[], Result]) -> Result:
    """What a function returns on a thread with a connection of its own, as a server's have."""

    def done() -> Result:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(done).result()


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
def test_a_value_comes_back_as_by_a_cursor(cast: str, value: Any) -> None:
    sql = f"SELECT CAST(%(value)s AS {cast}), 1"
    [by_cursor] = fetch_prepared(sql, {"value": value})
    assert on_a_thread(lambda: fetch_prepared(sql, {"value": value})) == [by_cursor] == [(value, 1)]


def test_a_statement_is_prepared_once_for_each_size_of_number() -> None:
    def names() -> int:
        for number in (1, 2, 2**40, 2**41):
            assert fetch_prepared("SELECT %(number)s + 1", {"number": number}) == [(number + 1,)]
        with connection.cursor() as cursor:
            cursor.execute(NAMES)
            return len(cursor.fetchall())

    assert on_a_thread(names) == 2


def test_beyond_the_limit_a_statement_runs_by_a_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directly, "LIMIT", 1)

    def answers() -> list[Any]:
        return [fetch_prepared(f"SELECT %(n)s + {more}", {"n": 1}) for more in (1, 2, 1)]

    assert on_a_thread(answers) == [[(2,)], [(3,)], [(2,)]]


def test_an_error_is_djangos_and_the_connection_goes_on(alice: User) -> None:
    insert = "INSERT INTO chat_departure (user_id, conversation_id, at) VALUES (%(user)s, 1, NULL)"

    def fails_and_goes_on() -> list[Any]:
        with pytest.raises(IntegrityError):
            fetch_prepared(insert, {"user": alice.pk})
        with pytest.raises(DataError):
            fetch_prepared("SELECT 1 / %(zero)s", {"zero": 0})
        return fetch_prepared("SELECT %(number)s", {"number": 1})

    assert on_a_thread(fails_and_goes_on) == [(1,)]


def test_a_statement_that_is_not_prepared_any_more_is_prepared_again(alice: User) -> None:
    """psycopg ends all prepared statements of a connection after a rollback."""

    def answers() -> list[Any]:
        found = fetch_prepared("SELECT %(n)s", {"n": 1})
        with connection.cursor() as cursor:
            cursor.execute("DEALLOCATE ALL")
        return found + fetch_prepared("SELECT %(n)s", {"n": 1})

    assert on_a_thread(answers) == [(1,), (1,)]


def test_what_has_ended_its_statements_goes_on_in_a_transaction() -> None:
    """As an import does on a cluster, since their names mean other tables now."""

    def answers() -> list[Any]:
        with transaction.atomic():
            found = fetch_prepared("SELECT %(n)s", {"n": 1})
            end_prepared()
            return found + fetch_prepared("SELECT %(n)s", {"n": 1})

    assert on_a_thread(answers) == [(1,), (1,)]


def test_a_connection_that_is_lost_is_an_outage() -> None:
    """As by a cursor: the API answers 503, and not 500."""
    me = "SELECT pg_backend_pid()"

    def loses_it() -> None:
        [(pid,)] = fetch_prepared(me, {})
        with ThreadPoolExecutor(1) as pool:
            pool.submit(_terminate, pid).result()
        with pytest.raises(OperationalError):
            fetch_prepared(me, {})

    on_a_thread(loses_it)


def _terminate(pid: int) -> None:
    try:
        # It returns once the backend has ended. Citus has a function of this name, too.
        end = "SELECT pg_terminate_backend(CAST(%(pid)s AS int), 10000)"
        assert fetch_prepared(end, {"pid": pid}) == [(True,)]
    finally:
        connection.close()


def test_statements_of_a_transaction_stay_prepared_after_a_rollback(alice: User) -> None:
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

    assert len(on_a_thread(renames)) == 1
    assert User.objects.get().display_name == "Other"


def test_a_statement_of_a_savepoint_is_rolled_back_with_it(alice: User) -> None:
    def renames() -> None:
        with transaction.atomic():
            fetch_prepared(RENAME, {"name": "Kept", "user": alice.username})
            with transaction.atomic():
                fetch_prepared(RENAME, {"name": "Alias", "user": alice.username})
                transaction.set_rollback(True)

    on_a_thread(renames)
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


def test_the_first_statement_of_a_transaction_is_rolled_back_with_it(alice: User) -> None:
    def renames() -> None:
        with transaction.atomic():
            fetch_prepared(RENAME, {"name": "Alias", "user": alice.username})
            fetch_prepared(RENAME, {"name": "Other", "user": alice.username})
            transaction.set_rollback(True)

    on_a_thread(renames)
    assert User.objects.get().display_name == alice.display_name
