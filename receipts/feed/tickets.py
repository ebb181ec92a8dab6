"""Tickets for live streams: issued to the holder of a token, used once by any process."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple, cast

from django.utils import timezone

from chat.models import User
from receipts.models import StreamTicket
from receipts.sql.run import as_time, fetch_rows

_PREFIX = "tkt_"
LIFETIME = timedelta(seconds=60)

# Whoever deletes the row has the ticket: of two that try at once, the second finds none.
_TAKE = """
    DELETE FROM receipts_streamticket WHERE digest = %(digest)s
 RETURNING user_id, expires_at, ends_at"""


class TakenTicket(NamedTuple):
    """For whom a ticket was issued, and when its stream ends, in Unix seconds."""

    user: User
    ends_at: float


def issue_ticket(user: User, seconds_left: float) -> tuple[str, datetime]:
    """A ticket, and when it expires; ``seconds_left`` is how long the caller's token is valid."""
    ticket, now = _PREFIX + secrets.token_urlsafe(32), timezone.now()
    # A clock that is ahead may have accepted a token that has just expired.
    left = max(0.0, seconds_left)
    ends_at = datetime.fromtimestamp(min(now.timestamp() + left, _LAST), UTC)
    expires_at = min(now + LIFETIME, ends_at)
    StreamTicket.objects.create(
        digest=_digest(ticket), user=user, expires_at=expires_at, ends_at=ends_at
    )
    return ticket, expires_at


def take_ticket(ticket: str) -> TakenTicket | None:
    """Use a ticket up. None if it was used before, has expired, or its account was closed."""
    for user_id, *times in fetch_rows(_TAKE, {"digest": _digest(ticket)}):
        expires_at, ends_at = (cast(datetime, as_time(each)) for each in times)
        user = User.objects.filter(pk=user_id, is_active=True, is_service=False).first()
        if user is not None and timezone.now() < expires_at:
            return TakenTicket(user, ends_at.timestamp())
    return None


#: 9999-12-31, the last day that a database can store.
_LAST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


def _digest(ticket: str) -> str:
    return sha256(ticket.encode(errors="replace")).hexdigest()
