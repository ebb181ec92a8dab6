"""UTC days in SQL, from midnight to midnight, and seconds between times."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from django.db import connection

_DAY = {"postgresql": "CAST({0} AT TIME ZONE 'UTC' AS date)", "sqlite": "date({0})"}
_BEGIN = {
    "postgresql": "CAST({0} AS timestamp) AT TIME ZONE 'UTC'",
    "sqlite": "({0} || ' 00:00:00')",
}
_END = {
    "postgresql": "CAST({0} + 1 AS timestamp) AT TIME ZONE 'UTC'",
    "sqlite": "(date({0}, '+1 day') || ' 00:00:00')",
}
_SECONDS = {
    "postgresql": "date_part('epoch', {1} - {0})",
    "sqlite": "((julianday({1}) - julianday({0})) * 86400.0)",
}


def seconds_sql(begin: str, end: str) -> str:
    """SQL: the seconds between two times; null without an end."""
    return _SECONDS[connection.vendor].format(begin, end)


def day_sql(at: str) -> str:
    """SQL: the day of a time."""
    return _DAY[connection.vendor].format(at)


def of_day_sql(at: str, day: str) -> str:
    """SQL condition: a time is of a day. An index on the times finds them."""
    vendor = connection.vendor
    return f"({at} >= {_BEGIN[vendor].format(day)} AND {at} < {_END[vendor].format(day)})"


def midnight(day: date) -> datetime:
    """When a day begins."""
    return datetime.combine(day, time.min, UTC)
