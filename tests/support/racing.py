"""Races over several connections to PostgreSQL: calls at the same moment, and in a set order."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

from django.db import connection, transaction

from tests.support.entering import ON_CITUS


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run each call on its own connection, all released at the same moment."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            barrier.wait()
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def first_then(first: Callable[[], Any], then: Callable[[], Any]) -> list[Any]:
    """The results of both: ``first`` keeps its transaction open until ``then`` waits for it."""
    begun = Event()

    def hold() -> Any:
        with transaction.atomic():
            result = first()
            begun.set()
            wait_until_somebody_waits()
            return result

    def follow() -> Any:
        assert begun.wait(10)
        return then()

    return at_once([hold, follow])


#: Who waits for this connection: on its server, and on the nodes of a cluster.
_WAITING = (
    "SELECT 1 FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))",
    "SELECT 1 FROM citus_lock_waits WHERE blocking_gpid = citus_backend_gpid()",
)


def wait_until_somebody_waits() -> None:
    """Return once another connection wants a lock that this one holds."""
    deadline = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            # Within a transaction, PostgreSQL keeps the first snapshot of its statistics.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            for waiting in _WAITING if ON_CITUS else _WAITING[:1]:
                cursor.execute(waiting)
                if cursor.fetchone():
                    return
    raise AssertionError("nobody waited")
