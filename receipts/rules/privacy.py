"""Whether a mark is private, and from whom others' marks are hidden (rules 13 and 14)."""

from __future__ import annotations

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


def opens_on_request(asked: bool | None, private: bool) -> bool:
    """Whether a read that is not ``private`` was asked to be open: it discloses earlier ones, too.

    ``asked`` is what the mark says of its privacy; None if it says nothing.
    """
    return asked is False and not private


def hides_reads_from(user: User) -> bool:
    """``RECEIPTS_RECIPROCAL``: a user who hides reads sees others' reads as delivered."""
    return (
        settings.RECEIPTS_RECIPROCAL
        and not settings.RECEIPTS_MANDATORY
        and not user.read_receipts_enabled
        and not user.sees_everything
    )


def without_reads(message: SummaryRow) -> SummaryRow:
    """A message's summary columns as if nobody had read it: its reads count as deliveries.

    Only messages that all have read are archived, so ``archived_at`` is hidden as well.
    """
    read = message["overall_status"] == OverallStatus.READ
    status = OverallStatus.DELIVERED if read else message["overall_status"]
    return {
        **message,
        "read_count": 0,
        "read_since_edit_count": 0,
        "overall_status": status,
        "archived_at": None,
    }
