"""Messages, with the counts of their receipts."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.utils import timezone

from chat.ids import MAX_EXTERNAL_ID
from chat.models.conversation import Conversation, ConversationParticipant
from chat.models.joining import MessageKey, OnlyMessageKey
from chat.models.user import User
from chat.validators import external_id_validator


class OverallStatus(models.TextChoices):
    """How far a message has come with all its recipients (rule 19)."""

    SENT = "sent", "Sent"
    PARTIAL = "partial", "Partial"
    DELIVERED = "delivered", "Delivered"
    READ = "read", "Read"


class Tracking(models.TextChoices):
    """Whether a message keeps receipts and, if not, why (rules 15 and 16)."""

    TRACKED = "tracked", "Tracked"
    BY_POSITION = "by_position", "Tracked by position"
    NOT_REQUESTED = "not_requested", "The sender asked for none"
    POLICY = "policy", "The conversation's policy allows none"
    TOO_MANY_RECIPIENTS = "too_many_recipients", "Too many recipients for rows"
    SYSTEM = "system", "A system line"


class MessageKind(models.TextChoices):
    """A message of a person, or a line of the application about the conversation."""

    MESSAGE = "message", "Message"
    SYSTEM = "system", "System line"


#: The only definition of the overall status, computed by the database from the counts (rule 19).
#: A read implies a delivery, so a message without deliveries, or recipients, is ``sent``.
TRUTH_TABLE = Case(
    When(Q(recipient_count=0) | Q(delivered_count=0), then=Value("sent")),
    When(read_count=F("recipient_count"), then=Value("read")),
    When(delivered_count=F("recipient_count"), then=Value("delivered")),
    default=Value("partial"),
)


class MessageQuerySet(models.QuerySet["Message"]):
    """Which messages a user may see."""

    def visible_to(self, user: User) -> Self:
        """The messages of conversations that ``user`` may see, also those from before joining."""
        return self.seen_by(user.sees_only)

    def seen_by(self, only: int | None) -> Self:
        """``visible_to`` the user whose ``sees_only`` this is."""
        if only is None:
            return self.filter(conversation__deleted_at=None)
        mine = ConversationParticipant.objects.filter(
            conversation=OuterRef("conversation"), user=only, is_active=True
        )
        return self.filter(Exists(mine))


class Message(models.Model):
    """One message. Messages of a conversation stand in the order of ``created_at``, then id.

    ``created_at`` is when it was sent, which an import or a bridge gives; ids are the order of
    arrival, and grow in commit order within a conversation. A row is deleted only with its
    conversation (``Erasure``).
    """

    # The index of each foreign key would repeat the first column of one below, or serve no query.
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="messages", db_index=False
    )
    sender = models.ForeignKey(User, models.CASCADE, related_name="sent_messages", db_index=False)
    body = models.TextField(blank=True)
    #: Unique in the installation, by ``MessageName``. Never changes.
    external_id = models.CharField(
        max_length=MAX_EXTERNAL_ID,
        null=True,
        blank=True,
        validators=[external_id_validator],
        help_text="This message's id in another system.",
    )
    client_id = models.CharField(
        max_length=MAX_EXTERNAL_ID,
        null=True,
        blank=True,
        help_text="The sender's own id for it: sending the same one again is the same message.",
    )
    #: The message that it replies to, which stands in the main line itself; null in the main line.
    thread = MessageKey(
        "self", models.DO_NOTHING, null=True, blank=True, editable=False, related_name="replies",
        db_constraint=False, db_index=False,
    )  # fmt: skip
    #: Whether it is a reply that only the followers of its thread received (rule 30).
    is_for_followers = models.BooleanField(default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    #: When its text was last changed; later than every read that was disclosed by then.
    edited_at = models.DateTimeField(null=True, blank=True, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True)
    #: When ``prune_receipts`` deleted the rows of a settled message; its counts stay.
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    tracking = models.CharField(max_length=20, choices=Tracking, default=Tracking.TRACKED)
    #: Whether it moves its conversation up; a system line does so only on request.
    is_activity = models.BooleanField(default=True, db_default=True)
    #: Whether it comes from a history; nothing that an import says changes any other.
    is_imported = models.BooleanField(default=False, db_default=False, editable=False)
    # No CHECK on the counts, not even that they are positive: PostgreSQL first checks an UPDATE
    # against the row version it started with, and if that is outdated, refuses a change that is
    # correct for the current version (docs/decisions/0004).
    recipient_count = models.IntegerField(default=0)
    delivered_count = models.IntegerField(default=0)
    read_count = models.IntegerField(default=0)
    failed_count = models.IntegerField(default=0)
    #: How many of the reads are of the present text; only kept once a message has been edited.
    read_since_edit_count = models.IntegerField(default=0, db_default=0)
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
            # A conversation's messages in order, its newest one, and its newest tracked one. (Marks
            # change the counts, and with them every index: one more of the tracked ones alone made
            # a bulk mark 6 % slower.)
            models.Index(
                fields=["conversation", "created_at", "id"],
                include=["tracking", "is_activity"],
                name="message_in_conversation",
            ),
            # The few deleted ones, which unread counts omit.
            models.Index(
                fields=["conversation", "id"],
                condition=Q(deleted_at__isnull=False),
                name="message_deleted",
            ),
            # The replies of a thread in order.
            models.Index(
                fields=["conversation", "thread", "created_at", "id"],
                condition=Q(thread__isnull=False),
                name="message_in_thread",
            ),
            # The last one that is tracked by position, up to where a mark ends. No count of these
            # changes, and no mark touches this index.
            models.Index(
                fields=["conversation", "created_at", "id"],
                condition=Q(tracking="by_position"),
                name="message_by_position",
            ),
            # A sender's own messages in a range of days, for insights: without it each query scans
            # the whole table (with a million messages 180 ms instead of 2 ms).
            models.Index(fields=["sender", "created_at"], name="message_of_sender"),
            # All messages in a range of days: moderators' insights, and lists by date.
            models.Index(fields=["created_at"], name="message_by_time"),
        ]
        constraints = [
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
        """Whether this message keeps receipts in rows."""
        return self.tracking == Tracking.TRACKED

    @property
    def is_system(self) -> bool:
        """Whether this is a system line, which has no recipients."""
        return self.tracking == Tracking.SYSTEM


class MessageName(models.Model):
    """The message that has an ``external_id``: unique over all conversations.

    A table of its own: where messages are distributed by conversation, no index of theirs could
    guarantee that. Foreign keys have no constraint, as in ``receipts.models.MessageStatus``.
    """

    external_id = models.CharField(max_length=MAX_EXTERNAL_ID, primary_key=True)
    message = models.ForeignKey(
        Message, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.external_id


class MessageNumber(models.Model):
    """A message's place in the arrival of its conversation's messages, from 1 (rule 28).

    Written when somebody first asks for it (``receipts.services.numbering``): most installations
    need none, and a column with an index of its own would make every mark slower. Foreign keys have
    no constraint, as in ``MessageName``.
    """

    message = OnlyMessageKey(
        Message, models.CASCADE, primary_key=True, related_name="numbered", db_constraint=False
    )
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    number = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["conversation", "number"], name="message_number_once"),
        ]

    def __str__(self) -> str:
        return f"Message {self.message_id} is number {self.number}"
