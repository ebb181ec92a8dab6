"""The rollup of insights: figures of days that are over, and what has changed in them since.

Written by ``manage.py rollup_insights`` (docs/decisions/0027). Foreign keys have no constraint, as
in ``receipts.models.MessageStatus``.
"""

from __future__ import annotations

from django.db import models

from chat.models import Conversation, User


class InsightsHorizon(models.Model):
    """How far the rollup has come: one row, or none if it has never run."""

    #: A change of a message that was sent before this is noted (``InsightsChange``).
    noted_before = models.DateTimeField()
    #: All UTC days before this one are rolled up. It only moves forward.
    rolled_before = models.DateField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Rolled up before {self.rolled_before}"


class InsightsFigures(models.Model):
    """Figures of tracked messages that are not deleted, when they were rolled up.

    The times are histograms: ``bucket,count`` pairs, separated by commas
    (``receipts.reads.histograms``).
    """

    messages = models.BigIntegerField()
    recipients = models.BigIntegerField()
    delivered = models.BigIntegerField()
    read = models.BigIntegerField()
    to_delivered = models.TextField()
    to_read = models.TextField()

    class Meta:
        abstract = True


class InsightsPart(InsightsFigures):
    """The figures of one sender in one conversation on one UTC day."""

    messages = models.IntegerField()
    recipients = models.IntegerField()
    delivered = models.IntegerField()
    read = models.IntegerField()
    day = models.DateField()
    conversation = models.ForeignKey(
        Conversation, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    sender = models.ForeignKey(
        User, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "day", "sender"], name="insights_part_once"
            ),
        ]
        indexes = [
            models.Index(fields=["sender", "day"], name="insights_part_of_sender"),
            models.Index(fields=["day"], name="insights_part_of_day"),
        ]

    def __str__(self) -> str:
        return f"User {self.sender_id} in conversation {self.conversation_id} on {self.day}"


class InsightsDay(InsightsFigures):
    """The figures of everybody on one UTC day: the sums of its parts. A day of nothing has none."""

    day = models.DateField(primary_key=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.day)


class InsightsChange(models.Model):
    """Something changed in a conversation's messages of one UTC day, or in their rows.

    Appended in the transaction of the change; deleted when these figures are rolled up again.
    Meanwhile insights count the messages of that conversation and day themselves.
    """

    day = models.DateField()
    conversation = models.ForeignKey(
        Conversation, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Conversation {self.conversation_id} on {self.day}"
