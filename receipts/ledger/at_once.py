"""One mark of one message in one statement: who may mark, what changes, and the row afterwards.

On PostgreSQL, and only for marks that others may know of, as most are. A private one also holds
back watermarks and conceals events, which takes a transaction (``services.marking``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, cast

from receipts.ledger.apart import fetch_changed
from receipts.ledger.change import TIMES
from receipts.ledger.delegating import call_function
from receipts.ledger.marks import Mark
from receipts.ledger.stamp import one_statement, with_times
from receipts.rules.privacy import open_to_others_sql
from receipts.rules.rows import OwnRow, columns_of
from receipts.sql.distributed import is_distributed

_COLUMNS = columns_of(OwnRow)
_OWN = f"own ({', '.join(_COLUMNS)}) AS MATERIALIZED ({{own}}), "
_SOURCE = """JOIN own ON own.message_id = status.message_id
               AND own.recipient_id = status.recipient_id
               AND own.conversation_id = status.conversation_id"""
#: Said as a constant, so that one partition is searched.
_SOURCE_IN_ONE = f"{_SOURCE} AND status.conversation_id = %(lies_in)s"


def mark_own_row(
    mark: Mark,
    own: tuple[str, Mapping[str, Any]],
    params: Mapping[str, object],
    *,
    conversation: int | None,
    is_young: bool,
) -> tuple[OwnRow, bool] | None:
    """Mark the one row of ``own`` if the recipient's switches let others know of it.

    ``own`` is a SELECT of ``OwnRow`` with the values of its constants, ``conversation`` its
    conversation if that is known, ``is_young`` as ``NEEDS_NO_NOTE_SECONDS`` says. Returns the row,
    and whether it changed; the row is then as it is afterwards. None if there is no row.
    """
    sql, constants = own
    statement = own_statement(mark, sql, in_one=conversation is not None, notes=not is_young)
    values = {**params, "at": mark.at, "content": mark.content, "lies_in": conversation}
    if conversation is not None and is_distributed():
        answer, is_delegated = call_function(statement, values, constants)
        if is_delegated:
            return None if answer is None else _from_answer(answer)
    rows = fetch_changed(statement, {**constants, **values})
    if not rows:
        return None
    *found, is_changed = rows[0]
    return cast(OwnRow, dict(zip(_COLUMNS, found, strict=True))), is_changed


def _from_answer(answer: Mapping[str, Any]) -> tuple[OwnRow, bool]:
    row = {name: answer[name] for name in _COLUMNS}
    return cast(OwnRow, with_times(row)), answer["is_changed"]


def own_statement(mark: Mark, own: str, *, in_one: bool, notes: bool = True) -> str:
    """The statement of a mark on the row of ``own``; ``in_one``: its conversation is given.

    ``notes``: the message may be of a day whose insights are summed up.
    """
    is_open = open_to_others_sql("own", read=mark.read)
    return _statement(mark.without_values(), own, is_open, in_one, notes, is_distributed())


@lru_cache(maxsize=500)
def _statement(
    mark: Mark, own: str, is_open: str, in_one: bool, notes: bool, distributed: bool
) -> str:
    """``distributed`` is for the cache: ``one_statement`` looks it up itself."""
    change = mark.change(is_open, {}, source=_SOURCE_IN_ONE if in_one else _SOURCE)
    answer = _answer({*TIMES, *change.becomes})
    return one_statement(
        change, answer=answer, in_one=in_one, of_one=True, first=_OWN.format(own=own), notes=notes
    )


def _answer(changing: Collection[str]) -> str:
    columns = ", ".join(
        f"CASE WHEN changed.id IS NULL THEN own.{name} ELSE changed.{name} END AS {name}"
        if name in changing
        else f"own.{name}"
        for name in _COLUMNS
    )
    is_changed = "changed.id IS NOT NULL AS is_changed"
    return f"SELECT {columns}, {is_changed} FROM own LEFT JOIN changed ON TRUE"
