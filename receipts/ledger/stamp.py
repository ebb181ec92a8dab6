"""The one statement that changes status rows and their messages' counts, and writes the events.

Marking, marking in bulk, leaving, importing: each states *which* rows change and *what* a column
becomes; ``stamp`` changes the rows and the counts together, so that the two cannot drift apart
(rule 19). A count is how many rows have a property after the change less how many had it before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

from django.db import connection, transaction

from receipts.ledger.apart import fetch_changed, with_events
from receipts.ledger.change import TIMES, Change
from receipts.ledger.counting import count_sql, counts_of, delta_sql, moved_sql
from receipts.ledger.noting import keeps_notes, note_rows_sql
from receipts.ledger.receipt_events import announce_changed
from receipts.rules.rows import ChangedColumns
from receipts.sql.distributed import is_distributed
from receipts.sql.in_one import constant_sql, conversations_sql
from receipts.sql.run import adapt_all, as_time, fetch_rows

#: What ``stamp`` and ``stamp_rows`` return, and the columns that ``stamp_one`` returns.
COUNT = "COUNT(*)"
ROW_IDS = "message_id, recipient_id"
#: What insights measure: a change of these is noted for the rollup.
_MEASURED = {"delivered_at", "read_at", "withdrawn_at"}
_ALL_TIMES = {*TIMES, "received_at", "sent_at"}


def stamp(change: Change, *, conversation: int | None = None) -> int:
    """Change the rows and their messages' counts, write the events; return how many rows changed.

    ``conversation`` is the one in which all the rows lie, if they lie in one. It is named for each
    table, so that partitions by conversation are not searched for rows whose ids are known.

    Atomic. Every caller locks rows by message and recipient, then messages by id, so two calls
    wait for each other without a deadlock (rule 22). Stamp once per transaction: a second stamp
    could need lower messages while it has locked higher ones.
    """
    changed, rows = _execute(change, COUNT, conversation)
    return sum(count for (count,) in rows) if rows else changed


def stamp_rows(change: Change, *, conversation: int | None = None) -> set[tuple[int, int]]:
    """``stamp``; return the changed rows as pairs of message id and recipient id."""
    rows = _execute(change, ROW_IDS, conversation)[1]
    return {(message, recipient) for message, recipient in rows}


def stamp_one(change: Change, *, conversation: int) -> ChangedColumns | None:
    """``stamp`` for one row: its columns after the change, or None where it did not change."""
    columns = [*TIMES, *(name for name in change.becomes if name not in TIMES)]
    _, rows = _execute(change, ", ".join(columns), conversation, of_one=True)
    if not rows:
        return None
    return cast(ChangedColumns, with_times(dict(zip(columns, rows[0], strict=True))))


def with_times(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row's columns, with times where SQLite, or a text, has something else."""
    return {name: as_time(each) if name in _ALL_TIMES else each for name, each in row.items()}


def _execute(
    change: Change, answer: str, conversation: int | None, *, of_one: bool = False
) -> tuple[int, list[tuple[Any, ...]]]:
    """How many rows the last statement wrote, and what it answered."""
    if conversation is None and is_distributed():
        found = conversations_sql(change.changed)
        each = (pk for (pk,) in fetch_rows(found, change.params))
        return 0, [row for pk in each for row in _execute(change, answer, pk)[1]]
    params = adapt_all(change.params)
    if connection.vendor == "postgresql":
        if in_one := conversation is not None:
            params = {**params, "lies_in": conversation}
            if is_distributed():
                change = _named(change)
        answer = f"SELECT {answer} FROM changed"
        statement = one_statement(change, answer=answer, in_one=in_one, of_one=of_one)
        return 0, fetch_changed(statement, params, quiet=change.quiet)
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in _several_statements(change, answer, of_one=of_one):
            cursor.execute(statement, params)
        # SQLite requires all rows to be fetched before the transaction ends.
        return cursor.rowcount, cursor.fetchall() if answer != COUNT else []


def _named(change: Change) -> Change:
    """The change with its conversation as a constant in sub-selects, too."""
    which = f"({constant_sql(change.which)}) AND {_LIES_IN.format('status')}"
    becomes = {name: constant_sql(sql) for name, sql in change.becomes.items()}
    return replace(change, which=which, becomes=becomes, source=constant_sql(change.source))


