"""Erasures: a user who is to be forgotten, or a conversation that is to be deleted."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from chat.models.user import User


class Erasure(models.Model):
    """One erasure, pending or finished. Its rows go in batches; it records how far these have come.

    What it says when it is finished holds no name: the account, or the number that the conversation
    had, who asked for it, and when.
    """

    user = models.ForeignKey(
        User, models.CASCADE, null=True, related_name="erasures", db_index=False
    )
    #: The username that the user had, by which a repeated request finds it; null when finished.
    username = models.CharField(max_length=255, null=True)
    #: Not a foreign key: the conversation itself is deleted last.
    conversation_id = models.BigIntegerField(null=True)
    requested_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    requested_at = models.DateTimeField()
    #: Whether the texts of the user's messages go, too.
    erases_messages = models.BooleanField(default=False)
    #: The name of the step that is next, and where in its rows it continues; null: at their start.
    step = models.CharField(max_length=20)
    position = models.JSONField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(user=None, conversation_id__isnull=False)
                | Q(user__isnull=False, conversation_id=None),
                name="erasure_of_one_thing",
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(user__isnull=False, finished_at=None),
                name="erasure_of_user_once",
            ),
            models.UniqueConstraint(
                fields=["conversation_id"],
                condition=Q(conversation_id__isnull=False, finished_at=None),
                name="erasure_of_conversation_once",
            ),
        ]
        indexes = [
            models.Index(fields=["user"], condition=Q(user__isnull=False), name="erasure_of_user"),
            models.Index(
                fields=["username"], condition=Q(username__isnull=False), name="erasure_pending"
            ),
        ]

    def __str__(self) -> str:
        what = f"user {self.user_id}" if self.user_id else f"conversation {self.conversation_id}"
        return f"Erasure of {what}"
