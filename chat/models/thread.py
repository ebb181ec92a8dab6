"""Threads: what is known of the replies to a message, and who follows them (rule 30)."""

from __future__ import annotations

from django.db import models

from chat.models.conversation import Conversation
from chat.models.joining import MessageKey
from chat.models.message import Message
from chat.models.user import User


class Thread(models.Model):
    """The replies to one message, its root: how many there are, and the newest of them.

    Deleted replies are not among them. Written with the first reply or follower, under the lock of
    the conversation, as every change of it is. Foreign keys have no constraint, as in
    ``MessageName``.
    """

    root = MessageKey(
        Message, models.CASCADE, related_name="threads", db_constraint=False, db_index=False
    )
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    reply_count = models.IntegerField(default=0)
    #: The newest reply in the order of time; null if all are deleted.
    last_reply = MessageKey(
        Message, models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    #: When the newest reply was sent; without one, some time before. The order of the list.
    last_reply_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["root", "conversation"], name="thread_once"),
        ]
        indexes = [
            models.Index(
                fields=["conversation", "last_reply_at", "root"], name="thread_by_activity"
            ),
        ]

    def __str__(self) -> str:
        return f"Thread of message {self.root_id}"


class ThreadFollower(models.Model):
    """Whether a user follows a thread. Who wrote in it does, until they ask not to.

    A row that says no is kept: else the next reply would make the root's sender follow again.
    """

    root = MessageKey(
        Message, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_constraint=False)
    is_following = models.BooleanField(default=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "root", "user"], name="thread_follower_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} of thread {self.root_id}"
