"""Numbers of messages that are written already (rule 28), in one statement each."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Max

from chat.models import MessageNumber


def messages_numbered(conversation_id: int, numbers: Iterable[int]) -> dict[int, int]:
    """The ids of a conversation's messages with these numbers, by number."""
    found = MessageNumber.objects.filter(conversation=conversation_id, number__in=set(numbers))
    return dict(found.values_list("number", "message_id"))


def message_numbers(message_ids: Iterable[int]) -> dict[int, int]:
    """The numbers of those of these messages that have one, by the message's id."""
    found = MessageNumber.objects.filter(pk__in=set(message_ids))
    return dict(found.values_list("message_id", "number"))


def last_numbers(conversation_ids: Iterable[int]) -> dict[int, int]:
    """The highest number in each conversation; those without numbers are omitted."""
    found = MessageNumber.objects.filter(conversation__in=set(conversation_ids))
    return dict(
        found.values("conversation")
        .annotate(last=Max("number"))
        .values_list("conversation", "last")
    )