#: SQL condition: a row of the first table lies in one conversation, or in that of the second.
_LIES_IN = "{0}.conversation_id = %(lies_in)s"
_LIES_WITH = "{0}.conversation_id = {1}.conversation_id"


def one_statement(
    change: Change,
    *,
    answer: str,
    in_one: bool,
    of_one: bool = False,
    first: str = "",
    notes: bool = True,
) -> str:
    """PostgreSQL: the rows are chosen once, under lock, and everything follows from that choice.

    ``answer`` is a SELECT, for which the rows are ``changed``; ``first`` are relations that the
    change's ``source`` names. ``in_one``: the parameter ``lies_in`` is the rows' conversation.
    ``of_one``: there is at most one row. ``notes``: changes are noted for insights.
    """
    notes = notes and keeps_notes() and not _MEASURED.isdisjoint(change.becomes)
    announces = "nothing" if change.quiet else "apart" if is_distributed() else "within"
    how = change.source, announces, answer, in_one, of_one, first, notes
    of = change.of_one_recipient, change.null_before
    return _statement(change.which, tuple(change.becomes.items()), *how, *of)


@lru_cache(maxsize=500)
def _statement(
    which: str,
    becomes: tuple[tuple[str, str], ...],
    source: str,
    announces: str,
    answer: str,
    in_one: bool,
    of_one: bool,
    first: str,
    notes: bool,
    of_one_recipient: bool,
    null_before: frozenset[str],
) -> str:
    change = Change(which, dict(becomes), source=source, null_before=null_before)
    is_single = of_one or of_one_recipient
    lies = _LIES_IN if in_one else _LIES_WITH
    order = "" if of_one else "ORDER BY status.message_id, status.recipient_id"
    constants = {"conversation_id": "CAST(%(lies_in)s AS bigint)"} if in_one else {}
    chosen, changed = change.in_two(**constants)
    steps = [
        f"""chosen AS MATERIALIZED ({chosen}
            {order}
              FOR NO KEY UPDATE OF message FOR NO KEY UPDATE OF status
        )""",
        f"changed AS NOT MATERIALIZED ({changed})",
    ]
    if counts_of(change.becomes):
        # A message lies in one conversation; a second column to group by would have to be sorted.
        place = "conversation_id, " if is_single else "MIN(conversation_id) AS conversation_id, "
        place = "" if in_one else place
        delta = delta_sql("changed", change.becomes, place=place, is_single=is_single)
        moved = f"AND {moved_sql(change.becomes)}" if is_single else ""
        steps.append(
            f"""counted AS (
            {count_sql(change.becomes)} FROM ({delta}) AS delta
             WHERE message.id = delta.message_id AND {lies.format("message", "delta")} {moved}
        )"""
        )
    assignments = ", ".join(f"{name} = changed.{name}" for name, _ in becomes)
    steps.append(
        f"""stamped AS (
            UPDATE receipts_messagestatus AS status SET {assignments}
              FROM changed
             WHERE status.id = changed.id AND {lies.format("status", "changed")}
        )"""
    )
    if notes:
        steps.append(f"noted AS ({note_rows_sql('changed', of_one=of_one)})")
    if announces == "within":
        announced = announce_changed("changed", change.becomes, of_one=of_one)
        steps.append(f"announced AS ({announced})")
    elif announces == "apart":
        answer = with_events(answer, "changed", change.becomes, of_one=of_one)
    return f"WITH {first}{', '.join(steps)} {answer}"


def _several_statements(change: Change, answer: str, *, of_one: bool) -> list[str]:
    """SQLite has one writer: rows can be selected several times, and are updated last."""
    assignments = ", ".join(f"{name} = changed.{name}" for name in change.becomes)
    changed = f"({change.changed})"
    statements = []
    if counts_of(change.becomes):
        delta = delta_sql(changed, change.becomes)
        counted = count_sql(change.becomes)
        statements.append(f"{counted} FROM ({delta}) AS delta WHERE message.id = delta.message_id")
    if not change.quiet:
        statements.append(announce_changed(changed, change.becomes, of_one=of_one))
    if not _MEASURED.isdisjoint(change.becomes):
        statements.append(note_rows_sql(changed))
    updated = (
        f"UPDATE receipts_messagestatus AS status SET {assignments}"
        f" FROM {changed} AS changed WHERE status.id = changed.id"
    )
    return [*statements, updated + (f" RETURNING {answer}" if answer != COUNT else "")]
