"""Notes for the rollup of insights: which conversations have changed on which rolled-up days.

Whatever changes a message or its rows notes it in the same transaction, if the message was sent
before the horizon (docs/decisions/0027). Each statement reads the horizon itself, in its own
snapshot, and locks the table of the notes as every INSERT does: the rollup moves the horizon, and
then waits for the transactions that hold that lock. Distributed tables have no rollup and no notes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from receipts.sql.distributed import is_cluster
from receipts.sql.run import among_ids, execute, id_list
from receipts.sql.times import day_sql

#: A day is rolled up when it has been over for this long, by the clock of the command.
ROLLED_AFTER = timedelta(hours=12)
#: Younger messages are of no rolled-up day, unless clocks differ by more than six hours. The clock
#: of the database is read after the lock was taken.
_MAY_BE_ROLLED_AFTER = timedelta(hours=6)

#: A statement on a younger message, by the clock of this process, needs no note at all: it would
#: have to run for hours. So most marks do without the note, 7 % of the database's time.
NEEDS_NO_NOTE_SECONDS = 3 * 60 * 60

_NOTE = """
    INSERT INTO receipts_insightschange (day, conversation_id)
    SELECT {distinct}{day}, conversation_id FROM {rows}
     WHERE CASE WHEN {is_old}
                THEN {sent_at} < (SELECT noted_before FROM receipts_insightshorizon)
                ELSE FALSE END"""
#: A young message needs no look at the horizon, which took 5 % of the database's time of a mark.
_IS_OLD = {
    "postgresql": f"{{0}} < clock_timestamp() - interval '{_MAY_BE_ROLLED_AFTER}'",
    "sqlite": "TRUE",
}


def keeps_notes() -> bool:
    """Whether changes are noted: not in a cluster, and not on an import's local copy there.

    Citus refuses to join the copy's temporary tables with the horizon, which all nodes know.
    """
    return not is_cluster()


def note_rows_sql(rows: str, sent_at: str = "sent_at", *, of_one: bool = False) -> str:
    """INSERT: notes of ``rows``, a relation with ``conversation_id`` and the time of sending.

    ``of_one``: it has at most one row, so that none need be compared.
    """
    distinct = "" if of_one else "DISTINCT "
    is_old = _IS_OLD[connection.vendor].format(sent_at)
    return _NOTE.format(
        day=day_sql(sent_at), rows=rows, sent_at=sent_at, is_old=is_old, distinct=distinct
    )


def note_messages(ids: Sequence[int], *, conversation: int | None = None) -> None:
    """Note that these messages, or their rows, change; before they are deleted.

    ``conversation`` is the one in which they lie, if they lie in one.
    """
    if not ids:
        return
    lies = "TRUE" if conversation is None else "conversation_id = %(conversation)s"
    note_selected(
        f"{among_ids('id')} AND {lies}", {"ids": id_list(ids), "conversation": conversation}
    )


def note_sent(conversation_id: int, sent_at: datetime) -> None:
    """Note a new message: one with a time of its own may be of a rolled-up day."""
    if sent_at < timezone.now() - _MAY_BE_ROLLED_AFTER and keeps_notes():
        rows = "(SELECT %(conversation)s AS conversation_id, {0} AS sent_at) AS sent"
        cast = "CAST(%(sent_at)s AS timestamptz)" if _is_postgresql() else "%(sent_at)s"
        params = {"conversation": conversation_id, "sent_at": sent_at}
        execute(note_rows_sql(rows.format(cast)), params)


def note_selected(where: str, params: Mapping[str, object]) -> None:
    """Note the messages where ``where`` holds, SQL over ``chat_message``."""
    if not keeps_notes():
        return
    chosen = f"(SELECT conversation_id, created_at FROM chat_message WHERE {where}) AS chosen"
    execute(note_rows_sql(chosen, "created_at"), params)


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"
