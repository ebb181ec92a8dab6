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
    if is_of_greenlet(connection):
        connection.pgconn.send_query(b"BEGIN")
        return _received(connection)
    return connection.pgconn.exec_(b"BEGIN")


def prepare_statement(
    connection: Connection[Any], name: bytes, text: bytes, types: Sequence[int] | None
) -> PGresult:
    """Prepare a statement."""
    if is_of_greenlet(connection):
        connection.pgconn.send_prepare(name, text, types)
        return _received(connection)
    return connection.pgconn.prepare(name, text, types)


def execute_prepared(
    connection: Connection[Any], name: bytes, params: Any, formats: Sequence[int] | None
) -> PGresult:
    """Execute a prepared statement; its rows come in binary form."""
    if is_of_greenlet(connection):
        connection.pgconn.send_query_prepared(name, params, formats, Format.BINARY)
        return _received(connection)
    return connection.pgconn.exec_prepared(name, params, formats, Format.BINARY)


def execute_once(
    connection: Connection[Any],
    text: bytes,
    params: Any,
    types: Sequence[int] | None,
    formats: Sequence[int] | None,
) -> PGresult:
    """Plan and execute a statement; its rows come in binary form."""
    if is_of_greenlet(connection):
        connection.pgconn.send_query_params(text, params, types, formats, Format.BINARY)
        return _received(connection)
    return connection.pgconn.exec_params(text, params, types, formats, Format.BINARY)


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
