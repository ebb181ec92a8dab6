"""One message that a user asks for: whether they may see it, its receipts, or delete it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import Http404

from chat.errors import Refused
from chat.models import Message, User
from receipts.reads.selectors import MESSAGE_COLUMNS
from receipts.rules.disclosure import discloses_receipts


def visible_message(
    user: User, pk: int, columns: Iterable[str] = MESSAGE_COLUMNS
) -> dict[str, Any]:
    """The message's columns. Raises ``Http404`` if ``user`` cannot see it (rule 17)."""
    messages = Message.objects.visible_to(user).filter(pk=pk)
    message = messages.values(*columns).first()
    if message is None:
        raise Http404
    return message


def disclosed_message(
    user: User, pk: int, columns: Iterable[str] = MESSAGE_COLUMNS
) -> dict[str, Any]:
    """The message, if ``user`` may see its receipts (rule 17). Raises ``Http404``, ``Refused``."""
    message = visible_message(user, pk, columns)
    if not discloses_receipts(message, user):
        raise Refused("The receipts of this message are not for you.")
    return message


def deletable_message(
    user: User, pk: int, columns: Iterable[str] = MESSAGE_COLUMNS
) -> dict[str, Any]:
    """The message, if ``user`` may delete it (rule 21). Raises ``Http404``, ``Refused``."""
    message = visible_message(user, pk, columns)
    if message["sender_id"] != user.pk and not user.sees_everything:
        raise Refused("Only its sender or a moderator may delete a message.")
    return message
