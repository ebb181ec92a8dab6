"""The live feed: a stream of new events, or pages of past ones."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException, NotAcceptable, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.authentication import seconds_left
from chat.ids import whole_number
from receipts.api.base import ApiViewSet
from receipts.api.event_shapes import Events
from receipts.api.rest import JSONRenderer
from receipts.api.shapes import gone
from receipts.api.tickets import TicketAuthentication
from receipts.feed import stream
from receipts.feed.looking import Listener, look
from receipts.feed.positions import BadCursor, CursorExpired, Position, newest_position, position_of
from receipts.feed.reading import check_not_expired

MAX_EVENTS = 200


class Expired(APIException):
    """Events after the cursor are no longer kept."""

    status_code = 410
    default_code = "cursor_expired"
    default_detail = (
        "Events after this cursor are no longer kept. Reload your data, and start without a cursor."
    )


class EventStreamRenderer(JSONRenderer):
    """Accepts ``text/event-stream``; errors are still sent as JSON."""

    media_type = "text/event-stream"
    format = "stream"


class EventViewSet(ApiViewSet):
    """Events of the caller's messages and conversations."""

    authentication_classes = (TicketAuthentication, *ApiViewSet.authentication_classes)
    serializer_class: Any = Events
    query_parameters = frozenset({"after", "limit", "ticket"})
    renderer_classes = (JSONRenderer, EventStreamRenderer)

    @extend_schema(
        parameters=[
            OpenApiParameter("after", description="A cursor; if omitted, only new events."),
            OpenApiParameter("limit", OpenApiTypes.INT, description=f"1 to {MAX_EVENTS}."),
            OpenApiParameter(
                "ticket",
                description="For a stream, instead of a token: `POST /events/ticket/` issues it.",
            ),
            OpenApiParameter(
                "Last-Event-ID",
                location=OpenApiParameter.HEADER,
                description="Sent when a stream reconnects; takes precedence over `after`.",
            ),
        ],
        responses={
            (200, "application/json"): Events,
            (200, "text/event-stream"): OpenApiResponse(
                OpenApiTypes.STR, "A stream: `event` is the kind, `data` an Event, `id` a cursor."
            ),
            **gone(Expired.default_code, "Events after this cursor are no longer kept: reload."),
        },
    )
    def retrieve(self, request: Request) -> Response:
        """Events after a cursor or, with Accept: text/event-stream, a live stream."""
        listener, limit, position = Listener.of(self.user), self._limit(), self._position()
        if isinstance(request.accepted_renderer, EventStreamRenderer):
            return self._grant(listener, position)
        if "after" not in request.query_params:
            return Response(
                {"results": [], "cursor": position.cursor(listener.username), "more": False}
            )
        found = look(listener, position, limit)
        return Response(
            {
                "results": found.told,
                "cursor": found.position.cursor(listener.username),
                "more": found.more,
            }
        )

    def finalize_response(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, *args, **kwargs)
        if isinstance(response.accepted_renderer, EventStreamRenderer):
            response.content_type = "application/json"
        return response

    def _grant(self, listener: Listener, position: Position) -> Response:
        if not self.request.META.get(stream.GRANTABLE):
            raise NotAcceptable("This server cannot stream: streams require config.asgi.")
        granted = stream.grant(listener, position, seconds_left(self.request))
        return Response(headers={stream.GRANT: granted})

    def _position(self) -> Position:
        """The position of the caller's cursor; the newest one if none is given."""
        name, given = "Last-Event-ID", self.request.headers.get("Last-Event-ID")
        if not given:
            name, given = "after", self.request.query_params.get("after")
        if given is None:
            return newest_position()
        try:
            position = position_of(given, self.user.username)
            check_not_expired(position)
        except BadCursor as error:
            raise ValidationError({name: ["Not a cursor of your feed."]}) from error
        except CursorExpired as error:
            raise Expired from error
        return position

    def _limit(self) -> int:
        given = self.request.query_params.get("limit", "100")
        limit = whole_number(given, MAX_EVENTS)
        if not limit:
            raise ValidationError({"limit": [f"Must be a whole number from 1 to {MAX_EVENTS}."]})
        return limit
