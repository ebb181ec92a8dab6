"""Unread counts: a user's own view, and the view of others (docs/decisions/0015)."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Q
from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import ConversationParticipant, Tracking
from receipts.gateways.sendbird.base import SendbirdView
from receipts.gateways.sendbird.errors import SendbirdCode, SendbirdError
from receipts.gateways.sendbird.finding import channel_named, user_named, users_named
from receipts.models import MessageStatus
from receipts.reads.selectors import unread_count, unread_of

#: Filters by type of channel. They are refused: there are no types here to filter by.
_NARROWER = ("custom_types", "custom_type_startswith")

#: Rows without a disclosed read, in two arms, one for each partial index.
_WITHOUT_DISCLOSED_READ = Q(read_at=None, withdrawn_at=None) & (
    Q(seen_at=None) | Q(seen_at__isnull=False)
)

_ITEMS = {
    f"{kind}group_channel_{what}_count": kind != "super_" and what == "unread_message"
    for what in ("unread_message", "unread_mention", "invitation")
    for kind in ("", "super_", "non_super_")
}


def unread_channels(user_id: int) -> int:
    """The number of conversations in which a user has something unread."""
    return unread_of(user_id).values("conversation_id").distinct().count()


def unread_as_disclosed(conversation_id: int, user_ids: Iterable[int]) -> dict[int, int]:
    """The unread counts of these users as others may see them; users with 0 are omitted.

    A private read counts as unread (rule 13), marking unread does not undo a disclosed read
    (rule 10), and messages without receipts are not counted (rule 15).
    """
    rows = MessageStatus.objects.filter(
        _WITHOUT_DISCLOSED_READ,
        conversation=conversation_id,
        recipient__in=list(user_ids),
        message__deleted_at=None,
        message__tracking=Tracking.TRACKED,
    )
    counted = rows.order_by().values_list("recipient_id").annotate(count=Count("pk"))
    return dict(counted)


class _OfUser(SendbirdView):
    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        for name in _NARROWER:
            if name in request.query_params:
                raise SendbirdError(SendbirdCode.INVALID, f'"{name}": channels have no types here.')


class UnreadMessages(_OfUser):
    """A user's own unread messages in all channels."""

    def get(self, request: Request, user_id: str) -> Response:
        return Response({"unread_count": unread_count(user_named(user_id).pk)})


class UnreadChannels(_OfUser):
    """A user's own number of channels with unread messages."""

    def get(self, request: Request, user_id: str) -> Response:
        return Response({"unread_count": unread_channels(user_named(user_id).pk)})


class UnreadItems(_OfUser):
    """A user's own counts by kind of channel and of item; only one kind of each is not 0."""

    def get(self, request: Request, user_id: str) -> Response:
        user = user_named(user_id)
        keys = self.query.words("item_keys") or list(_ITEMS)
        if unknown := [key for key in keys if key not in _ITEMS]:
            raise SendbirdError(SendbirdCode.INVALID, f'"item_keys": there is no "{unknown[0]}".')
        unread = unread_count(user.pk)
        return Response({key: unread if _ITEMS[key] else 0 for key in keys})


class UnreadOfMembers(SendbirdView):
    """The unread counts of members as others may see them."""

    def get(self, request: Request, channel_url: str) -> Response:
        conversation = channel_named(channel_url)
        named = [user.username for user in users_named(self.query.words("user_ids"))]
        members = ConversationParticipant.objects.active().filter(conversation=conversation)
        if named:
            members = members.filter(user__username__in=named)
        names = dict(members.order_by("pk").values_list("user_id", "user__username"))
        unread = unread_as_disclosed(conversation.pk, names)
        return Response({"unread": {name: unread.get(pk, 0) for pk, name in names.items()}})
