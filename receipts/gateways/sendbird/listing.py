"""The filters of lists of channels."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from chat.models import ConversationParticipant, User
from receipts.gateways.sendbird.errors import SendbirdCode, SendbirdError
from receipts.gateways.sendbird.finding import own_number, users_named
from receipts.gateways.sendbird.reading import QueryFields
from receipts.gateways.unixtime import milliseconds
from receipts.reads.selectors import unread_of

#: Filters over data that Seenby does not store. They are refused, because a list that ignores a
#: filter would answer another question.
_NOT_KEPT = (
    "created_after", "created_before", "custom_type", "custom_types", "custom_type_startswith",
    "members_exactly_in", "members_nickname", "members_nickname_contains", "metadata_key",
    "metadata_values", "metadata_value_startswith", "metacounter_key", "metacounter_values",
    "search_query", "search_fields",
)  # fmt: skip
#: The most members in ``members_include_in``: each is a condition in the query.
MOST_MEMBERS = 100
_JOINED = ("all", "joined", "joined_only")


def now() -> int:
    """Now, in Unix milliseconds."""
    return milliseconds(timezone.now())


def narrowed(rows: QuerySet[Any], query: QueryFields) -> QuerySet[Any]:
    """The channels with these urls, with all of these members, with this name, and not empty."""
    for name in _NOT_KEPT:
        if query.text(name, None) is not None:
            raise SendbirdError(SendbirdCode.INVALID, f'Channels cannot be found by "{name}" here.')
    if urls := query.words("channel_urls"):
        numbers = [number for url in urls if (number := own_number(url)) is not None]
        rows = rows.filter(Q(external_id__in=urls) | Q(pk__in=numbers, external_id=None))
    for user in users_named(query.words("members_include_in", MOST_MEMBERS)):
        rows = rows.filter(Exists(_membership(user)))
    if name_part := query.text("name_contains", ""):
        rows = rows.filter(title__icontains=name_part)
    if name := query.text("name", ""):
        rows = rows.filter(title=name)
    if not query.flag("show_empty", default=True):
        rows = rows.filter(last_message__gt=0)
    return _distinct(rows, query.text("distinct_mode", "all"))


def _distinct(rows: QuerySet[Any], mode: str) -> QuerySet[Any]:
    if mode not in ("all", "distinct", "nondistinct"):
        raise SendbirdError(
            SendbirdCode.INVALID, '"distinct_mode" must be all, distinct or nondistinct.'
        )
    return rows if mode == "all" else rows.filter(pair__isnull=mode == "nondistinct")


def joined(rows: QuerySet[Any], user: User, query: QueryFields) -> QuerySet[Any]:
    """The channels that a user takes part in. There are no pending invitations."""
    state = query.text("member_state_filter", "all")
    rows = rows.filter(Exists(_membership(user)))
    if state not in _JOINED:
        rows = rows.none()
    unread = query.text("unread_filter", "all")
    if unread not in ("all", "unread_message"):
        raise SendbirdError(SendbirdCode.INVALID, '"unread_filter" must be all or unread_message.')
    if unread == "unread_message":
        rows = rows.filter(Exists(unread_of(user.pk).filter(conversation=OuterRef("pk"))))
    return rows


def _membership(user: User) -> QuerySet[ConversationParticipant]:
    return ConversationParticipant.objects.active().filter(conversation=OuterRef("pk"), user=user)
