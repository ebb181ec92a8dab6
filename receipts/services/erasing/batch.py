"""What all steps of an erasure share: one batch of rows, and where the next one starts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.conf import settings

from chat.models import Erasure
from receipts.sql.distributed import is_distributed
from receipts.sql.run import among_ids, execute, fetch_rows, id_list

#: One batch of a step. It returns the position at which the next batch starts (JSON, not null), or
#: None when nothing is left. Runs in a transaction in which the erasure is locked.
Step = Callable[[Erasure], Any]


def ids_by_conversation(select: str, **params: object) -> dict[int, list[int]]:
    """``some_ids`` of a SELECT of ids and conversations."""
    found = defaultdict[int, list[int]](list)
    for pk, conversation in fetch_rows(select, {**params, "rows": settings.BATCH_ROWS}):
        found[conversation].append(pk)
    return found


def some_ids(select: str, **params: object) -> list[int]:
    """The ids that ``select`` returns, at most a batch of them: its ``%(rows)s``."""
    found = fetch_rows(select, {**params, "rows": settings.BATCH_ROWS})
    return [row[0] for row in found]


def delete_some(table: str, select: str, *, conversation: int, **params: object) -> bool:
    """Delete the rows of ``table`` whose ids ``select`` returns; whether there may be more.

    They are in one conversation.
    """
    ids = some_ids(select, conversation=conversation, **params)
    delete_ids(table, {conversation: ids})
    return len(ids) == settings.BATCH_ROWS


def delete_ids(table: str, ids: Mapping[int, Sequence[int]]) -> None:
    """Delete the rows with these ids, which are listed by conversation."""
    execute_by_conversation(f"DELETE FROM {table} WHERE {{those}}", ids)


def execute_by_conversation(sql: str, ids: Mapping[int, Sequence[int]]) -> None:
    """Run a statement over rows with these ids, for which it says ``{those}``.

    Conversation by conversation where rows are distributed: a statement that locks rows of several
    could wait for one that waits for it.
    """
    if not is_distributed() and len(ids) > 1:
        together = {"ids": id_list([pk for each in ids.values() for pk in each])}
        execute(sql.replace("{those}", among_ids("id")), together)
        return
    those = f"{among_ids('id')} AND conversation_id = %(conversation)s"
    for conversation, each in sorted(ids.items()):
        if each:
            params = {"ids": id_list(each), "conversation": conversation}
            execute(sql.replace("{those}", those), params)


def again_if(more: bool) -> bool | None:
    """The position of a step that always takes the first rows that are left."""
    return True if more else None
