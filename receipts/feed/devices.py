"""Positions of devices in the feed, for clients that keep no cursor themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from django.db import transaction
from django.utils import timezone

from chat.models import User
from receipts.feed.positions import (
    BadCursor,
    CursorExpired,
    Position,
    newest_position,
    position_of,
)
from receipts.feed.reading import check_not_expired
from receipts.models import DevicePosition

#: Devices of one user at one gateway; of more, those that were away longest start anew.
MOST_DEVICES = 50


@dataclass(frozen=True)
class Device:
    """One device of a user at a vendor's gateway. ``name`` is a hash of its own name."""

    user_id: int
    username: str
    gateway: str
    name: str

    @classmethod
    def of(cls, user: User, gateway: str, own_name: str) -> Device:
        """The device that names itself so."""
        name = blake2b(own_name.encode(errors="replace"), digest_size=16).hexdigest()
        return cls(user.pk, user.username, gateway, name)


def position_of_device(device: Device, since: Device | None = None) -> Position:
    """Where a device continues. One that is new or was away for too long begins where ``since``
    stands, if that is given and stored, or else at the newest position.

    The position of a new device is stored, so that it misses nothing from now on.
    """
    position = stored_position(device)
    if position is None and since is not None and (position := stored_position(since)) is not None:
        store_positions([(device, position)])
    return begin_anew(device) if position is None else position


def stored_position(device: Device) -> Position | None:
    """Where a device was last; None if it is new, or if events after that have been deleted."""
    stored = DevicePosition.objects.filter(
        user=device.user_id, gateway=device.gateway, device=device.name
    )
    cursor = stored.values_list("cursor", flat=True).first()
    if cursor is None:
        return None
    try:
        position = position_of(cursor, device.username)
        check_not_expired(position)
    except (BadCursor, CursorExpired):
        return None
    return position


def begin_anew(device: Device) -> Position:
    """Let a device, which has just loaded everything, continue from now on."""
    position = newest_position()
    store_positions([(device, position)])
    mine = DevicePosition.objects.filter(user=device.user_id, gateway=device.gateway)
    others = mine.order_by("-updated_at", "-pk").values_list("pk", flat=True)[MOST_DEVICES:]
    if surplus := list(others[:MOST_DEVICES]):
        DevicePosition.objects.filter(pk__in=surplus).delete()
    return position


@transaction.atomic
def store_positions(reached: Iterable[tuple[Device, Position]]) -> None:
    """Store where some devices have got, in one statement."""
    now = timezone.now()
    rows = [
        DevicePosition(
            user_id=device.user_id,
            gateway=device.gateway,
            device=device.name,
            cursor=position.cursor(device.username),
            updated_at=now,
        )
        # In one order, so that two processes that store the same ones do not deadlock.
        for device, position in sorted(reached, key=lambda each: _key(each[0]))
    ]
    DevicePosition.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["user", "gateway", "device"],
        update_fields=["cursor", "updated_at"],
    )


def _key(device: Device) -> tuple[int, str, str]:
    return device.user_id, device.gateway, device.name
