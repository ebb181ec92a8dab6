"""What a mark makes of a row's delivery: the earliest counts, with its privacy (rules 6 and 13).

``received_at`` is set where the earliest delivery was private. Then ``delivered_at`` is null, or
the time of an open read, which discloses that the message arrived, but not when. Everything here is
SQL text over ``status``; ``at`` is the SQL of a mark's time.
"""

from __future__ import annotations

from collections.abc import Mapping

from receipts.sql.nulls import NULL_TEXT_SQL, NULL_TIME_SQL

#: When a row was first delivered, openly or privately; null if it never was.
FIRST_DELIVERY_SQL = "COALESCE(status.received_at, status.delivered_at)"

#: SQL condition: nobody has received the row's message, openly or privately.
UNDELIVERED_SQL = "status.delivered_at IS NULL AND status.received_at IS NULL"

#: The columns after a delivery that others know of: it ends a failure (rule 11).
FAILS_NO_MORE = {"failed_at": NULL_TIME_SQL, "failure_reason": NULL_TEXT_SQL}


def fails_still(delivered_at: str) -> dict[str, str]:
    """A failure stays until others know of a delivery."""
    return {
        column: f"CASE WHEN {delivered_at} IS NULL THEN status.{column} END"
        for column in FAILS_NO_MORE
    }


def earlier_of(column: str, at: str) -> str:
    """SQL: the earlier of a column and a mark's time; the mark's time where the column is null."""
    return f"CASE WHEN status.{column} <= {at} THEN status.{column} ELSE {at} END"


def hides_delivery_sql(at: str) -> str:
    """SQL condition: a private delivery makes an open one private that is not earlier."""
    return f"(status.received_at IS NULL AND status.delivered_at >= {at})"


def delivered(at: str, *, private: bool, backdated: bool) -> Mapping[str, str]:
    """The columns after a delivery, of rows that it changes.

    A private one leaves no trace for others. ``backdated``: it may be earlier than one that is set.
    """
    if private:
        disclosed = {"delivered_at": "status.read_at"} if backdated else {}
        return {"received_at": at, **disclosed}
    if not backdated:
        return {"delivered_at": at}  # it changes no row that has one
    return {"delivered_at": earlier_of("delivered_at", at), "received_at": NULL_TIME_SQL}


def delivered_by_read(
    at: str, read: str, *, private: bool, discloses: bool, given: str
) -> Mapping[str, str]:
    """The columns after a read, which implies a delivery.

    ``read`` is the SQL of the new ``read_at``, ``private`` whether the delivery is, ``discloses``
    whether the read is open, and ``given`` the SQL condition that the reader gave its time: only
    then, or where the read is open, may it be earlier than what is set. The clocks of two servers
    may differ.
    """
    earlier = "" if discloses or given == "TRUE" else given
    if private:
        first = f"{FIRST_DELIVERY_SQL} >= {at}"
        first = first if not earlier else f"({earlier} AND {first})"
        first = f"({UNDELIVERED_SQL} OR {first})"
        return {
            "received_at": f"CASE WHEN {first} THEN {at} ELSE status.received_at END",
            "delivered_at": f"CASE WHEN {first} OR status.received_at IS NOT NULL THEN {read}"
            " ELSE status.delivered_at END",
        }
    stays = f"status.received_at <= {at}"
    first = earlier_of("delivered_at", at)
    if earlier:
        stays = f"(status.received_at IS NOT NULL AND (NOT {earlier} OR {stays}))"
        first = f"CASE WHEN {earlier} THEN {first} ELSE COALESCE(status.delivered_at, {at}) END"
    return {
        "received_at": f"CASE WHEN {stays} THEN status.received_at END",
        "delivered_at": f"CASE WHEN {stays} THEN {read} ELSE {first} END",
    }
