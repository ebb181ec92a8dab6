"""Conversations and their participants."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from chat.models.joining import MessageKey
from chat.models.user import User
from chat.validators import external_id_validator


class ConversationKind(models.TextChoices):
    DIRECT = "direct", "Direct"
    GROUP = "group", "Group"


class Role(models.TextChoices):
    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    MEMBER = "member", "Member"


class ReceiptPolicy(models.TextChoices):
    """Whose messages may request receipts (rule 15)."""

    EVERYONE = "everyone", "Everyone"
    ADMINS = "admins", "Owner and admins"
    OFF = "off", "Nobody"


class ReceiptVisibility(models.TextChoices):
    """Who sees the receipts of a message, besides moderators (rule 17)."""

    SENDER = "sender", "Its sender"
    PARTICIPANTS = "participants", "All participants"


class ThreadRecipients(models.TextChoices):
    """Who receives the replies of a thread (rule 30)."""

    PARTICIPANTS = "participants", "All participants"
    FOLLOWERS = "followers", "Who follows the thread"


class Notifications(models.TextChoices):
    """Whether a user wants to be notified of a conversation's messages."""

    ON = "on", "On"
    OFF = "off", "Off"


def active_q(prefix: str = "") -> Q:
    """Condition: takes part now (joined and not left), and the account is active."""
    return Q(**{f"{prefix}is_active": True, f"{prefix}user__is_active": True})


class ParticipantQuerySet(models.QuerySet["ConversationParticipant"]):
    """Participants."""

    def active(self) -> Self:
        """Those who take part now, with an active account."""
        return self.filter(active_q())


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Which conversations a user may see."""

    def joined_by(self, user_id: int) -> Self:
        """The conversations of which a user is a current participant."""
        return self.filter(participants__user=user_id, participants__is_active=True)

    def visible_to(self, user: User) -> Self:
        """All for service accounts and moderators; for others those they take part in."""
        return self.seen_by(user.sees_only)

    def seen_by(self, only: int | None) -> Self:
        """``visible_to`` the user whose ``sees_only`` this is."""
        return self.present() if only is None else self.joined_by(only)

    def present(self) -> Self:
        """Those that are not deleted. Nobody takes part in a deleted one."""
        return self.filter(deleted_at=None)

    def deleted(self) -> Self:
        """The few that are deleted, and not removed yet: by a partial index."""
        return self.filter(deleted_at__isnull=False)


class Conversation(models.Model):
    """A direct conversation of two people, or a group."""

    external_id = models.CharField(
        max_length=255,
        unique=True,
        null=True,
        blank=True,
        validators=[external_id_validator],
        help_text="This conversation's id in another system.",
    )
    kind = models.CharField(max_length=10, choices=ConversationKind)
    title = models.CharField(max_length=255, blank=True)
    receipt_policy = models.CharField(
        max_length=10, choices=ReceiptPolicy, default=ReceiptPolicy.EVERYONE
    )
    receipts_visible_to = models.CharField(
        max_length=12, choices=ReceiptVisibility, default=ReceiptVisibility.SENDER
    )
    thread_recipients = models.CharField(
        max_length=12,
        choices=ThreadRecipients,
        default=ThreadRecipients.PARTICIPANTS,
        db_default=ThreadRecipients.PARTICIPANTS,
    )
    #: Whether any message here is a reply. Where none is, nothing looks for threads.
    has_threads = models.BooleanField(default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    #: The ids of the two people of a direct conversation, the lower one first: ``"3-17"``. At most
    #: one conversation of two people has it; null for groups, and for others that exist besides.
    pair = models.CharField(max_length=41, unique=True, null=True, editable=False)
    #: When it was deleted: nobody takes part in it or sees it any more, and what belongs to it is
    #: being removed, itself last (``Erasure``).
    deleted_at = models.DateTimeField(null=True, editable=False)
    #: How many take part with an active account, once the conversation has had more recipients than
    #: rows are written for: then nobody counts them again, and positions are kept (rule 16). Null
    #: for all others.
    member_count = models.IntegerField(null=True, editable=False)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        indexes = [
            # The few deleted ones, whose rows no unread count includes.
            models.Index(
                fields=["id"], condition=Q(deleted_at__isnull=False), name="conversation_deleted"
            ),
        ]

    def __str__(self) -> str:
        """For logs: names nobody of a direct conversation, by name or in its external id."""
        external_id = None if self.kind == ConversationKind.DIRECT else self.external_id
        return self.title or external_id or f"{self.get_kind_display()} {self.pk}"


class ConversationName(models.Model):
    """The conversation that has an ``external_id`` or a ``pair``, where no index can tell.

    Where conversations are distributed, an index of theirs is unique on one node only, and this
    table, which is on all of them, keeps these two unique. Elsewhere it is empty. Only
    ``receipts.sql.conversation_names`` writes it.
    """

    #: ``ext:`` and the ``external_id``, or ``pair:`` and the ``pair``.
    name = models.CharField(max_length=260, primary_key=True)
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="+", db_constraint=False
    )

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class ConversationParticipant(models.Model):
    """A user's membership of a conversation. After leaving, the row stays, inactive.

    The watermarks mean "everything up to here", as far as others may see. They move forward only,
    and no private read or delivery nor an untracked message moves them. Where ``held_back`` is set,
    rows below them may be open: then the watermark that is shown ends before the first of those
    (rules 7 and 13, ``receipts.reads.watermarks``).
    """

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="participants", db_index=False
    )
    user = models.ForeignKey(User, models.CASCADE, related_name="participations")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    is_active = models.BooleanField("active", default=True)
    joined_at = models.DateTimeField(default=timezone.now)
    left_at = models.DateTimeField(null=True, blank=True)
    is_muted = models.BooleanField("muted", default=False, help_text="May read but not write.")
    is_banned = models.BooleanField("banned", default=False, help_text="Removed for good.")
    #: The user's own wish, which is nobody else's business. It outlasts leaving and coming back.
    notifications_enabled = models.BooleanField(default=True, db_default=True, editable=False)
    # No constraint: messages go only with their conversation, and the check would needlessly lock
    # the message's row each time a watermark moves.
    last_delivered_message = MessageKey(
        "chat.Message", models.DO_NOTHING, null=True, blank=True, related_name="+",
        db_constraint=False, db_index=False,
    )  # fmt: skip
    last_delivered_at = models.DateTimeField(null=True, blank=True)
    last_read_message = MessageKey(
        "chat.Message", models.DO_NOTHING, null=True, blank=True, related_name="+",
        db_constraint=False, db_index=False,
    )  # fmt: skip
    last_read_at = models.DateTimeField(null=True, blank=True)
    #: Whether to look for open rows below the watermarks. It may be set where there are none.
    held_back = models.BooleanField(default=False, db_default=False, editable=False)
    #: Whether the user may have received messages privately here. Then ``held_back`` stays set.
    has_private_deliveries = models.BooleanField(default=False, db_default=False, editable=False)
    #: How far an unfinished retraction of earlier reads has come (rule 13).
    retracted_up_to = models.BigIntegerField(null=True, blank=True, editable=False)

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "user"], name="participant_once"),
            models.CheckConstraint(
                condition=Q(is_active=True, left_at=None)
                | Q(is_active=False, left_at__isnull=False),
                name="participant_left_when_inactive",
            ),
            models.CheckConstraint(
                condition=Q(is_banned=False) | Q(is_active=False),
                name="participant_banned_is_inactive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.conversation}"
