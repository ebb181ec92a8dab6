"""How far each participant of a large conversation has come: instead of rows (rule 16)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from chat.models import Conversation, User


class Ended(models.IntegerChoices):
    """Whether a stay is over (rule 2)."""

    HERE = 0, "Takes part"
    #: The account was deactivated; what that took is given back with the account.
    AWAY = 1, "Account deactivated"
    LEFT = 2, "Left"


class MemberPosition(models.Model):
    """How far one participant has come in a large conversation, during one stay.

    A message that is tracked by position has no rows. Its recipients are those in whose stays it
    arrived: its id is above ``since`` and not above ``until``. Such messages stand in the order of
    their ids, so each position is the id of the last one that is covered, and 0 before the first.
    Stretches below a position may be private (``PrivateStretch``), and everything between
    ``read_up_to`` and ``seen_up_to``, or ``delivered_up_to`` and ``received_up_to``, is.

    Foreign keys have no constraint, as in ``MessageStatus``. The key has the conversation first: a
    page of recipients is read by it, and it is one where tables are distributed, too. Each index
    costs every mark something, so there are few.
    """

    pk = models.CompositePrimaryKey("conversation", "recipient", "since")
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    recipient = models.ForeignKey(
        User, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    #: The last such message before the stay; 0 for those who took part when positions began.
    since = models.BigIntegerField()
    #: The last one of the stay; null while it goes on.
    until = models.BigIntegerField(null=True)
    ended = models.SmallIntegerField(choices=Ended, default=Ended.HERE, db_default=Ended.HERE)
    #: Up to where others may know of deliveries, and of reads.
    delivered_up_to = models.BigIntegerField(default=0, db_default=0)
    read_up_to = models.BigIntegerField(default=0, db_default=0)
    #: The further one of the two, since an open read implies a delivery.
    known_up_to = models.BigIntegerField(default=0, db_default=0)
    #: Up to where the user has received and read, known only to them.
    received_up_to = models.BigIntegerField(default=0, db_default=0)
    seen_up_to = models.BigIntegerField(default=0, db_default=0)
    #: Where the last mark moved a position from, and when: the time is that of what lies between.
    delivered_from = models.BigIntegerField(default=0, db_default=0)
    read_from = models.BigIntegerField(default=0, db_default=0)
    delivered_moved_at = models.DateTimeField(null=True)
    read_moved_at = models.DateTimeField(null=True)
    #: When any of them last moved.
    moved_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            # Counts, on the side where fewer are. Without further columns: PostgreSQL then stores
            # each value once with all its rows, and counts half a million in 25 ms, not in 50 ms.
            models.Index(fields=["conversation", "read_up_to"], name="position_read"),
            models.Index(fields=["conversation", "known_up_to"], name="position_known"),
            # Those who have received more than they have read; few, where apps report reads only.
            models.Index(
                fields=["conversation", "known_up_to"],
                include=["read_up_to"],
                condition=Q(known_up_to__gt=F("read_up_to")),
                name="position_unread",
            ),
            # Those who joined later, and those who are gone.
            models.Index(
                fields=["conversation", "since"],
                condition=Q(since__gt=0),
                name="position_since",
            ),
            models.Index(
                fields=["conversation", "until"],
                condition=Q(until__isnull=False),
                name="position_until",
            ),
        ]

    def __str__(self) -> str:
        return f"User {self.recipient_id} in {self.conversation_id} since message {self.since}"


class StretchKind(models.IntegerChoices):
    """What is private of the messages of a stretch."""

    READ = 1, "Read"
    DELIVERY = 2, "Delivery"


class PrivateStretch(models.Model):
    """Messages below a position whose read, or delivery, is private all the same (rule 13).

    Those above ``after``, up to ``up_to``. Only a mark that moves a position over what was read or
    received privately writes one, joined with the one before it.
    """

    pk = models.CompositePrimaryKey("conversation", "recipient", "kind", "up_to")
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    recipient = models.ForeignKey(
        User, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    kind = models.SmallIntegerField(choices=StretchKind)
    #: The stay in which it lies.
    since = models.BigIntegerField()
    after = models.BigIntegerField()
    up_to = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["conversation", "up_to"], include=["after"], name="stretch_of_message"
            ),
        ]

    def __str__(self) -> str:
        return f"User {self.recipient_id}, messages {self.after} to {self.up_to}"
