"""The row of one message and one recipient."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from chat.models import Conversation, Message, MessageKey, User


class MessageStatus(models.Model):
    """The state of one message for one recipient: a row written when the message is sent.

    ``seen_at`` is when the recipient read it, known only to them, and drives unread counts.
    ``read_at`` is the read that others may see. A private read sets ``seen_at`` only, so no query
    has to remember to hide it (rule 13).

    Foreign keys have no constraint: rows are written only by INSERT ... SELECT from messages and
    participants, which are deleted only with their conversation and after its rows, and checking
    three keys per row costs two thirds of the insert (docs/decisions/0003). ``check_receipts``
    finds orphans.
    """

    message = MessageKey(
        Message, models.CASCADE, related_name="statuses", db_constraint=False, db_index=False
    )
    recipient = models.ForeignKey(
        User, models.CASCADE, related_name="statuses", db_constraint=False, db_index=False
    )
    #: The message's conversation, repeated for the unread index and for partitioning.
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    #: The message's thread, repeated for unread counts of threads; null outside threads.
    thread = MessageKey(
        Message, models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    #: The message's time, repeated so that constraints can check sent <= delivered <= read.
    sent_at = models.DateTimeField()
    #: When it reached the recipient, known only to them: set where that delivery was private.
    received_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    failure_reason = models.CharField(max_length=1000, null=True)
    withdrawn_at = models.DateTimeField(null=True)
    #: What the recipient wrote with a disclosed read; nothing else is kept (rules 12 and 13).
    content = models.CharField(max_length=2000, null=True)

    class Meta:
        verbose_name = "message status"
        verbose_name_plural = "message statuses"
        default_permissions = ("view",)  # users view receipts; only services write them
        constraints = [
            models.UniqueConstraint(
                fields=["message", "recipient", "conversation"], name="status_once_per_recipient"
            ),
            # Each handles NULL explicitly: a CHECK accepts a comparison that is NULL.
            models.CheckConstraint(
                condition=Q(delivered_at=None) | Q(delivered_at__gte=F("sent_at")),
                name="status_sent_before_delivered",
            ),
            models.CheckConstraint(
                condition=Q(read_at=None)
                | Q(delivered_at__isnull=False, delivered_at__lte=F("read_at")),
                name="status_delivered_before_read",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(read_at=None),
                name="status_disclosed_read_is_never_withdrawn",
            ),
            models.CheckConstraint(
                condition=Q(content=None) | Q(read_at__isnull=False),
                name="status_content_of_disclosed_read",
            ),
        ]
        indexes = [
            # A user's unread rows: unread counts, bulk marks, leaving.
            models.Index(
                fields=["recipient", "conversation", "sent_at", "message"],
                condition=Q(seen_at=None, withdrawn_at=None),
                name="status_unread",
            ),
            # The replies among them, thread by thread.
            models.Index(
                fields=["recipient", "conversation", "thread", "sent_at", "message"],
                condition=Q(seen_at=None, withdrawn_at=None, thread__isnull=False),
                name="status_unread_reply",
            ),
            # A user's private reads, which no watermark covers; leaving withdraws these rows too.
            models.Index(
                fields=["recipient", "conversation", "sent_at", "message"],
                condition=Q(
                    seen_at__isnull=False,
                    read_at=None,
                    withdrawn_at=None,
                    delivered_at__isnull=False,
                ),
                name="status_read_privately",
            ),
            # Rows that were seen without any receipt: of untracked messages, and of a history.
            models.Index(
                fields=["recipient", "conversation", "sent_at", "message"],
                condition=Q(
                    seen_at__isnull=False, read_at=None, withdrawn_at=None, delivered_at=None
                ),
                name="status_seen_only",
            ),
            # A user's withdrawn rows, some of which count again when an account is reactivated. No
            # mark changes such a row.
            models.Index(
                fields=["recipient", "conversation", "message"],
                condition=Q(withdrawn_at__isnull=False),
                name="status_withdrawn",
            ),
            # Rows with words of a user or about one, which are removed when the user is forgotten.
            models.Index(
                fields=["recipient", "id"],
                condition=Q(content__isnull=False) | Q(failure_reason__isnull=False),
                name="status_with_words",
            ),
        ]

    def __str__(self) -> str:
        return f"Message {self.message_id} for user {self.recipient_id}"
