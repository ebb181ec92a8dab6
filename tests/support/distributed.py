"""The tables on the nodes of a Citus cluster: the leg ``citus``, in the cluster of TEST_CITUS_URL.

``CREATE DATABASE`` makes a database on the coordinator alone. Here it gets its counterparts on the
workers of the database that the URL names, the extension, and these nodes; then the tables are
distributed as ``manage.py distribute`` does it. With TEST_CITUS_ENTER=worker the tests enter by a
worker, as a process that is given its address.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from psycopg.sql import SQL, Identifier

from chat import distributed
from receipts.management.commands import import_history
from receipts.upkeep.distributing import distribute
from tests.support.entering import BY_WORKER, ON_CITUS

#: A node's address.
Node = tuple[str, int]

_COORDINATOR = "SELECT nodename, nodeport FROM pg_dist_node WHERE groupid = 0"
_WORKERS = "SELECT nodename, nodeport FROM pg_dist_node WHERE groupid <> 0 AND noderole = 'primary'"
#: Names of settings in Django, and in the driver.
_LOGIN = {"USER": "user", "PASSWORD": "password"}


def _named() -> psycopg.Connection[Any]:
    """The database that the URL names."""
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)


def _on_worker(host: str, port: int, database: str) -> psycopg.Connection[Any]:
    login = {
        theirs: settings.DATABASES["default"][ours]
        for ours, theirs in _LOGIN.items()
        if settings.DATABASES["default"].get(ours)
    }
    return psycopg.connect(host=host, port=port, dbname=database, autocommit=True, **login)


def _drop_on(host: str, port: int, database: str, elsewhere: str) -> None:
    with _on_worker(host, port, elsewhere) as worker:
        worker.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(database)))


def in_order(told: list[Any]) -> list[Any]:
    """What was published of two conversations, as it came; sorted in a cluster.

    There they may lie on two nodes, whose events are read one node after the other.
    """
    return sorted(told) if ON_CITUS else told


def nodes() -> list[Node]:
    """The coordinator, and then the workers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nodename, nodeport FROM pg_dist_node WHERE noderole = 'primary'"
            " ORDER BY groupid"
        )
        return cursor.fetchall()


@contextmanager
def entering_by(node: Node) -> Iterator[None]:
    """A block in which this thread's connection is to another node."""
    before = connection.settings_dict
    connection.close()
    host, port = node
    connection.settings_dict = {**before, "HOST": host, "PORT": port}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = before


@pytest.fixture
def in_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service takes the tables for distributed ones, as on Citus they are."""
    if not ON_CITUS:
        monkeypatch.setattr(distributed, "_found", [True])
        monkeypatch.setattr(import_history, "is_at_worker", lambda: False)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The database of the migrations, distributed on the leg of that name."""
    if not ON_CITUS:
        yield
        return
    with django_db_blocker.unblock():
        name = str(connection.settings_dict["NAME"])
        with _named() as named:
            elsewhere = named.info.dbname
            (coordinator,) = named.execute(_COORDINATOR).fetchall()
            workers = named.execute(_WORKERS).fetchall()
            # Each database copies all roles to the workers: two at once update the same rows.
            named.execute("SELECT pg_advisory_lock(1)")
            for host, port in workers:
                _drop_on(host, port, name, elsewhere)
                with _on_worker(host, port, elsewhere) as worker:
                    worker.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
                with _on_worker(host, port, name) as worker:
                    worker.execute("CREATE EXTENSION citus")
            with connection.cursor() as cursor:
                cursor.execute("CREATE EXTENSION citus")
                cursor.execute("SELECT citus_set_coordinator_host(%s, %s)", coordinator)
                for worker in workers:
                    cursor.execute("SELECT citus_add_node(%s, %s)", worker)
            distribute(lambda _: None)
        # The setting of the database is that of new connections.
        connection.close()
        own = {name: connection.settings_dict[name] for name in ("HOST", "PORT")}
        if BY_WORKER:
            # Also those of other threads.
            connection.settings_dict |= dict(zip(own, workers[0], strict=True))
    yield
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict |= own
    for host, port in workers:
        _drop_on(host, port, name, elsewhere)
