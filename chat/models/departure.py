"""When users stopped taking part in conversations."""

from __future__ import annotations

from django.db import models

from chat.models.conversation import Conversation
from chat.models.user import User


class Departure(models.Model):
    """A time when a user stopped taking part in a conversation: left, or account deactivated.

    Rejoining does not undo it: messages sent before stay withdrawn for them, unless their read was
    disclosed (rule 2). If such a read is retracted later, this record shows that the row must be
    withdrawn too, and from when. Reactivating an account deletes the records of its deactivation,
    and undoes what they record; where the participation ended meanwhile, it is final.
    """

    # No constraint, which would search all departures when a conversation is deleted.
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    #: The last message that had arrived by then: those of the conversation with a higher id came
    #: later. Null for an imported history, where only times show what was sent before.
    up_to = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    #: Whether the account was deactivated and may be reactivated.
    is_deactivation = models.BooleanField(default=False, db_default=False)
    #: The watermarks that were held back then and replaced by those that were shown, and their
    #: times: to be restored.
    delivered_up_to = models.BigIntegerField(null=True)
    delivered_at = models.DateTimeField(null=True)
    read_up_to = models.BigIntegerField(null=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "conversation", "at"], name="departure_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} from {self.conversation} at {self.at}"
