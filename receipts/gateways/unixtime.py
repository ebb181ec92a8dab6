"""Unix time in milliseconds: the unit of time at three of the four vendors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def milliseconds(time: datetime) -> int:
    """Unix milliseconds, rounded down."""
    return (time - EPOCH) // MILLISECOND
