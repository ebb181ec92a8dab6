"""Marks: delivered, read, unread, in one channel or in all channels of a user."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from chat.errors import Invalid, NotParticipant
from chat.models import ConversationParticipant, Message, User
from chat.names import MessageReference, numbered
from chat.permissions import may_read
from receipts import services
from receipts.gateways.sendbird.base import SendbirdView
from receipts.gateways.sendbird.clock import time_of_milliseconds
from receipts.gateways.sendbird.errors import missing_object
from receipts.gateways.sendbird.finding import channel_named, users_named
from receipts.gateways.sendbird.times import times_of
from receipts.reads.selectors import unread_count, unread_in_conversation
from receipts.reads.watermarks import show_watermarks
from receipts.rules.privacy import delivers_privately, reads_privately
from receipts.sql.keyset import NEWEST_FIRST


class MarkDelivered(SendbirdView):
    """Everything in a channel was delivered to a member."""

    def put(self, request: Request, channel_url: str) -> Response:
        """Mark it; ``ts`` is the member's new time if the watermark has moved."""
        username = self.fields.text("user_id")
        conversation = channel_named(channel_url).pk
        before = _delivered_up_to(conversation, username)
        try:
            marked = services.mark_up_to(
                conversation_id=conversation, username=username, read=False
            )
        except NotParticipant as error:
            raise _no_member(username) from error
        if marked.message_id is None or _delivered_up_to(conversation, username) == before:
            return Response({})
        return Response({"ts": times_of([conversation])[conversation][username].delivered})


class MarkRead(SendbirdView):
    """Everything in a channel was read by a member, or is unread again from a message on."""

    answers_reads = False  # except the counts below, which a key without ``read`` is not shown

    def put(self, request: Request, channel_url: str) -> Response:
        """Mark it: up to now, a ``timestamp`` or a message; ``{}`` whether or not that changed it.

        With ``is_excluded``: unread from the message on.
        """
        fields = self.fields
        username, message_id = fields.text("user_id"), fields.message("message_id")
        conversation = channel_named(channel_url).pk
        try:
            if message_id is None:
                up_to = _newest_by(conversation, fields.number("timestamp"))
            elif fields.flag("is_excluded"):
                return self._marked_unread(channel_url, conversation, username, message_id)
            else:
                up_to = message_id
            _mark_read(conversation, username, up_to)
        except Invalid as error:
            if message_id is not None:
                raise missing_object("Message") from error
        return Response({})

    def _marked_unread(
        self, channel_url: str, conversation: int, username: str, message_id: int
    ) -> Response:
        try:
            marked = services.mark_unread_from(
                conversation_id=conversation,
                username=username,
                message=MessageReference(number=message_id),
            )
        except NotParticipant as error:
            raise _no_member(username) from error
        if not may_read(self.request):
            return Response({})
        return Response(_own_counts(channel_url, conversation, marked.recipient_id))


class MarkAllRead(SendbirdView):
    """A user has read some channels, or everything in all channels."""

    answers_reads = False

    def put(self, request: Request, user_id: str) -> Response:
        """Mark them; if the user is no member of one of the channels, nothing is marked."""
        urls = self.fields.words("channel_urls")
        [user] = users_named([user_id])
        if not urls:
            _mark_everything_read(user)
            return Response({})
        ids = [channel_named(url).pk for url in urls]
        member = ConversationParticipant.objects.active().filter(user=user, conversation__in=ids)
        if member.count() < len(set(ids)):
            raise _no_member(user_id)
        for conversation in ids:
            _mark_read(conversation, user_id, None)
        return Response({})


def _mark_read(conversation: int, username: str, up_to: int | None) -> None:
    """Read, disclosed or privately as the member's switch is. 0 marks nothing: ``Invalid``."""
    try:
        services.mark_up_to(
            conversation_id=conversation, username=username, up_to=numbered(up_to), read=True
        )
    except NotParticipant as error:
        raise _no_member(username) from error


def _no_member(username: str) -> NotParticipant:
    """The error for a user who is no member; raises another if there is no such active user."""
    users_named([username])
    return NotParticipant("This user is no member of the channel.")


def _newest_by(conversation: int, timestamp: int | None) -> int | None:
    """The newest message up to a time: 0 if there is none; None if no time is given.

    One SDK cannot omit the time and sends 0 instead.
    """
    if not timestamp:
        return None
    end = time_of_milliseconds(timestamp + 1)
    messages = Message.objects.filter(conversation=conversation, created_at__lt=end)
    return NEWEST_FIRST.sorted(messages).values_list("pk", flat=True).first() or 0


def _mark_everything_read(user: User) -> None:
    """Repeated until it is complete, because the answer ``{}`` means that it is (rule 8)."""
    private = reads_privately(user.read_receipts_enabled)
    hides = delivers_privately(user.delivery_receipts_enabled)
    while not services.mark_all_read(
        user_id=user.pk, private=private, hides_delivery=hides
    ).complete:
        pass


def _delivered_up_to(conversation: int, username: str) -> int | None:
    """A member's watermark as it is shown; None if there is none."""
    members = ConversationParticipant.objects.filter(conversation=conversation)
    member = members.filter(user__username=username).first()
    if member is None:
        return None
    show_watermarks([member])
    return member.last_delivered_message_id


def _own_counts(url: str, conversation: int, user_id: int) -> dict[str, Any]:
    """The unread counts that the reader's own device shows."""
    everything = unread_count(user_id)
    return {
        "channel_url": url,
        "unread_message_count": unread_in_conversation(user_id, conversation),
        "total_unread_count": {"all": everything, "custom_types": {}, "feed": 0},
    }
