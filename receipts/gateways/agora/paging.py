"""Limits and cursors of the list of readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q
from rest_framework.exceptions import ValidationError

from chat.ids import MAX_ID, whole_number
from receipts.gateways.unixtime import EPOCH

#: The largest page, which the SDK always requests.
MOST_ACKS = 500
#: What the SDK sends if it has no cursor or limit: the word itself.
UNDEFINED = "undefined"
_LAST_MICROSECOND = (datetime.max.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class AckCursor:
    """A position in the list: the time of a read in microseconds, then the reader's id."""

    at: int
    recipient: int

    @classmethod
    def of(cls, key: str) -> AckCursor | None:
        """The position of a cursor; None for the start of the list."""
        if key in ("", UNDEFINED):
            return None
        at, _, recipient = key.partition("_")
        when, who = whole_number(at, _LAST_MICROSECOND), whole_number(recipient, MAX_ID)
        if when is None or who is None:
            raise ValidationError({"key": ["Not a cursor of this list."]})
        return cls(when, who)

    @classmethod
    def after(cls, row: Mapping[str, Any]) -> AckCursor:
        """The position right after a row."""
        return cls((row["read_at"] - EPOCH) // timedelta(microseconds=1), row["recipient_id"])

    @property
    def following(self) -> Q:
        """The condition for the rows after it."""
        at = EPOCH + timedelta(microseconds=self.at)
        return Q(read_at__lt=at) | Q(read_at=at, recipient_id__lt=self.recipient)

    def __str__(self) -> str:
        return f"{self.at}_{self.recipient}"


def ack_limit(given: str) -> int:
    """The size of a page, from 1 to 500."""
    if given in ("", UNDEFINED):
        return MOST_ACKS
    size = whole_number(given, MOST_ACKS)
    if not size:
        raise ValidationError({"limit": [f"Must be a whole number from 1 to {MOST_ACKS}."]})
    return size
