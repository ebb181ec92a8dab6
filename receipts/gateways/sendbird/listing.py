"""Which channels a list is of."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from chat.models import ConversationParticipant, User
from receipts.gateways.sendbird.base import own_number, people
from receipts.gateways.sendbird.errors import Code, SendbirdError
from receipts.gateways.sendbird.reading import Asked
from receipts.gateways.translating import milliseconds
from receipts.reads.selectors import unread_of

#: What narrows a list there, and what we keep nothing of. Passing over one of them would answer
#: another question than was asked.
_NOT_KEPT = (
    "created_after", "created_before", "custom_type", "custom_types", "custom_type_startswith",
    "members_exactly_in", "members_nickname", "members_nickname_contains", "metadata_key",
    "metadata_values", "metadata_value_startswith", "metacounter_key", "metacounter_values",
    "search_query", "search_fields",
)  # fmt: skip
#: Each is a condition of its own in the query.
MOST_MEMBERS = 100
_JOINED = ("all", "joined", "joined_only")


def now() -> int:
    """The time of an answer."""
    return milliseconds(timezone.now())


def narrowed(rows: QuerySet[Any], asked: Asked) -> QuerySet[Any]:
    """The channels of these urls, with all of these members, of this name, not empty."""
    for name in _NOT_KEPT:
        if asked.text(name, None) is not None:
            raise SendbirdError(Code.INVALID, f'Channels cannot be found by "{name}" here.')
    if urls := asked.words("channel_urls"):
        numbers = [number for url in urls if (number := own_number(url)) is not None]
        rows = rows.filter(Q(external_id__in=urls) | Q(pk__in=numbers, external_id=None))
    for user in people(asked.words("members_include_in", MOST_MEMBERS)):
        rows = rows.filter(Exists(_membership(user)))
    if name_part := asked.text("name_contains", ""):
        rows = rows.filter(title__icontains=name_part)
    if name := asked.text("name", ""):
        rows = rows.filter(title=name)
    if not asked.flag("show_empty", default=True):
        rows = rows.filter(last_message__gt=0)
    return rows


def joined(rows: QuerySet[Any], user: User, asked: Asked) -> QuerySet[Any]:
    """Those that a user takes part in; there are no invitations that wait."""
    state = asked.text("member_state_filter", "all")
    rows = rows.filter(Exists(_membership(user)))
    if state not in _JOINED:
        rows = rows.none()
    unread = asked.text("unread_filter", "all")
    if unread not in ("all", "unread_message"):
        raise SendbirdError(Code.INVALID, '"unread_filter" must be all or unread_message.')
    if unread == "unread_message":
        rows = rows.filter(Exists(unread_of(user.pk).filter(conversation=OuterRef("pk"))))
    return rows


def _membership(user: User) -> QuerySet[ConversationParticipant]:
    return ConversationParticipant.objects.active().filter(conversation=OuterRef("pk"), user=user)
