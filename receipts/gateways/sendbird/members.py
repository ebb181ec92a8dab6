"""Members: list, look for one, invite, join, leave."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import Conversation, ConversationParticipant, User
from receipts import services
from receipts.gateways.sendbird.base import GatewayView, channel, people, person
from receipts.gateways.sendbird.channels import Shown, one_channel
from receipts.gateways.sendbird.errors import Code, SendbirdError
from receipts.gateways.sendbird.paging import Pages
from receipts.gateways.sendbird.shapes import members_shape
from receipts.gateways.sendbird.times import times_of


class Members(GatewayView):
    """Who takes part now. Nobody is only invited: who is added takes part."""

    def get(self, request: Request, channel_url: str) -> Response:
        asked = self.asked
        conversation = channel(channel_url)
        members = ConversationParticipant.objects.active().filter(conversation=conversation)
        if asked.text("member_state_filter", "all") == "invited_only":
            members = members.none()
        page, following = Pages().of(members.select_related("user"), request)
        with_times = asked.flag("show_delivery_receipt") or asked.flag("show_read_receipt")
        times = times_of([conversation.pk])[conversation.pk] if with_times else None
        return Response({"members": members_shape(page, times), "next": following})


class OneMember(GatewayView):
    """Whether somebody takes part."""

    def get(self, request: Request, channel_url: str, user_id: str) -> Response:
        members = ConversationParticipant.objects.active().filter(user__username=user_id)
        here = members.filter(conversation=channel(channel_url)).exists()
        return Response({"is_member": here, "state": "joined" if here else "none"})


class Invite(GatewayView):
    """Users take part from now on."""

    def post(self, request: Request, channel_url: str) -> Response:
        names = self.body.words("user_ids")
        if not names:
            raise SendbirdError(Code.MISSING, '"user_ids" is required.')
        conversation = channel(channel_url)
        return _joined(self, conversation, people(names))


class Join(GatewayView):
    """A user takes part from now on."""

    def put(self, request: Request, channel_url: str) -> Response:
        name = self.body.text("user_id")
        conversation = channel(channel_url)
        return _joined(self, conversation, people([name]))


def _joined(view: GatewayView, conversation: Conversation, users: list[User]) -> Response:
    """Each in a transaction of its own, which locks the user before the conversation (rule 22)."""
    for user in users:
        services.add_participant(conversation_id=conversation.pk, user=user)
    return Response(one_channel(conversation, view.caller, Shown(members=True)))


class Leave(GatewayView):
    """Users leave, or all do. Who is gone already stays so."""

    answers_reads = False

    def put(self, request: Request, channel_url: str) -> Response:
        body = self.body
        names, everybody = body.words("user_ids"), body.flag("should_leave_all")
        if not names and not everybody:
            raise SendbirdError(Code.MISSING, '"user_ids" is required.')
        conversation = channel(channel_url)
        leavers = [person(name) for name in names]
        if everybody:
            here = conversation.participants.filter(is_active=True)
            leavers = [each.user for each in here.select_related("user").order_by("pk")]
        for user in leavers:
            services.remove_participant(conversation_id=conversation.pk, user=user)
        return Response({})
