"""The vocabulary of chat: which conversations and messages one may see, and who takes part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

if TYPE_CHECKING:
    from chat.models import Conversation, ConversationParticipant, Message, User
else:
    Conversation = ConversationParticipant = Message = Any


def active_q(prefix: str = "") -> Q:
    """Takes part now: a member who has not left, and whose account is not deactivated."""
    return Q(**{f"{prefix}is_active": True, f"{prefix}user__is_active": True})


class ParticipantQuerySet(models.QuerySet["ConversationParticipant"]):
    def active(self) -> Self:
        """Who takes part now."""
        return self.filter(active_q())


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def joined_by(self, user: User) -> Self:
        """The conversations in which ``user`` takes part now."""
        return self.filter(participants__user=user, participants__is_active=True)

    def visible_to(self, user: User) -> Self:
        """What one does not see does not exist: one's own, or all of them (DESIGN §1)."""
        return self if user.sees_everything else self.joined_by(user)


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user: User) -> Self:
        """The messages of the conversations that ``user`` may see, earlier ones included."""
        if user.sees_everything:
            return self
        from chat.models import ConversationParticipant as Participant

        mine = Participant.objects.filter(
            conversation=OuterRef("conversation"), user=user, is_active=True
        )
        return self.filter(Exists(mine))
