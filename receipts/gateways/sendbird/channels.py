"""Group channels: create one, retrieve one, list all or those of a user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import Conversation, ConversationParticipant, Message, User
from receipts import services
from receipts.gateways.sendbird import listing
from receipts.gateways.sendbird.base import SendbirdView
from receipts.gateways.sendbird.creating import create_channel
from receipts.gateways.sendbird.finding import SenderMessageRow, channel_named, user_named
from receipts.gateways.sendbird.paging import channel_pages
from receipts.gateways.sendbird.reading import QueryFields
from receipts.gateways.sendbird.shapes import (
    receipt_maps,
    sendbird_channel,
    sendbird_members,
    sendbird_message,
)
from receipts.gateways.sendbird.times import times_of
from receipts.reads.conversations import conversations_of
from receipts.reads.messages import rows_of
from receipts.reads.unread import unread_by_conversation


@dataclass(frozen=True, kw_only=True)
class ChannelParts:
    """The optional parts of a channel that a request includes."""

    members: bool = False
    delivery_receipt: bool = False
    read_receipt: bool = False
    #: The user whose unread counts are shown.
    viewer: User | None = None

    @classmethod
    def of(cls, query: QueryFields, viewer: User | None) -> Self:
        return cls(
            members=query.flag("show_member"),
            delivery_receipt=query.flag("show_delivery_receipt"),
            read_receipt=query.flag("show_read_receipt"),
            viewer=viewer,
        )


def channels_of(caller: User) -> QuerySet[Conversation]:
    """All conversations that ``caller`` sees, with their number of members and newest message."""
    members = (
        ConversationParticipant.objects.active()
        .filter(conversation=OuterRef("pk"))
        .order_by()
        .values("conversation")
        .annotate(count=Count("pk"))
    )
    count = Subquery(members.values("count"), output_field=IntegerField())
    return conversations_of(caller).annotate(members=Coalesce(count, 0))


def channel_shapes(conversations: Any, caller: User, shown: ChannelParts) -> list[dict[str, Any]]:
    """Channels with the optional parts, in one query for each kind of part."""
    conversations = list(conversations)
    ids = [each.pk for each in conversations]
    newest = Message.objects.filter(pk__in=[each.last_message for each in conversations])
    messages = {row["id"]: row for row in rows_of(newest, SenderMessageRow)}
    unread = unread_by_conversation(shown.viewer.pk, ids) if shown.viewer else {}
    with_times = shown.delivery_receipt or shown.read_receipt
    times = times_of(ids) if with_times else {}
    members = _members_of(ids) if shown.members else {}
    shapes = []
    for each in conversations:
        shape = sendbird_channel(each, unread[each.pk]["unread_count"] if each.pk in unread else 0)
        if each.last_message:
            shape["last_message"] = sendbird_message(messages[each.last_message], each, caller)
        if shown.members:
            shape["members"] = sendbird_members(members.get(each.pk, []), None)
        shape |= receipt_maps(
            times.get(each.pk, {}), delivered=shown.delivery_receipt, read=shown.read_receipt
        )
        shapes.append(shape)
    return shapes


def one_channel(conversation: Conversation, caller: User, shown: ChannelParts) -> dict[str, Any]:
    """One channel, with its current values."""
    return channel_shapes(channels_of(caller).filter(pk=conversation.pk), caller, shown)[0]


def _members_of(conversation_ids: list[int]) -> dict[int, list[ConversationParticipant]]:
    found: dict[int, list[ConversationParticipant]] = {}
    members = ConversationParticipant.objects.active().filter(conversation__in=conversation_ids)
    for each in members.select_related("user").order_by("pk"):
        found.setdefault(each.conversation_id, []).append(each)
    return found


class Channels(SendbirdView):
    """All channels."""

    def get(self, request: Request) -> Response:
        """List channels, by default the newest first."""
        viewer = self.query.text("user_id", None)
        return channel_page(self, channels_of(self.user), user_named(viewer) if viewer else None)

    def post(self, request: Request) -> Response:
        """Create a channel."""
        conversation = create_channel(self.fields)
        return Response(one_channel(conversation, self.user, ChannelParts(members=True)))


class UserChannels(SendbirdView):
    """The channels that a user takes part in, with the user's own unread counts."""

    def get(self, request: Request, user_id: str) -> Response:
        user = user_named(user_id)
        rows = listing.joined(channels_of(self.user), user, self.query)
        return channel_page(self, rows, user)


class OneChannel(SendbirdView):
    """One channel."""

    answers_reads = False  # a deletion answers with nothing

    def get(self, request: Request, channel_url: str) -> Response:
        viewer = self.query.text("user_id", None)
        shown = ChannelParts.of(self.query, user_named(viewer) if viewer else None)
        return Response(one_channel(channel_named(channel_url), self.user, shown))

    def delete(self, request: Request, channel_url: str) -> Response:
        """Delete a channel; what takes longer than a request, ``manage.py erase`` finishes."""
        channel = channel_named(channel_url)
        erasure = services.delete_conversation(conversation_id=channel.pk, by=self.user)
        services.run_erasure(erasure)
        return Response({})


def channel_page(view: SendbirdView, rows: QuerySet[Any], viewer: User | None) -> Response:
    """A page of channels, filtered and ordered as the query specifies."""
    query = view.query
    pages = channel_pages(query.text("order", "chronological"))
    page, following = pages.of(listing.narrowed(rows, query), view.request)
    shapes = channel_shapes(page, view.user, ChannelParts.of(query, viewer))
    return Response({"channels": shapes, "next": following, "ts": listing.now()})
