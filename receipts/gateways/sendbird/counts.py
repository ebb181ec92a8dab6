"""How much is unread: a user's own view, and that of others (docs/decisions/0015)."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Q
from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import ConversationParticipant, Tracking
from receipts.gateways.sendbird.base import GatewayView, channel, people, person
from receipts.gateways.sendbird.errors import Code, SendbirdError
from receipts.models import MessageStatus
from receipts.reads.selectors import unread_of

#: What a narrower question asks, which we could only answer as if it were not narrower.
_NARROWER = ("custom_types", "custom_type_startswith")

#: Rows without a disclosed read, in two arms, one for each partial index.
_NOT_TOLD = Q(read_at=None, withdrawn_at=None) & (Q(seen_at=None) | Q(seen_at__isnull=False))

_ITEMS = {
    f"{kind}group_channel_{what}_count": kind != "super_" and what == "unread_message"
    for what in ("unread_message", "unread_mention", "invitation")
    for kind in ("", "super_", "non_super_")
}


def unread_channels(user_id: int) -> int:
    """In how many conversations a user has left something unread."""
    return unread_of(user_id).values("conversation_id").distinct().count()


def unread_as_told(conversation_id: int, user_ids: Iterable[int]) -> dict[int, int]:
    """How much these users have left unread as others may know it, where it is anything.

    A private read is none here (rule 13), to mark something unread takes no read back (rule 10),
    and nothing is ever told of a message without receipts (rule 15).
    """
    rows = MessageStatus.objects.filter(
        _NOT_TOLD,
        conversation=conversation_id,
        recipient__in=list(user_ids),
        message__deleted_at=None,
        message__tracking=Tracking.TRACKED,
    )
    counted = rows.order_by().values_list("recipient_id").annotate(count=Count("pk"))
    return dict(counted)


class _OfUser(GatewayView):
    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        for name in _NARROWER:
            if name in request.query_params:
                raise SendbirdError(Code.INVALID, f'"{name}": channels have no types here.')


class UnreadMessages(_OfUser):
    """A user's own view over all channels."""

    def get(self, request: Request, user_id: str) -> Response:
        return Response({"unread_count": unread_of(person(user_id).pk).count()})


class UnreadChannels(_OfUser):
    """Likewise, in channels."""

    def get(self, request: Request, user_id: str) -> Response:
        return Response({"unread_count": unread_channels(person(user_id).pk)})


class UnreadItems(_OfUser):
    """Likewise, by kind of channel and of item; there is one kind of each."""

    def get(self, request: Request, user_id: str) -> Response:
        user = person(user_id)
        keys = self.asked.words("item_keys") or list(_ITEMS)
        if unknown := [key for key in keys if key not in _ITEMS]:
            raise SendbirdError(Code.INVALID, f'"item_keys": there is no "{unknown[0]}".')
        unread = unread_of(user.pk).count()
        return Response({key: unread if _ITEMS[key] else 0 for key in keys})


class UnreadOfMembers(GatewayView):
    """Members' unread counts as others may know them."""

    def get(self, request: Request, channel_url: str) -> Response:
        conversation = channel(channel_url)
        named = [user.username for user in people(self.asked.words("user_ids"))]
        members = ConversationParticipant.objects.active().filter(conversation=conversation)
        if named:
            members = members.filter(user__username__in=named)
        names = dict(members.order_by("pk").values_list("user_id", "user__username"))
        unread = unread_as_told(conversation.pk, names)
        return Response({"unread": {name: unread.get(pk, 0) for pk, name in names.items()}})
