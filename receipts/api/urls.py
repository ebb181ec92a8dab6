"""The addresses of the API, each with its view."""

from __future__ import annotations

from typing import Any

from django.urls import path, register_converter

from receipts.api.account_marks import AccountMarkViewSet
from receipts.api.conversations import ConversationViewSet
from receipts.api.converters import NumberConverter, ReferenceConverter, UsernameConverter
from receipts.api.direct import DirectConversationViewSet
from receipts.api.docs import DocsView, SchemaView
from receipts.api.events import EventViewSet
from receipts.api.insights import InsightsViewSet
from receipts.api.marks import ConversationMarkViewSet, MessageMarkViewSet
from receipts.api.messages import ConversationMessageViewSet, MessageViewSet
from receipts.api.participants import ParticipantViewSet
from receipts.api.receipts import MessageReceiptViewSet, ReceiptsViewSet, RecipientViewSet
from receipts.api.users import MeViewSet, UserViewSet
from receipts.api.webhooks import WebhookViewSet

register_converter(ReferenceConverter, "id")
register_converter(NumberConverter, "number")
register_converter(UsernameConverter, "username")

_LIST: Any = {"get": "list", "post": "create"}
_ONE: Any = {"get": "retrieve", "patch": "partial_update"}
_REMOVABLE: Any = {**_ONE, "delete": "destroy"}
_MESSAGES = ConversationMessageViewSet.as_view(_LIST)
_PARTICIPANT = ParticipantViewSet.as_view(_REMOVABLE)

urlpatterns = [
    path("users/", UserViewSet.as_view(_LIST)),
    path("users/<username:username>/", UserViewSet.as_view(_REMOVABLE)),
    path("users/<username:username>/tokens/", UserViewSet.as_view({"post": "issue_token"})),
    path("me/", MeViewSet.as_view(_ONE)),
    path("me/mark-delivered/", AccountMarkViewSet.as_view({"post": "mark_delivered"})),
    path("me/mark-read/", AccountMarkViewSet.as_view({"post": "mark_read"})),
    path("me/retract-receipts/", AccountMarkViewSet.as_view({"post": "retract_receipts"})),
    path("conversations/", ConversationViewSet.as_view(_LIST)),
    path("conversations/by-members/", DirectConversationViewSet.as_view({"put": "by_members"})),
    path("conversations/<id:pk>/", ConversationViewSet.as_view(_REMOVABLE)),
    path("conversations/<id:pk>/participants/", ParticipantViewSet.as_view(_LIST)),
    path("conversations/<id:pk>/participants/<username:username>/", _PARTICIPANT),
    path("conversations/<id:pk>/messages/", _MESSAGES),
    path(
        "conversations/<id:pk>/mark-delivered/",
        ConversationMarkViewSet.as_view({"post": "mark_delivered"}),
    ),
    path(
        "conversations/<id:pk>/mark-read/",
        ConversationMarkViewSet.as_view({"post": "mark_read"}),
    ),
    path(
        "conversations/<id:pk>/mark-unread/",
        ConversationMarkViewSet.as_view({"post": "mark_unread"}),
    ),
    path(
        "conversations/<id:pk>/insights/",
        InsightsViewSet.as_view({"get": "of_conversation"}),
    ),
    path("insights/", InsightsViewSet.as_view({"get": "retrieve"})),
    path("messages/<id:pk>/", MessageViewSet.as_view(_REMOVABLE)),
    path("messages/<id:pk>/restore/", MessageViewSet.as_view({"post": "restore"})),
    path("messages/<id:pk>/delivered/", MessageMarkViewSet.as_view({"post": "delivered"})),
    path("messages/<id:pk>/read/", MessageMarkViewSet.as_view({"post": "read"})),
    path("messages/<id:pk>/failed/", MessageMarkViewSet.as_view({"post": "failed"})),
    path("messages/<id:pk>/status/", MessageReceiptViewSet.as_view({"get": "status"})),
    path("messages/<id:pk>/recipients/", RecipientViewSet.as_view({"get": "list"})),
    path("receipts/", ReceiptsViewSet.as_view({"get": "retrieve", "post": "create"})),
    path("events/", EventViewSet.as_view({"get": "retrieve"})),
    path("webhooks/", WebhookViewSet.as_view(_LIST)),
    path("webhooks/<number:pk>/", WebhookViewSet.as_view(_REMOVABLE)),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view()),
]
