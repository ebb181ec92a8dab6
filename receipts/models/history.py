"""What imports have said of conversations, kept so that a later import can be merged with it.

Rows, counts and watermarks of a history follow from all stays and positions that are known. They
may stand in several files, imported in any order, so they are kept (docs/decisions/0018). Only
imports write and read these tables. Foreign keys have no constraint, as in ``MessageStatus``.
"""

from __future__ import annotations

from django.db import models

from chat.models import Conversation, Message, MessageKey, Role, User


class HistoryStay(models.Model):
    """One ``participant`` record: a user took part from one time to another."""

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    user = models.ForeignKey(
        User, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    #: Null: since the beginning of the history.
    joined_at = models.DateTimeField(null=True)
    #: Null: not known to have ended.
    left_at = models.DateTimeField(null=True)
    role = models.CharField(max_length=10, choices=Role)
    #: Whether the rows of all imported messages agree with it.
    is_applied = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["conversation", "user"], name="history_stay_of_user")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.conversation_id} from {self.joined_at} to {self.left_at}"


class HistoryMember(models.Model):
    """What imports wrote to a participant.

    While the participant still has these values, a later import may change them. One that has
    left or joined here since keeps its own.
    """

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    user = models.ForeignKey(
        User, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    role = models.CharField(max_length=10, choices=Role)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["conversation", "user"], name="history_member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.conversation_id}"


class HistoryPosition(models.Model):
    """One ``watermark`` or ``seen`` record: how far a user had received or read a conversation.

    Without times it says that they have seen it, without any receipt.
    """

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    user = models.ForeignKey(
        User, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    #: Null: everything that is imported.
    message = MessageKey(
        Message, models.CASCADE, null=True, related_name="+", db_constraint=False, db_index=False
    )
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    #: Whether the read is private, and whether the user's switch decided that and not the record:
    #: it decides once, when the record is first imported (rule 13).
    is_private = models.BooleanField(default=False)
    #: Whether the delivery is private: the user's switch decides that once, too.
    is_hidden = models.BooleanField(default=False, db_default=False)
    by_switch = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["conversation", "user"], name="history_position_of_user")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.conversation_id} up to {self.message_id}"
