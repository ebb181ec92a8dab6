"""How far the clients of vendors' SDKs have got in the feed."""

from __future__ import annotations

from django.db import models

from chat.models import User


class DevicePosition(models.Model):
    """Where a device continues in the feed when it connects again.

    Vendors' clients keep no cursor, so the service keeps one for each device. It is a position that
    the device has certainly reached: events after it may be sent twice, and none is skipped.
    """

    user = models.ForeignKey(
        User, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    gateway = models.CharField(max_length=20)
    #: A hash of the device's own name for itself, which may be of any length.
    device = models.CharField(max_length=32)
    #: A cursor of the user's feed (``receipts.feed.positions``).
    cursor = models.TextField()
    updated_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "gateway", "device"], name="position_of_device")
        ]
        indexes = [models.Index(fields=["updated_at"], name="position_by_time")]

    def __str__(self) -> str:
        return f"{self.gateway} device {self.device}"
