"""Messages, with the counts of their receipts."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.utils import timezone

from chat.models.conversation import Conversation, ConversationParticipant
from chat.models.user import User

#: Begins the ``client_id`` of an imported message; what follows is its id in the source.
IMPORTED = "import:"


class OverallStatus(models.TextChoices):
    """How far a message has come with all its recipients (rule 19)."""

    SENT = "sent", "Sent"
    PARTIAL = "partial", "Partial"
    DELIVERED = "delivered", "Delivered"
    READ = "read", "Read"


class Tracking(models.TextChoices):
    """Whether a message keeps receipts and, if not, why (rules 15 and 16)."""

    TRACKED = "tracked", "Tracked"
    NOT_REQUESTED = "not_requested", "The sender asked for none"
    POLICY = "policy", "The conversation's policy allows none"
    TOO_MANY_RECIPIENTS = "too_many_recipients", "Too many recipients for rows"


#: The one truth table: counts to overall status, computed by the database (rule 19). A read
#: implies a delivery, so nothing delivered is ``sent``, also where there are no recipients.
TRUTH_TABLE = Case(
    When(Q(recipient_count=0) | Q(delivered_count=0), then=Value("sent")),
    When(read_count=F("recipient_count"), then=Value("read")),
    When(delivered_count=F("recipient_count"), then=Value("delivered")),
    default=Value("partial"),
)


class MessageQuerySet(models.QuerySet["Message"]):
    """Which messages a user may see."""

    def visible_to(self, user: User) -> Self:
        """The messages of the conversations that ``user`` may see, earlier ones included."""
        if user.sees_everything:
            return self
        mine = ConversationParticipant.objects.filter(
            conversation=OuterRef("conversation"), user=user, is_active=True
        )
        return self.filter(Exists(mine))


class Message(models.Model):
    """One message. Ids grow in commit order within a conversation; no row is ever deleted."""

    # The index of each foreign key would repeat the first column of one below, or serve no query.
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="messages", db_index=False
    )
    sender = models.ForeignKey(User, models.CASCADE, related_name="sent_messages", db_index=False)
    body = models.TextField(blank=True)
    client_id = models.CharField(
        max_length=100,
        null=True,
        blank=True,
        help_text="The sender's own id for it: sending the same one again is the same message.",
    )
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)
    #: When ``prune_receipts`` took the rows of a settled message away; its counts stay.
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    tracking = models.CharField(max_length=20, choices=Tracking, default=Tracking.TRACKED)
    # No CHECK on the counts, not even that they are positive: PostgreSQL checks an UPDATE first
    # against the version it began with, and where that one is outdated refuses a change that is
    # right against the current one (docs/decisions/0004).
    recipient_count = models.IntegerField(default=0)
    delivered_count = models.IntegerField(default=0)
    read_count = models.IntegerField(default=0)
    failed_count = models.IntegerField(default=0)
    overall_status = models.GeneratedField(
        expression=TRUTH_TABLE,
        output_field=models.CharField(max_length=10, choices=OverallStatus),
        db_persist=True,
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        permissions = [("moderate_message", "Can delete messages softly and restore them")]
        indexes = [
            # A conversation's messages in order, and its newest one.
            models.Index(fields=["conversation", "id"], name="message_in_conversation"),
            # The few deleted ones, which unread counts exclude.
            models.Index(
                fields=["conversation", "id"],
                condition=Q(deleted_at__isnull=False),
                name="message_deleted",
            ),
            # A sender's own messages of some days, for their insights: without it each query scans
            # the whole table (180 ms instead of 2 ms with a million messages).
            models.Index(fields=["sender", "created_at"], name="message_of_sender"),
            # Everybody's messages of some days: moderators' insights, and lists by date.
            models.Index(fields=["created_at"], name="message_by_time"),
        ]
        constraints = [
            # Starts with the client's id, so that an import can search by it alone.
            models.UniqueConstraint(
                fields=["client_id", "conversation", "sender"],
                condition=Q(client_id__isnull=False),
                name="message_once_per_client_id",
            ),
        ]

    def __str__(self) -> str:
        return f"Message {self.pk}"

    @property
    def tracked(self) -> bool:
        """Whether this message keeps receipts."""
        return self.tracking == Tracking.TRACKED
