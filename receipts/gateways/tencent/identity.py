"""A message's id at Tencent: ``<TinyId>-<MsgClientTime>-<MsgRandom>``, made by each client itself.

``TinyId`` is the sender's number, the time is in Unix seconds. A message that came through this
gateway has the numbers that its client chose, which its ``client_id`` keeps. Any other message
(native, another vendor's, imported) has numbers that follow from its id and its time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import Q

from chat.ids import MAX_ID
from chat.models import Tracking
from receipts.gateways.unixtime import unix_seconds
from receipts.rules.rows import MessageRow

#: The largest time, random number and sequence number that a client gives.
MAX_CLIENT_NUMBER = 2**32 - 1
_GIVEN = re.compile(r"tim:(\d{1,10}):(\d{1,10}):(\d{1,10}):([01])", re.ASCII)
#: Bits of a message's id that are in its random number; the others are in its sequence number.
_BITS = 31


class Identity(NamedTuple):
    """The numbers of a message. ``seq`` is its client's own count, not that of the group."""

    time: int
    random: int
    seq: int
    #: Whether the sender asked for a receipt.
    asked: bool

    @property
    def client_id(self) -> str:
        """The ``client_id`` of a message that is sent with these numbers."""
        return f"tim:{self.time}:{self.random}:{self.seq}:{int(self.asked)}"


def identity_of(row: MessageRow) -> Identity:
    """The numbers of a message."""
    if given := _GIVEN.fullmatch(row["client_id"] or ""):
        time, random, seq, asked = map(int, given.groups())
        return Identity(time, random, seq, bool(asked))
    high, low = divmod(row["id"], 2**_BITS)
    tracked = row["tracking"] == Tracking.TRACKED
    return Identity(sent_second(row), low + 1, high + 1, tracked)


def sent_second(row: MessageRow) -> int:
    """When a message was sent, in Unix seconds."""
    return unix_seconds(row["created_at"])


def among(given: Iterable[tuple[int, int, int]]) -> Q:
    """Condition: messages that may have these numbers (time, random, seq)."""
    client_ids, ids = [], []
    for time, random, seq in given:
        client_ids += [Identity(time, random, seq, asked).client_id for asked in (False, True)]
        pk = (seq - 1) * 2**_BITS + random - 1
        ids += [pk] if 0 < pk <= MAX_ID else []
    return Q(client_id__in=client_ids) | Q(pk__in=ids)
