"""What all steps of an erasure share: one batch of rows, and where the next one starts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.conf import settings

from chat.models import Erasure
from receipts.sql.distributed import is_distributed
from receipts.sql.run import among_ids, execute, fetch_rows, id_list

#: One batch of a step. It returns the position at which the next batch starts (JSON, not null), or
#: None when nothing is left. Runs in a transaction in which the erasure is locked.
Step = Callable[[Erasure], Any]


def some_ids(select: str, **params: object) -> list[int]:
    """The ids that ``select`` returns, at most a batch of them: its ``%(rows)s``."""
    found = fetch_rows(select, {**params, "rows": settings.BATCH_ROWS})
    return [row[0] for row in found]


def delete_some(table: str, select: str, **params: object) -> bool:
    """``change_some``: delete these rows of ``table``."""
    return change_some(f"DELETE FROM {table} WHERE {{those}}", select, **params)


def change_some(sql: str, select: str, **params: object) -> bool:
    """``change_rows`` of the rows that ``select`` returns, at most a batch of them; whether there
    may be more.
    """
    rows = fetch_rows(select, {**params, "rows": settings.BATCH_ROWS})
    change_rows(sql, rows)
    return len(rows) == settings.BATCH_ROWS


def delete_rows(table: str, rows: Iterable[Sequence[Any]]) -> None:
    """``change_rows``: delete these rows of ``table``."""
    change_rows(f"DELETE FROM {table} WHERE {{those}}", rows)


def change_rows(sql: str, rows: Iterable[Sequence[Any]]) -> None:
    """Run a statement over rows, for which it says ``{those}``: ids with their conversations.

    Conversation by conversation where rows are distributed: a statement that locks rows of several
    could wait for one that waits for it.
    """
    ids = defaultdict[int, list[int]](list)
    for pk, conversation in rows:
        ids[conversation].append(pk)
    if not is_distributed() and len(ids) > 1:
        together = {"ids": id_list([pk for each in ids.values() for pk in each])}
        execute(sql.replace("{those}", among_ids("id")), together)
        return
    those = f"{among_ids('id')} AND conversation_id = %(conversation)s"
    for conversation, each in sorted(ids.items()):
        params = {"ids": id_list(each), "conversation": conversation}
        execute(sql.replace("{those}", those), params)


def again_if(more: bool) -> bool | None:
    """The position of a step that always takes the first rows that are left."""
    return True if more else None
