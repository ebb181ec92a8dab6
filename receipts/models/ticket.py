"""Tickets with which a browser's ``EventSource``, which sends no headers, opens a live stream."""

from __future__ import annotations

from django.db import models

from chat.models import User


class StreamTicket(models.Model):
    """A ticket that was issued and not used yet. Using it deletes the row, so it is used once."""

    #: SHA-256 of the ticket, which is 256 random bits.
    digest = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(
        User, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    #: Until when it opens a stream.
    expires_at = models.DateTimeField()
    #: When that stream has to end: when the token expires with which the ticket was requested.
    ends_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.digest[:8]
