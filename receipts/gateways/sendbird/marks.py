"""Marks: delivered, read, unread, in one channel or in all of a user's."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from chat.errors import NotParticipant
from chat.models import Conversation, ConversationParticipant, Message, User
from chat.permissions import may_read
from receipts import services
from receipts.gateways.sendbird.around import moment_in
from receipts.gateways.sendbird.base import GatewayView, channel, people
from receipts.gateways.sendbird.errors import not_found
from receipts.gateways.sendbird.times import times_of
from receipts.reads.selectors import own_position, unread_in_conversation, unread_of
from receipts.rules.privacy import reads_privately
from receipts.rules.rows import OwnPosition
from receipts.services.marking import UpTo
from receipts.sql.compiled import CompiledQuery

_NAMED = CompiledQuery(
    lambda url: Conversation.objects.filter(external_id=url).values("pk"), url=str
)


class MarkDelivered(GatewayView):
    """Everything in a channel reached a member."""

    def put(self, request: Request, channel_url: str) -> Response:
        """Mark it; ``ts`` says the member's new time where that has moved."""
        username = self.body.text("user_id")
        conversation = _channel_id(channel_url)
        found = _position(conversation, username)
        before = _delivered_up_to(found["pk"])
        if found["up_to"] is None:
            return Response({})
        services.bulk_mark_delivered(position=UpTo.of(conversation, found))
        if _delivered_up_to(found["pk"]) == before:
            return Response({})
        return Response({"ts": times_of([conversation])[conversation][username].delivered})


class MarkRead(GatewayView):
    """Everything in a channel was read by a member, or is unread again from a message on."""

    answers_reads = False  # but for the counts below, which a key without ``read`` is not given

    def put(self, request: Request, channel_url: str) -> Response:
        """Mark it: up to now, to a ``timestamp``, or to a message; ``{}`` whatever it changed."""
        body = self.body
        username, message_id = body.text("user_id"), body.number("message_id")
        conversation = _channel_id(channel_url)
        up_to = message_id or _newest_by(conversation, body.number("timestamp"))
        found = _position(conversation, username, up_to)
        if message_id and found["up_to"] is None:
            raise not_found("Message")
        if message_id and body.flag("is_excluded"):
            services.bulk_mark_unread(
                recipient_id=found["user_id"], conversation_id=conversation, from_message=message_id
            )
            if not may_read(request):
                return Response({})
            return Response(_own_view(channel_url, conversation, found["user_id"]))
        _read(conversation, found)
        return Response({})


class MarkAllRead(GatewayView):
    """A user has read some channels, or everything there is."""

    answers_reads = False

    def put(self, request: Request, user_id: str) -> Response:
        urls = self.body.words("channel_urls")
        [user] = people([user_id])
        if not urls:
            _read_everything(user)
            return Response({})
        # All are looked up before any is marked: a wrong one undoes nothing half done.
        ids = [_channel_id(url) for url in urls]
        for conversation, found in [(pk, _position(pk, user_id)) for pk in ids]:
            _read(conversation, found)
        return Response({})


def _channel_id(url: str) -> int:
    """``channel``, at the price that every mark can pay."""
    found = _NAMED.first(url=url)
    return int(found["pk"]) if found else channel(url).pk


def _position(conversation: int, username: str, up_to: int | None = None) -> OwnPosition:
    """The member, and the message that is meant, or the newest one."""
    found = own_position(conversation, username, up_to)
    if found is None:
        people([username])
        raise NotParticipant("This user is no member of the channel.")
    return found


def _newest_by(conversation: int, timestamp: int | None) -> int | None:
    """The newest message by a time: 0 where there is none; None where no time is given.

    One SDK cannot leave the time out: a 0 stands for what was not meant.
    """
    if not timestamp:
        return None
    then = moment_in(conversation, timestamp)
    messages = Message.objects.filter(then.before | then.at, conversation=conversation)
    return messages.order_by("-pk").values_list("pk", flat=True).first() or 0


def _read(conversation: int, found: OwnPosition) -> None:
    """Read, openly or privately as the member has it."""
    if found["up_to"] is not None:
        private = reads_privately(found["user__read_receipts_enabled"])
        services.bulk_mark_read(position=UpTo.of(conversation, found), private=private)


def _read_everything(user: User) -> None:
    """``{}`` says that it is done, so it goes on until it is (rule 8)."""
    private = reads_privately(user.read_receipts_enabled)
    while not services.mark_all_read(user_id=user.pk, private=private).complete:
        pass


def _delivered_up_to(participant_id: int) -> int | None:
    participant = ConversationParticipant.objects.filter(pk=participant_id)
    return participant.values_list("last_delivered_message_id", flat=True).get()


def _own_view(url: str, conversation: int, user_id: int) -> dict[str, Any]:
    """What a reader's own device is told."""
    everything = unread_of(user_id).count()
    return {
        "channel_url": url,
        "unread_message_count": unread_in_conversation(user_id, conversation),
        "total_unread_count": {"all": everything, "custom_types": {}, "feed": 0},
    }
