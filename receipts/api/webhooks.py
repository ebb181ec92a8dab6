"""Webhooks: URLs of an application's backend to which events are sent."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from chat.permissions import IsKnown, IsServiceAccount
from receipts.api.base import ApiViewSet
from receipts.api.fields import (
    ObjectSerializer,
    StrictBooleanField,
    StrictChoiceField,
    StrictListField,
    StrictSerializer,
)
from receipts.api.pagination import KeysetPagination
from receipts.models import EventKind, WebhookEndpoint
from receipts.webhooks import endpoints

#: Events for a user's own devices are not sent to backends.
WEBHOOK_KINDS = [choice for choice in EventKind.choices if choice[0] != EventKind.CONVERSATION_READ]


class WebhookChange(StrictSerializer):
    """The fields that may be changed; a webhook switched on again continues where it stopped."""

    url = serializers.URLField(max_length=500, required=False)
    kinds = StrictListField(
        child=StrictChoiceField(WEBHOOK_KINDS),
        required=False,
        max_length=len(WEBHOOK_KINDS),
        help_text="Event kinds to send; empty for all.",
    )
    is_active = StrictBooleanField(required=False)


class NewWebhook(WebhookChange):
    """The URL, and the kinds of events to send."""

    url = serializers.URLField(max_length=500)
    is_active = None  # type: ignore[assignment]


class SecretRotation(StrictSerializer):
    """For how long the old secret signs beside the new one."""

    overlap_hours = serializers.IntegerField(
        min_value=0,
        max_value=endpoints.MOST_OVERLAP_HOURS,
        default=endpoints.OVERLAP_HOURS,
        help_text="0 ends the old secret at once, for one that others know.",
    )


class WebhookShape(ObjectSerializer):
    """A webhook, and the state of its deliveries."""

    id = serializers.IntegerField()
    url = serializers.CharField()
    kinds = serializers.ListField(child=serializers.ChoiceField(WEBHOOK_KINDS))
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(allow_null=True)
    failures = serializers.IntegerField(help_text="Consecutive failures.")
    failing_since = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField()
    ping_at = serializers.DateTimeField(
        allow_null=True, help_text="When a ping was requested that has not been accepted yet."
    )
    previous_secret_until = serializers.DateTimeField(
        allow_null=True, help_text="Until when the secret before this one signs, too."
    )


class CreatedWebhook(WebhookShape):
    """A new webhook, with its secret."""

    secret = serializers.CharField(help_text="Signs the requests; shown only once.")


class WebhookViewSet(ApiViewSet):
    """The webhooks of one application's backend."""

    permission_classes = [IsKnown, IsServiceAccount]
    # A webhook receives the feed's events, so registering or redirecting one needs ``read``.
    answers_reads = True
    pagination_class = KeysetPagination
    serializer_class = WebhookShape
    queryset = WebhookEndpoint.objects.none()

    def list(self, request: Request) -> Response:
        """List your webhooks."""
        page = self.paginate_queryset(self._mine())
        return self.get_paginated_response(WebhookShape(page, many=True).data)

    @extend_schema(request=NewWebhook, responses={201: CreatedWebhook})
    def create(self, request: Request) -> Response:
        """Register a webhook; it receives events from now on."""
        endpoint = endpoints.register_endpoint(owner=self.user, **self.validated(NewWebhook))
        return Response(CreatedWebhook(endpoint).data, status=201)

    @extend_schema(responses=WebhookShape)
    def retrieve(self, request: Request, pk: int) -> Response:
        """One webhook, and the state of its deliveries."""
        return Response(WebhookShape(self._endpoint(pk)).data)

    @extend_schema(request=WebhookChange, responses=WebhookShape)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change a webhook, or switch it off or on."""
        endpoints.change(self._endpoint(pk), **self.validated(WebhookChange))
        return Response(WebhookShape(self._endpoint(pk)).data)

    @extend_schema(request=SecretRotation, responses=CreatedWebhook)
    def rotate_secret(self, request: Request, pk: int) -> Response:
        """Replace a webhook's secret; the old one signs beside the new one for some hours."""
        endpoint = self._endpoint(pk)
        endpoints.rotate_secret(endpoint, **self.validated(SecretRotation))
        return Response(CreatedWebhook(self._endpoint(pk)).data)

    @extend_schema(request=None, responses={202: WebhookShape})
    def ping(self, request: Request, pk: int) -> Response:
        """Have a delivery sent that has one event, `ping`.

        A worker sends it at once. `ping_at` is null when it is accepted; until then `last_error`
        says why it is not.
        """
        self.validated(StrictSerializer)
        endpoints.ask_for_ping(self._endpoint(pk))
        return Response(WebhookShape(self._endpoint(pk)).data, status=202)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Delete a webhook."""
        endpoints.remove(self._endpoint(pk))
        return Response(status=204)

    def _mine(self) -> QuerySet[WebhookEndpoint]:
        return WebhookEndpoint.objects.filter(owner=self.user)

    def _endpoint(self, pk: int) -> WebhookEndpoint:
        endpoint = self._mine().filter(pk=pk).first()
        if endpoint is None:
            raise Http404
        return endpoint
