"""Unix time, as vendors give it: in milliseconds, or in seconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def milliseconds(time: datetime) -> int:
    """Unix milliseconds, rounded down."""
    return (time - EPOCH) // MILLISECOND


def unix_seconds(time: datetime) -> int:
    """Unix seconds, rounded down."""
    return (time - EPOCH) // timedelta(seconds=1)
