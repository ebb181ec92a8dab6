"""Writing the figures of days, and of conversations on days, as they are now.

The parts are written by one statement, and summed up for each conversation, each sender and
everybody. Figures are deleted before they are written again, so a sum changes by what is written
less what was there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date

from django.db.models import Model

from receipts.models import InsightsChange, InsightsPart
from receipts.models.insights import InsightsFigures
from receipts.reads.figures import COLUMNS
from receipts.sql.run import execute, fetch_rows
from receipts.upkeep.rollup.parts import (
    FIGURES,
    PART_NAMES,
    SUMS,
    Row,
    as_name,
    figures_in,
    name_of,
    parts_now_sql,
    summed,
    wanted_params,
    wanted_sql,
)

#: A day and a conversation.
Pair = tuple[date, int]
_PAIR = ("day", "conversation_id")

#: At most this many sums are changed by one statement.
BATCH_SUMS = 1_000


def write_day(day: date) -> int:
    """Write the figures of a day, of which there are none; return how many messages."""
    written = _written(("day",), [(day,)])
    _change_sums([], written)
    return sum(figures_in(row)[0] for row in written)


def delete_day(day: date) -> None:
    """Delete the figures of a day, and the notes of its changes."""
    tables: tuple[type[Model], ...] = (*FIGURES, InsightsChange)
    for model in tables:
        execute(f"DELETE FROM {model._meta.db_table} WHERE day = %(day)s", {"day": str(day)})


def write_pairs(pairs: Collection[Pair]) -> None:
    """Write the figures of conversations on days again, and change the sums they are in."""
    wanted = sorted(pairs)
    before = _deleted(InsightsPart, _PAIR, wanted, PART_NAMES)
    _change_sums(before, _written(_PAIR, wanted))


def _written(names: Sequence[str], wanted: Sequence[Row]) -> list[Row]:
    """Write the parts as they are now; return them, names and figures."""
    columns = ", ".join((*PART_NAMES, *COLUMNS))
    return fetch_rows(
        f"INSERT INTO receipts_insightspart ({columns}) {parts_now_sql(names)} RETURNING {columns}",
        wanted_params(names, wanted),
    )


def _deleted(
    model: type[InsightsFigures],
    names: Sequence[str],
    wanted: Sequence[Row],
    returned: Sequence[str],
) -> list[Row]:
    """Delete the figures that are named so; return them, names and figures."""
    by = ", ".join(names)
    return fetch_rows(
        f"""DELETE FROM {model._meta.db_table}
             WHERE ({by}) IN (SELECT {by} FROM {wanted_sql(names)})
            RETURNING {", ".join((*returned, *COLUMNS))}""",
        wanted_params(names, wanted),
    )


def _change_sums(before: Sequence[Row], after: Sequence[Row]) -> None:
    """Subtract parts from the sums they are in, and add parts."""
    for model, names in SUMS.items():
        changes: dict[Row, list[tuple[int, Row]]] = defaultdict(list)
        for sign, parts in ((-1, before), (1, after)):
            for part in parts:
                changes[name_of(part, names)].append((sign, figures_in(part)))
        wanted = sorted(changes)
        for begin in range(0, len(wanted), BATCH_SUMS):
            some = {name: changes[name] for name in wanted[begin : begin + BATCH_SUMS]}
            _change(model, names, some)


def _change(
    model: type[InsightsFigures], names: Sequence[str], changes: dict[Row, list[tuple[int, Row]]]
) -> None:
    for row in _deleted(model, names, list(changes), names):
        changes[as_name(row[: len(names)])].append((1, figures_in(row)))
    figures = {name: summed(signed) for name, signed in changes.items()}
    model._default_manager.bulk_create(
        model(**dict(zip((*names, *COLUMNS), (*name, *row), strict=True)))
        for name, row in figures.items()
        if any(row)
    )
