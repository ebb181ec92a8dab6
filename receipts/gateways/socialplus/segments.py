"""Segments: the numbers by which its SDK orders messages, and says how far it has read.

A message's segment is its time in Unix microseconds, so that segments are in the order of the
feed; messages of one moment have the same. The SDK only compares them (it sorts lists by them and
sends the highest one), and a JavaScript number is exact for them until the year 2255.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rest_framework.exceptions import ValidationError

from chat.ids import MAX_ID
from receipts.gateways.unixtime import EPOCH

_MICROSECOND = timedelta(microseconds=1)


def segment_of(time: datetime) -> int:
    """The segment of a message that was sent at this time."""
    return (time - EPOCH) // _MICROSECOND


def time_of_segment(name: str, given: object) -> datetime:
    """The time of a segment; for a higher one than any, the last. Raises ``ValidationError``."""
    if type(given) is not int or not 0 <= given <= MAX_ID:
        raise ValidationError({name: ["Must be a whole number."]})
    try:
        return EPOCH + given * _MICROSECOND
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
