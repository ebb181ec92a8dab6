"""Moving the horizon of the rollup, so that no change of a day that is rolled up is lost.

First the horizon moves: from then on changes of messages before it are noted. Then the transactions
that may have read the horizon before are waited for. Each of them has inserted notes, perhaps none,
and so holds a lock on that table which it took before its snapshot; who takes the lock later sees
the new horizon. PostgreSQL builds indexes concurrently in the same way. Nobody waits for a rollup.
"""

from __future__ import annotations

import time
from datetime import UTC, date, timedelta

from django.db import connection
from django.utils import timezone

from receipts.ledger.noting import ROLLED_AFTER
from receipts.models import InsightsHorizon
from receipts.sql.run import fetch_rows
from receipts.sql.times import midnight

DAY = timedelta(days=1)
#: Seconds that open transactions are waited for, and between two queries for them.
PATIENCE, PAUSE = 60.0, 0.05

#: A message that is sent has no note, so the transactions that write messages are waited for, too.
_OPEN = """
    SELECT DISTINCT virtualtransaction FROM pg_locks
     WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND relation IN (CAST('receipts_insightschange' AS regclass),
                        CAST('chat_message' AS regclass))
       AND pid IS DISTINCT FROM pg_backend_pid()"""


def first_young_day() -> date:
    """The first day that cannot be rolled up yet."""
    return (timezone.now() - ROLLED_AFTER).astimezone(UTC).date()


def move_horizon() -> date:
    """Move the horizon to the first young day; return the day it is at. It never moves back."""
    young = first_young_day()
    noted_before = midnight(young)
    InsightsHorizon.objects.get_or_create(
        pk=1, defaults={"noted_before": noted_before, "rolled_before": date.min}
    )
    InsightsHorizon.objects.filter(pk=1, noted_before__lt=noted_before).update(
        noted_before=noted_before
    )
    return InsightsHorizon.objects.values_list("noted_before", flat=True).get(pk=1).date()


def open_transactions_end(patience: float | None = None) -> bool:
    """Wait for the transactions that may not have seen the horizon; return whether all have ended.

    On SQLite there are none: it has one writer at a time, which is the rollup next.
    """
    if connection.vendor != "postgresql":
        return True
    open_now = {transaction for (transaction,) in fetch_rows(_OPEN)}
    deadline = time.monotonic() + (PATIENCE if patience is None else patience)
    while open_now:
        open_now &= {transaction for (transaction,) in fetch_rows(_OPEN)}
        if open_now and time.monotonic() > deadline:
            return False
        time.sleep(PAUSE if open_now else 0)
    return True


def locked_horizon() -> InsightsHorizon:
    """The horizon, locked: one batch of a rollup at a time."""
    return InsightsHorizon.objects.select_for_update(no_key=True).get(pk=1)
