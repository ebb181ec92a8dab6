"""How a failed delivery changes a row (rule 11)."""

from __future__ import annotations

from collections.abc import Mapping

from receipts.ledger.change import Change
from receipts.ledger.conditions import MARKABLE_SQL, TRACKED_SQL, not_before_sent
from receipts.sql.run import by_code_point


def failure(
    where: str,
    params: Mapping[str, object],
    *,
    at_sql: str = "%(at)s",
    reason_sql: str = "%(reason)s",
    given_sql: str = "%(given)s",
    source: str = "",
) -> Change:
    """A delivery that failed, until it is delivered after all (rule 11).

    The latest time counts, with its reason; of two at the same time, the first reason by its text.
    Where no time was given (``given_sql``, an SQL condition), another reason replaces the one
    before, and the same one changes nothing.
    """
    at, reason = not_before_sent(at_sql), f"CAST({reason_sql} AS varchar)"
    known = by_code_point("status.failure_reason")
    comes_first = f"{reason} IS NOT NULL AND COALESCE({known} > {reason}, TRUE)"
    is_later = f"(status.failed_at < {at} OR (status.failed_at = {at} AND {comes_first}))"
    is_other = f"COALESCE(status.failure_reason, '') <> COALESCE({reason}, '')"
    return Change(
        which=f"{where} AND {MARKABLE_SQL} AND {TRACKED_SQL} AND status.delivered_at IS NULL"
        f" AND (status.failed_at IS NULL OR CASE WHEN {given_sql} THEN {is_later}"
        f" ELSE {is_other} END)",
        becomes={
            "failed_at": f"CASE WHEN status.failed_at > {at} THEN status.failed_at ELSE {at} END",
            "failure_reason": reason,
        },
        params=params,
        source=source,
    )
