"""Random work of users on one conversation, and the check that all counts stay exact."""

from __future__ import annotations

import random
from contextlib import suppress

from django.db.models import Count, F, Q

from chat.errors import NotParticipant
from chat.models import Conversation, ConversationParticipant, Message, User
from receipts import services
from receipts.models import MessageStatus
from receipts.services.marking import RecipientKey
from tests.support.cast import say
from tests.support.positions import up_to


def assert_no_drift() -> None:
    """Rule 19: every count matches its rows, computed independently of the service's SQL."""
    counting = MessageStatus.objects.filter(withdrawn_at=None)
    counted = {
        message: counts
        for message, *counts in counting.values_list("message").annotate(
            recipients=Count("pk"),
            delivered=Count("pk", filter=Q(delivered_at__isnull=False)),
            read=Count("pk", filter=Q(read_at__isnull=False)),
            read_since=Count("pk", filter=Q(read_at__gte=F("message__edited_at"))),
        )
    }
    stored = ("recipient_count", "delivered_count", "read_count", "read_since_edit_count")
    for message, *counts in Message.objects.values_list("pk", *stored):
        assert counts == counted.get(message, [0, 0, 0, 0])


def random_step(dice: random.Random, group: Conversation, user: User) -> None:
    """One action of ``user``: a mark, a send, an edit, leaving, joining, an account off and on."""
    participant = ConversationParticipant.objects.get(conversation=group, user=user)
    position = up_to(user, Message.objects.order_by("?").values_list("pk", flat=True)[0])
    action = dice.choice(
        ["one", "one", "bulk", "deliver", "send", "edit", "leave", "join", "switch"]
    )
    if action == "one":
        for pk in Message.objects.order_by("?").values_list("pk", flat=True)[:3]:
            services.mark_read(
                row=RecipientKey(message_id=pk, recipient_id=user.pk, conversation_id=group.pk)
            )
    elif action == "bulk":
        services.bulk_mark_read(position=position)
    elif action == "deliver":
        services.bulk_mark_delivered(position=position)
    elif action == "send" and participant.is_active:
        with suppress(NotParticipant):
            say(user, group, mark_read=dice.random() < 0.5)
    elif action == "edit":
        services.edit_message(message_id=position.up_to, body=str(dice.random()))
    elif action == "leave":
        services.remove_participant(conversation_id=group.pk, user=user)
    elif action == "join":
        services.add_participant(conversation_id=group.pk, user=user)
    elif action == "switch":
        services.deactivate_user(user=user)
        services.reactivate_user(user=user)
