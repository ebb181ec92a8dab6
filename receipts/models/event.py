"""Events: the only source of the live feed and of webhooks."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from chat.models import Conversation, User


class EventKind(models.TextChoices):
    """What an event reports, and to whom."""

    RECEIPT_UPDATED = "receipt.updated", "Receipts of one's messages changed: to their sender"
    CONVERSATION_READ = "conversation.read", "One read or unread messages: to one's own devices"
    MESSAGE_CREATED = "message.created", "A message was sent: to all who take part"
    MESSAGE_EDITED = "message.edited", "The text of a message changed: to all who take part"
    MESSAGE_DELETED = "message.deleted", "A message was deleted: to all who take part"
    MESSAGE_RESTORED = "message.restored", "A message was restored: to all who take part"
    CONVERSATION_DELETED = "conversation.deleted", "A conversation was deleted: to all of it"


#: The kind of an event that ends the connections of its audience, an account that was deactivated
#: or deleted. It is published to nobody.
ACCOUNT_CLOSED = "account.closed"


class ReceiptEvent(models.Model):
    """One operation for one audience, written in the transaction of the operation.

    A mark of one message is for two: the sender, and the reader's own devices (``is_own_read``).

    Not one row per message: a bulk mark of 10,000 messages of one sender is one event. It records
    what changed, not the result: a receiver gets the summaries at the moment of sending.
    """

    #: Where tables are distributed: the node on which it was written (``receipts.sql.nodes``), of
    #: which ``xid`` is a transaction; it stays the same when the row is moved. Otherwise 0.
    node = models.IntegerField(db_default=0)
    #: PostgreSQL's id of the writing transaction, from which it follows whether a snapshot includes
    #: the event (``receipts.feed.positions``). 0 on SQLite, whose ids grow in commit order.
    xid = models.BigIntegerField()
    kind = models.CharField(max_length=20, choices=EventKind)
    #: The user who receives it; null if all participants of the conversation do. Service accounts
    #: receive a deleted conversation's once, without an audience.
    audience = models.ForeignKey(
        User, models.CASCADE, null=True, related_name="+", db_constraint=False, db_index=False
    )
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    #: The user whose mark it was.
    actor = models.ForeignKey(
        User, models.CASCADE, null=True, related_name="+", db_constraint=False, db_index=False
    )
    #: For receipts: the new state of the rows, and whether it includes a new delivery, which is
    #: all that is sent to users from whom reads are hidden (rule 14).
    state = models.CharField(max_length=10, null=True)
    is_delivery = models.BooleanField(default=False)
    #: For receipts of one message: whether its mark is also news for the actor's own devices. Then
    #: this one row is both events (``receipts.feed.event``).
    is_own_read = models.BooleanField(db_default=False)
    #: The ids of the newest messages, at most ``announcing.MESSAGES_NAMED``; the number of all
    #: messages, and the first of them (null for one's own reads).
    messages = models.JSONField(default=list)
    message_count = models.IntegerField(default=0)
    first_message = models.BigIntegerField(null=True)
    #: For receipts: the latest time of these marks, which their makers may have given; the reason
    #: of failures.
    marked_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=1000, null=True)
    #: For a deleted conversation: the ``external_id`` that it had.
    external_id = models.CharField(max_length=255, null=True)
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["node", "xid", "id"], name="event_in_order"),
            models.Index(
                fields=["audience", "node", "xid", "id"],
                condition=Q(audience__isnull=False),
                name="event_of_audience",
            ),
            models.Index(
                fields=["conversation", "node", "xid", "id"],
                condition=Q(audience=None),
                name="event_of_conversation",
            ),
            models.Index(
                fields=["actor", "node", "xid", "id"],
                condition=Q(is_own_read=True),
                name="event_of_reader",
            ),
            # Reasons of failures, which are removed when the recipient is forgotten.
            models.Index(
                fields=["actor", "id"],
                condition=Q(reason__isnull=False),
                name="event_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class EventHorizon(models.Model):
    """Up to when events have been pruned: one row, or none if nothing has been pruned."""

    pruned_before = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Events from {self.pruned_before} on"
