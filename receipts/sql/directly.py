"""Runs a prepared statement by one call of libpq.

psycopg's cursor makes six calls of libpq for a statement, and gives up Python's lock around each,
so under load other threads wake in between. For a mark over HTTP that was an eighth of the server's
CPU (docs/decisions/0030).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from threading import current_thread, main_thread
from typing import Any

from psycopg import Connection
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus, Format

#: Statements that one connection keeps prepared here. The hot ones are some dozens, each of them
#: several times if its numbers differ in size.
LIMIT = 500
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
    """Whether ``run_directly`` may be used now.

    Only for a statement that is a transaction of its own: it can be repeated if it was not prepared
    any more. Not where nothing may be prepared (``pooler``), nor on the main thread, where Ctrl-C
    must end a command that waits for a lock.
    """
    may_prepare = connection.prepare_threshold is not None
    return may_prepare and connection.autocommit and current_thread() is not main_thread()


def run_directly(
    connection: Connection[Any], text: bytes, values: Sequence[Any]
) -> list[tuple[Any, ...]] | None:
    """The rows of a statement whose placeholders are ``$1``, ``$2`` and so on.

    None if it has not run, since too many others are prepared. Raises psycopg's errors.
    """
    statements: _Statements | None = vars(connection).get("seenby_statements")
    if statements is None:
        statements = vars(connection)["seenby_statements"] = _Statements(connection)
    adapter, names, pgconn = statements.adapter, statements.names, connection.pgconn
    params: Any = adapter.dump_sequence(values, [PyFormat.AUTO] * len(values))
    key = text, adapter.types
    for is_last in (False, True):
        if (name := names.get(key)) is None:
            if len(names) >= LIMIT:
                return None
            name = b"seenby_%d" % next(statements.numbers)
            _check(pgconn.prepare(name, text, adapter.types), connection)
            names[key] = name
        result = pgconn.exec_prepared(name, params, adapter.formats, Format.BINARY)
        if is_last or result.error_field(DiagnosticField.SQLSTATE) != _NOT_PREPARED:
            break
        names.clear()  # psycopg ends all prepared statements after a rollback
    _check(result, connection)
    if not result.nfields:
        return []
    adapter.set_pgresult(result)
    rows = adapter.load_rows(0, result.ntuples, tuple)
    adapter.set_pgresult(None)
    return rows


def _check(result: Any, connection: Connection[Any]) -> None:
    if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        raise error_from_result(result, encoding=connection.info.encoding)
