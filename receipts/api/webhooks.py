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
    rotate_secret = StrictBooleanField(
        required=False, help_text="Creates a new secret, which is shown only in this response."
    )


class NewWebhook(WebhookChange):
    """The URL, and the kinds of events to send."""

    url = serializers.URLField(max_length=500)
    is_active = rotate_secret = None  # type: ignore[assignment]


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


class CreatedWebhook(WebhookShape):
    """A new webhook, with its secret."""

    secret = serializers.CharField(help_text="Signs the requests; shown only once.")


class ChangedWebhook(CreatedWebhook):
    """A webhook, with its secret if that is new."""

    secret = serializers.CharField(
        required=False, help_text="The new secret, if one was created; shown only once."
    )


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

    @extend_schema(request=WebhookChange, responses=ChangedWebhook)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change a webhook, switch it off or on, or rotate its secret."""
        endpoint, fields = self._endpoint(pk), self.validated(WebhookChange)
        endpoints.change(endpoint, **fields)
        endpoint = self._endpoint(pk)
        shape = CreatedWebhook if fields.get("rotate_secret") else WebhookShape
        return Response(shape(endpoint).data)

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
