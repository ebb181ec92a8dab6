"""Members: list them, check for one, invite, join, leave."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import Conversation, ConversationParticipant, User
from receipts import services
from receipts.gateways.sendbird.base import SendbirdView
from receipts.gateways.sendbird.channels import ChannelParts, one_channel
from receipts.gateways.sendbird.errors import SendbirdCode, SendbirdError
from receipts.gateways.sendbird.finding import channel_named, user_named, users_named
from receipts.gateways.sendbird.paging import Pages
from receipts.gateways.sendbird.shapes import sendbird_members
from receipts.gateways.sendbird.times import times_of


class Members(SendbirdView):
    """The current members. There are no pending invitations: an added user is a member."""

    def get(self, request: Request, channel_url: str) -> Response:
        query = self.query
        conversation = channel_named(channel_url)
        members = ConversationParticipant.objects.active().filter(conversation=conversation)
        if query.text("member_state_filter", "all") == "invited_only":
            members = members.none()
        page, following = Pages().of(members.select_related("user"), request)
        with_times = query.flag("show_delivery_receipt") or query.flag("show_read_receipt")
        times = times_of([conversation.pk])[conversation.pk] if with_times else None
        return Response({"members": sendbird_members(page, times), "next": following})


class OneMember(SendbirdView):
    """Whether a user is a member."""

    def get(self, request: Request, channel_url: str, user_id: str) -> Response:
        members = ConversationParticipant.objects.active().filter(user__username=user_id)
        here = members.filter(conversation=channel_named(channel_url)).exists()
        return Response({"is_member": here, "state": "joined" if here else "none"})


class Invite(SendbirdView):
    """Users become members."""

    def post(self, request: Request, channel_url: str) -> Response:
        names = self.fields.words("user_ids")
        if not names:
            raise SendbirdError(SendbirdCode.MISSING, '"user_ids" is required.')
        conversation = channel_named(channel_url)
        return _joined(self, conversation, users_named(names))


class Join(SendbirdView):
    """A user becomes a member."""

    def put(self, request: Request, channel_url: str) -> Response:
        name = self.fields.text("user_id")
        conversation = channel_named(channel_url)
        return _joined(self, conversation, users_named([name]))


def _joined(view: SendbirdView, conversation: Conversation, users: list[User]) -> Response:
    """Add each in its own transaction, which locks the user before the conversation (rule 22)."""
    for user in users:
        services.add_participant(conversation_id=conversation.pk, user=user)
    return Response(one_channel(conversation, view.user, ChannelParts(members=True)))


class Leave(SendbirdView):
    """Some users leave, or all members do. For a user who is no member nothing changes."""

    answers_reads = False

    def put(self, request: Request, channel_url: str) -> Response:
        body = self.fields
        names, everybody = body.words("user_ids"), body.flag("should_leave_all")
        if not names and not everybody:
            raise SendbirdError(SendbirdCode.MISSING, '"user_ids" is required.')
        conversation = channel_named(channel_url)
        leavers = [user_named(name) for name in names]
        if everybody:
            here = conversation.participants.filter(is_active=True)
            leavers = [each.user for each in here.select_related("user").order_by("pk")]
        for user in leavers:
            services.remove_participant(conversation_id=conversation.pk, user=user)
        return Response({})
