"""Times at Sendbird: Unix milliseconds for messages, Unix seconds for users and channels.

Clients compare times to find what is read. Messages that are sent here differ by a millisecond at
least; imported or backdated ones may share one (docs/decisions/0015).
"""

from __future__ import annotations

from datetime import UTC, datetime

from receipts.gateways.unixtime import EPOCH, MILLISECOND


def time_of_milliseconds(number: int) -> datetime:
    """The time of a number of Unix milliseconds; the last possible time for a larger number."""
    try:
        return EPOCH + number * MILLISECOND
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
