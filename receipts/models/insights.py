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
    """Figures of tracked messages of a UTC day that are not deleted, when they were rolled up.

    The times are histograms: ``bucket,count`` pairs, separated by commas
    (``receipts.reads.histograms``). Figures of nothing are not stored.
    """

    day = models.DateField(db_index=True)
    messages = models.BigIntegerField()
    recipients = models.BigIntegerField()
    delivered = models.BigIntegerField()
    read = models.BigIntegerField()
    to_delivered = models.TextField()
    to_read = models.TextField()

    class Meta:
        abstract = True


class InsightsPart(InsightsFigures):
    """The figures of one sender in one conversation on one day."""

    messages = models.IntegerField()
    recipients = models.IntegerField()
    delivered = models.IntegerField()
    read = models.IntegerField()
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
            # The conversations of a sender are found by it, too.
            models.Index(fields=["sender", "conversation", "day"], name="insights_part_of_sender"),
        ]

    def __str__(self) -> str:
        return f"User {self.sender_id} in conversation {self.conversation_id} on {self.day}"


class InsightsConversationDay(InsightsFigures):
    """The figures of one conversation on one day: the sums of its parts."""

    conversation = models.ForeignKey(
        Conversation, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "day"], name="insights_conversation_day_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Conversation {self.conversation_id} on {self.day}"


class InsightsSenderDay(InsightsFigures):
    """The figures of one sender on one day in all conversations: the sums of its parts.

    Of those that the sender has left, too: insights of a sender subtract their parts.
    """

    sender = models.ForeignKey(
        User, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["sender", "day"], name="insights_sender_day_once"),
        ]

    def __str__(self) -> str:
        return f"User {self.sender_id} on {self.day}"


class InsightsDay(InsightsFigures):
    """The figures of everybody on one day: the sums of its parts."""

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
