"""What all steps of an erasure share: one batch of rows, and where the next one starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings

from chat.models import Erasure
from receipts.sql.run import among_ids, execute, fetch_rows, id_list

#: One batch of a step. It returns the position at which the next batch starts (JSON, not null), or
#: None when nothing is left. Runs in a transaction in which the erasure is locked.
Step = Callable[[Erasure], Any]


def some_ids(select: str, **params: object) -> list[int]:
    """The ids that ``select`` returns, at most a batch of them: its ``%(rows)s``."""
    found = fetch_rows(select, {**params, "rows": settings.BATCH_ROWS})
    return [row[0] for row in found]


def delete_some(table: str, select: str, **params: object) -> bool:
    """Delete the rows of ``table`` whose ids ``select`` returns; whether there may be more."""
    ids = some_ids(select, **params)
    delete_ids(table, ids)
    return len(ids) == settings.BATCH_ROWS


def delete_ids(table: str, ids: Sequence[int]) -> None:
    """Delete the rows with these ids."""
    if ids:
        execute(f"DELETE FROM {table} WHERE {among_ids('id')}", {"ids": id_list(ids)})


def again_if(more: bool) -> bool | None:
    """The position of a step that always takes the first rows that are left."""
    return True if more else None
