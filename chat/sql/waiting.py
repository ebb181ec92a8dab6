"""Calls of libpq that wait for PostgreSQL: they block their thread, or only their greenlet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from psycopg import Connection
from psycopg.abc import PQGen
from psycopg.pq import Format
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait

#: Attributes of a connection. The first one is found before the method of the driver's class.
_WAIT, _UNTIL_READABLE = "wait", "seenby_until_readable"


def replace_wait(
    connection: Connection[Any], wait: Callable[..., Any], until_readable: Callable[[], object]
) -> None:
    """Let a greenlet use a connection, which waits by these two from now on.

    ``wait`` takes one of the driver's generators, which yields whether it waits to read or to
    write, and is sent which of them is possible. ``until_readable`` is for the frequent case.
    """
    vars(connection).update({_WAIT: wait, _UNTIL_READABLE: until_readable})


def is_of_greenlet(connection: Connection[Any]) -> bool:
    """Whether a greenlet uses it, so that others go on while it waits."""
    return _WAIT in vars(connection)


def begin_transaction(connection: Connection[Any]) -> PGresult:
    """Begin a transaction."""
    libpq = connection.pgconn
    return _run(connection, libpq.exec_, libpq.send_query, b"BEGIN")


def prepare_statement(
    connection: Connection[Any], name: bytes, text: bytes, types: Sequence[int] | None
) -> PGresult:
    """Prepare a statement."""
    libpq = connection.pgconn
    return _run(connection, libpq.prepare, libpq.send_prepare, name, text, types)


def execute_prepared(
    connection: Connection[Any], name: bytes, params: Any, formats: Sequence[int] | None
) -> PGresult:
    """Execute a prepared statement; its rows come in binary form."""
    libpq, how = connection.pgconn, (formats, Format.BINARY)
    return _run(connection, libpq.exec_prepared, libpq.send_query_prepared, name, params, *how)


def execute_once(
    connection: Connection[Any],
    text: bytes,
    params: Any,
    types: Sequence[int] | None,
    formats: Sequence[int] | None,
) -> PGresult:
    """Plan and execute a statement; its rows come in binary form."""
    libpq, how = connection.pgconn, (types, formats, Format.BINARY)
    return _run(connection, libpq.exec_params, libpq.send_query_params, text, params, *how)


def _run(
    connection: Connection[Any],
    execute: Callable[..., PGresult],
    send: Callable[..., None],
    *arguments: Any,
) -> PGresult:
    """The result of ``execute``, a call that waits; ``send`` only begins the same."""
    if not is_of_greenlet(connection):
        return execute(*arguments)
    send(*arguments)
    return _received(connection)


def _received(connection: Connection[Any]) -> PGresult:
    """The result of the one statement that has been sent.

    The driver has a generator for it, which takes three times as many calls.
    """
    pgconn, until_readable = connection.pgconn, vars(connection)[_UNTIL_READABLE]
    if pgconn.flush():
        connection.wait(_flushed(pgconn))
    results: list[PGresult] = []
    while True:
        while pgconn.is_busy():
            until_readable()
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:
            return results[-1]
        results.append(result)


def _flushed(pgconn: PGconn) -> PQGen[None]:
    """Waits for the rest of a statement that the socket did not take at once."""
    while pgconn.flush():
        if (yield Wait.RW) & Ready.R:
            pgconn.consume_input()
