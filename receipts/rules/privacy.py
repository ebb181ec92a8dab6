"""Whether a mark is private, and from whom others' marks are hidden (rules 13 and 14)."""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings

from chat.models import OverallStatus, User
from receipts.rules.rows import SummaryRow


def reads_privately(read_receipts_enabled: bool, asked: bool | None = None) -> bool:
    """A read is private by its reader's setting at that moment, or if it requests so.

    ``RECEIPTS_MANDATORY``: the organisation overrules both.
    """
    if settings.RECEIPTS_MANDATORY:
        return False
    return bool(asked) or not read_receipts_enabled


def delivers_privately(delivery_receipts_enabled: bool) -> bool:
    """A delivery is private by its recipient's setting at that moment.

    So is that of a read; an open read discloses it. ``RECEIPTS_MANDATORY`` overrules it.
    """
    return not settings.RECEIPTS_MANDATORY and not delivery_receipts_enabled


def open_to_others_sql(row: str, *, read: bool) -> str:
    """SQL condition: a read or a delivery is open by the switches in ``row``, an ``OwnRow``.

    As ``reads_privately`` and ``delivers_privately`` say it, if the mark does not ask for privacy.
    """
    if settings.RECEIPTS_MANDATORY:
        return "TRUE"
    delivers = f"{row}.recipient__delivery_receipts_enabled"
    return f"{delivers} AND {row}.recipient__read_receipts_enabled" if read else delivers


def opens_on_request(asked: bool | None, private: bool) -> bool:
    """Whether a read that is not ``private`` was asked to be open: it discloses earlier ones, too.

    ``asked`` is what the mark says of its privacy; None if it says nothing.
    """
    return asked is False and not private


class Shown(NamedTuple):
    """What a user is shown of others' marks."""

    reads: bool = True
    deliveries: bool = True


def shown_to(user: User) -> Shown:
    """``RECEIPTS_RECIPROCAL``: a user sees of others what the user's own switches show.

    Without reads, a read is shown as delivered; without deliveries, a delivery as pending.
    """
    own = Shown(user.read_receipts_enabled, user.delivery_receipts_enabled)
    if not settings.RECEIPTS_RECIPROCAL or settings.RECEIPTS_MANDATORY:
        return Shown()
    return Shown() if all(own) or user.sees_everything else own


def summary_shown(message: SummaryRow, shown: Shown) -> SummaryRow:
    """A message's summary columns without the marks that are not shown.

    Only messages that all have read are archived, so without reads ``archived_at`` is hidden.
    """
    status = message["overall_status"]
    if not shown.reads:
        message = {**message, "read_count": 0, "read_since_edit_count": 0, "archived_at": None}
        status = OverallStatus.DELIVERED if status == OverallStatus.READ else status
    if not shown.deliveries:
        read = message["read_count"]
        message = {**message, "delivered_count": read}
        if status != OverallStatus.READ:
            status = OverallStatus.PARTIAL if read else OverallStatus.SENT
    return {**message, "overall_status": status}
