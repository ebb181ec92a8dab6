"""A participant's membership as one value: in Python, in queries and as choices."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Membership(models.TextChoices):
    """A participant's present membership."""

    ACTIVE = "active", "Active"
    LEFT = "left", "Left"
    MUTED = "muted", "Muted"
    BANNED = "banned", "Banned"


#: The first fact that is true, in this order, decides; ``ACTIVE`` if none is. A user whose account
#: is deactivated is absent, whatever the participation's columns are.
_BY_FACT = {
    "is_banned": Membership.BANNED,
    "is_absent": Membership.LEFT,
    "is_muted": Membership.MUTED,
}


def membership_of(*, is_active: bool, is_muted: bool, is_banned: bool) -> Membership:
    """From the columns; ``is_active`` means that participation and account are both active."""
    facts = {"is_banned": is_banned, "is_absent": not is_active, "is_muted": is_muted}
    return next((part for fact, part in _BY_FACT.items() if facts[fact]), Membership.ACTIVE)


def membership_q(wanted: Membership, *, account: str) -> Q:
    """Condition: participants with this membership; ``account`` is the path to their user."""
    absent = Q(is_active=False) | Q(**{f"{account}__is_active": False})
    present = Q(**{"is_active": True, f"{account}__is_active": True})
    holds = {"is_banned": Q(is_banned=True), "is_absent": absent, "is_muted": Q(is_muted=True)}
    fails = {"is_banned": Q(is_banned=False), "is_absent": present, "is_muted": Q(is_muted=False)}
    condition = Q()
    for fact, part in _BY_FACT.items():
        if part == wanted:
            return condition & holds[fact]
        condition &= fails[fact]
    return condition
