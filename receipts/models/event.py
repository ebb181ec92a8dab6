"""What has happened, for those who follow it: the live feed's one truth."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from chat.models import Conversation, User


class EventKind(models.TextChoices):
    """What an event tells, and whom."""

    RECEIPT_UPDATED = "receipt.updated", "Receipts of one's messages changed: to their sender"
    CONVERSATION_READ = "conversation.read", "One read or unread messages: to one's own devices"
    MESSAGE_CREATED = "message.created", "A message was sent: to all who take part"
    MESSAGE_DELETED = "message.deleted", "A message was deleted: to all who take part"
    MESSAGE_RESTORED = "message.restored", "A message was restored: to all who take part"


class ReceiptEvent(models.Model):
    """One operation as one person hears of it, written in the transaction of the operation.

    Not one row a message: a bulk mark of 10,000 messages of one sender is one event. It says what
    changed, not what that came to: whoever is told is told the summaries of that moment.
    """

    #: PostgreSQL's id of the writing transaction, by which a snapshot tells whether the event was
    #: to be seen in it (``receipts.feed.positions``). 0 on SQLite, whose ids come in commit order.
    xid = models.BigIntegerField()
    kind = models.CharField(max_length=20, choices=EventKind)
    #: Who hears of it; null where all who take part in the conversation do.
    audience = models.ForeignKey(
        User, models.CASCADE, null=True, related_name="+", db_constraint=False, db_index=False
    )
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    #: Whose mark it was.
    actor = models.ForeignKey(
        User, models.CASCADE, null=True, related_name="+", db_constraint=False, db_index=False
    )
    #: Of receipts: the state that the rows came to, and whether that is news of a delivery, all
    #: that those are told who are told of no reads (rule 14).
    state = models.CharField(max_length=10, null=True)
    is_delivery = models.BooleanField(default=False)
    #: The newest of the messages, at most ``announcing.MESSAGES_NAMED``; how many they are in all,
    #: and the oldest.
    messages = models.JSONField(default=list)
    message_count = models.IntegerField(default=0)
    first_message = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["xid", "id"], name="event_in_order"),
            models.Index(
                fields=["audience", "xid", "id"],
                condition=Q(audience__isnull=False),
                name="event_of_audience",
            ),
            models.Index(
                fields=["conversation", "xid", "id"],
                condition=Q(audience=None),
                name="event_of_conversation",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class EventHorizon(models.Model):
    """How far back events have been pruned: one row, whose absence means not at all."""

    pruned_before = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Events from {self.pruned_before} on"
