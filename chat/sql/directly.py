"""Runs a statement by one call of libpq.

psycopg's cursor makes six calls of libpq for a statement, and gives up Python's lock around each,
so under load other threads wake in between. For a mark over HTTP that was an eighth of the server's
CPU (docs/decisions/0030).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from threading import current_thread, main_thread
from typing import Any

from psycopg import Connection, OperationalError
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from chat.sql.waiting import (
    begin_transaction,
    execute_once,
    execute_prepared,
    is_of_greenlet,
    prepare_statement,
)

#: Statements that one connection keeps prepared here. The hot ones are some dozens, each of them
#: several times if its numbers differ in size.
LIMIT = 500
_IDLE = TransactionStatus.IDLE
#: The mark of a connection on which the driver has prepared statements.
_BY_DRIVER = "seenby_by_driver"
#: What has been prepared here on a connection, ``_Statements``.
_STATEMENTS = "seenby_statements"
#: SQLSTATE ``invalid_sql_statement_name``.
_NOT_PREPARED = b"26000"


class _Statements:
    """The statements that are prepared on a connection."""

    def __init__(self, connection: Connection[Any]) -> None:
        self.adapter = Transformer(connection)
        self.numbers = count()
        #: By text and types of the parameters.
        self.names: dict[tuple[bytes, tuple[int, ...] | None], bytes] = {}


def can_run_directly(connection: Connection[Any]) -> bool:
    """Whether ``run_once`` may be used now.

    Not on the main thread, where Ctrl-C must end a command that waits for a lock.
    """
    begins_alike = connection.autocommit or connection.isolation_level is None
    return begins_alike and not _is_of_command(connection)


def can_prepare_directly(connection: Connection[Any]) -> bool:
    """Whether ``run_prepared`` may be used now.

    Not where nothing may be prepared (``pooler``). In a transaction only if the driver has prepared
    nothing on this connection: after a rollback it ends all prepared statements, and one that has
    ended makes the transaction fail.
    """
    if connection.prepare_threshold is None or not can_run_directly(connection):
        return False
    return connection.autocommit or _BY_DRIVER not in vars(connection)


def may_driver_prepare(connection: Connection[Any]) -> bool:
    """Whether the driver may prepare a statement: on the main thread, and on from there."""
    if _is_of_command(connection):
        vars(connection)[_BY_DRIVER] = True
    return _BY_DRIVER in vars(connection)


def _is_of_command(connection: Connection[Any]) -> bool:
    """Whether it is used on the main thread, and by no greenlet of a server."""
    return current_thread() is main_thread() and not is_of_greenlet(connection)


def run_once(
    connection: Connection[Any], text: bytes, values: Sequence[Any]
) -> list[tuple[Any, ...]]:
    """The rows of a statement whose placeholders are ``$1``, ``$2`` and so on, planned for these
    values. Raises psycopg's errors.
    """
    adapter = _begun(connection).adapter
    params: Any = adapter.dump_sequence(values, [PyFormat.AUTO] * len(values))
    result = execute_once(connection, text, params, adapter.types, adapter.formats)
    return _rows(result, adapter, connection)


def run_prepared(
    connection: Connection[Any], text: bytes, values: Sequence[Any]
) -> list[tuple[Any, ...]] | None:
    """The same of a prepared statement. None if it has not run, since too many are prepared."""
    statements = _begun(connection)
    adapter, names = statements.adapter, statements.names
    params: Any = adapter.dump_sequence(values, [PyFormat.AUTO] * len(values))
    key = text, adapter.types
    for is_last in (False, True):
        if (name := names.get(key)) is None:
            if len(names) >= LIMIT:
                return None
            name = b"seenby_%d" % next(statements.numbers)
            _check(prepare_statement(connection, name, text, adapter.types), connection)
            names[key] = name
        result = execute_prepared(connection, name, params, adapter.formats)
        if is_last or result.error_field(DiagnosticField.SQLSTATE) != _NOT_PREPARED:
            break
        names.clear()  # somebody has ended all prepared statements
        if not connection.autocommit:
            break
    return _rows(result, adapter, connection)


def _begun(connection: Connection[Any]) -> _Statements:
    """What is prepared on the connection, on which a transaction has begun if it needs one."""
    if not connection.autocommit and connection.pgconn.transaction_status == _IDLE:
        _check(begin_transaction(connection), connection)
    statements: _Statements | None = vars(connection).get(_STATEMENTS)
    if statements is None:
        statements = vars(connection)[_STATEMENTS] = _Statements(connection)
    return statements


def _rows(result: PGresult, adapter: Any, connection: Connection[Any]) -> list[tuple[Any, ...]]:
    _check(result, connection)
    if not result.nfields:
        return []
    adapter.set_pgresult(result)
    rows: list[tuple[Any, ...]] = adapter.load_rows(0, result.ntuples, tuple)
    adapter.set_pgresult(None)
    return rows


def forget_statements(connection: Connection[Any]) -> None:
    """Prepare all anew from now on, since somebody has ended them."""
    vars(connection).pop(_STATEMENTS, None)


def _check(result: PGresult, connection: Connection[Any]) -> None:
    """Raise psycopg's error, if there is one; one of libpq itself is of a lost connection."""
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return
    encoding = connection.info.encoding
    if result.error_field(DiagnosticField.SQLSTATE) is None:
        raise OperationalError(result.get_error_message(encoding))
    raise error_from_result(result, encoding=encoding)
