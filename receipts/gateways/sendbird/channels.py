"""Group channels: create, look at one, list all or a user's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import Conversation, ConversationParticipant, Message, User
from receipts.gateways.sendbird import listing
from receipts.gateways.sendbird.base import GatewayView, channel, person
from receipts.gateways.sendbird.clock import message_times
from receipts.gateways.sendbird.creating import create_channel
from receipts.gateways.sendbird.paging import channel_pages
from receipts.gateways.sendbird.reading import Asked
from receipts.gateways.sendbird.shapes import (
    channel_shape,
    members_shape,
    message_shape,
    receipt_maps,
)
from receipts.gateways.sendbird.times import times_of
from receipts.reads.selectors import MESSAGE_COLUMNS, conversations_of, unread_by_conversation


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What of a channel is asked for beside itself."""

    members: bool = False
    delivery_receipt: bool = False
    read_receipt: bool = False
    #: Whose unread counts they are.
    viewer: User | None = None

    @classmethod
    def asked(cls, asked: Asked, viewer: User | None) -> Self:
        return cls(
            members=asked.flag("show_member"),
            delivery_receipt=asked.flag("show_delivery_receipt"),
            read_receipt=asked.flag("show_read_receipt"),
            viewer=viewer,
        )


def channels_of(caller: User) -> QuerySet[Conversation]:
    """All conversations, each with its number of members and its newest message."""
    members = (
        ConversationParticipant.objects.active()
        .filter(conversation=OuterRef("pk"))
        .order_by()
        .values("conversation")
        .annotate(count=Count("pk"))
    )
    count = Subquery(members.values("count"), output_field=IntegerField())
    return conversations_of(caller).annotate(members=Coalesce(count, 0))


def channel_shapes(conversations: Any, caller: User, shown: Shown) -> list[dict[str, Any]]:
    """Channels with what is asked for, in one query for each kind of it."""
    conversations = list(conversations)
    ids = [each.pk for each in conversations]
    newest = Message.objects.filter(pk__in=[each.last_message for each in conversations])
    messages = {row["id"]: row for row in newest.values(*MESSAGE_COLUMNS, "sender__avatar_url")}
    unread = unread_by_conversation(shown.viewer.pk, ids) if shown.viewer else {}
    with_times = shown.delivery_receipt or shown.read_receipt
    times = times_of(ids) if with_times else {}
    sent = message_times((row["conversation_id"], pk, pk) for pk, row in messages.items())
    members = _members_of(ids) if shown.members else {}
    shapes = []
    for each in conversations:
        left = unread.get(each.pk)
        shape = channel_shape(each, left["unread_count"] if left else 0)
        if each.last_message:
            shape["last_message"] = message_shape(
                messages[each.last_message], sent[each.last_message], each, caller
            )
        if shown.members:
            shape["members"] = members_shape(members.get(each.pk, []), None)
        shape |= receipt_maps(
            times.get(each.pk, {}), delivered=shown.delivery_receipt, read=shown.read_receipt
        )
        shapes.append(shape)
    return shapes


def one_channel(conversation: Conversation, caller: User, shown: Shown) -> dict[str, Any]:
    """One channel as it stands."""
    return channel_shapes(channels_of(caller).filter(pk=conversation.pk), caller, shown)[0]


def _members_of(conversation_ids: list[int]) -> dict[int, list[ConversationParticipant]]:
    found: dict[int, list[ConversationParticipant]] = {}
    members = ConversationParticipant.objects.active().filter(conversation__in=conversation_ids)
    for each in members.select_related("user").order_by("pk"):
        found.setdefault(each.conversation_id, []).append(each)
    return found


class Channels(GatewayView):
    """All channels."""

    def get(self, request: Request) -> Response:
        """List channels, by default the newest one first."""
        viewer = self.asked.text("user_id", None)
        return listed(self, channels_of(self.caller), person(viewer) if viewer else None)

    def post(self, request: Request) -> Response:
        """Create a channel; its url is given once."""
        conversation = create_channel(self.body)
        return Response(one_channel(conversation, self.caller, Shown(members=True)))


class UserChannels(GatewayView):
    """The channels that a user takes part in, with the user's own unread counts."""

    def get(self, request: Request, user_id: str) -> Response:
        user = person(user_id)
        rows = listing.joined(channels_of(self.caller), user, self.asked)
        return listed(self, rows, user)


class OneChannel(GatewayView):
    """One channel."""

    def get(self, request: Request, channel_url: str) -> Response:
        viewer = self.asked.text("user_id", None)
        shown = Shown.asked(self.asked, person(viewer) if viewer else None)
        return Response(one_channel(channel(channel_url), self.caller, shown))


def listed(view: GatewayView, rows: QuerySet[Any], viewer: User | None) -> Response:
    """A page of channels, narrowed and ordered as asked for."""
    asked = view.asked
    pages = channel_pages(asked.text("order", "chronological"))
    page, following = pages.of(listing.narrowed(rows, asked), view.request)
    shapes = channel_shapes(page, view.caller, Shown.asked(asked, viewer))
    return Response({"channels": shapes, "next": following, "ts": listing.now()})
