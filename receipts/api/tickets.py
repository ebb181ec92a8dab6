"""Tickets for the live stream, for a browser's ``EventSource``, which cannot send a token."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response

from chat.authentication import note_caller, seconds_left
from chat.callers import Credential
from chat.models import Scope, User
from chat.permissions import HasToken, IsKnown
from receipts.api.base import ApiViewSet
from receipts.api.fields import RowSerializer, StrictSerializer
from receipts.feed.stream import GRANTABLE
from receipts.feed.tickets import issue_ticket, take_ticket


class TicketAuthentication(BaseAuthentication):
    """``?ticket=`` at the stream, used up whatever the answer. A token beside it does not count."""

    def authenticate(self, request: Request) -> tuple[User, Credential] | None:
        given = request.query_params.get("ticket")
        if given is None:
            return None
        if not _opens_stream(request):
            raise AuthenticationFailed(
                "A ticket opens the live stream and nothing else.", code="ticket_invalid"
            )
        taken = take_ticket(given)
        if taken is None:
            raise AuthenticationFailed(
                "The ticket is unknown, was used before, or has expired.", code="ticket_invalid"
            )
        username = taken.user.username
        note_caller(request, username)
        return taken.user, Credential(username=username, ends_at=taken.ends_at)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _opens_stream(request: Request) -> bool:
    """Whether the answer will be a stream, so that a ticket is used up by nothing else."""
    renderer = getattr(request, "accepted_renderer", None)
    is_stream = renderer is not None and renderer.media_type == "text/event-stream"
    return is_stream and request.method == "GET" and bool(request.META.get(GRANTABLE))


class Ticket(RowSerializer):
    """Opens one stream, once: `GET /events/?ticket=…`."""

    ticket = serializers.CharField()
    expires_at = serializers.DateTimeField()


class TicketViewSet(ApiViewSet):
    """For users' tokens alone: what a key could follow is everybody's."""

    permission_classes = [IsKnown, HasToken]
    scope = Scope.READ

    @extend_schema(request=None, responses={201: Ticket})
    def create(self, request: Request) -> Response:
        """Issue a ticket for one live stream; it is valid for a minute, and used up by its use."""
        self.validated(StrictSerializer)
        ticket, expires_at = issue_ticket(self.user, seconds_left(request))
        return Response({"ticket": ticket, "expires_at": expires_at}, status=201)
