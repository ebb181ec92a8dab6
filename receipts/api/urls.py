"""The addresses of the API, each with its view."""

from __future__ import annotations

from typing import Any

from django.urls import include, path, register_converter

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
from receipts.api.threads import ConversationThreadViewSet, ThreadFollowingViewSet
from receipts.api.tickets import TicketViewSet
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

# Nested, since Django tries the addresses of a list one by one: a mark is among the first.
_MESSAGE_URLS = [
    path("read/", MessageMarkViewSet.as_view({"post": "read"})),
    path("delivered/", MessageMarkViewSet.as_view({"post": "delivered"})),
    path("failed/", MessageMarkViewSet.as_view({"post": "failed"})),
    path("", MessageViewSet.as_view(_REMOVABLE)),
    path("restore/", MessageViewSet.as_view({"post": "restore"})),
    path("status/", MessageReceiptViewSet.as_view({"get": "status"})),
    path("follow/", ThreadFollowingViewSet.as_view({"post": "follow"})),
    path("unfollow/", ThreadFollowingViewSet.as_view({"post": "unfollow"})),
    path("recipients/", RecipientViewSet.as_view({"get": "list"})),
]
_CONVERSATION_URLS = [
    path("mark-read/", ConversationMarkViewSet.as_view({"post": "mark_read"})),
    path("mark-delivered/", ConversationMarkViewSet.as_view({"post": "mark_delivered"})),
    path("mark-unread/", ConversationMarkViewSet.as_view({"post": "mark_unread"})),
    path("messages/", _MESSAGES),
    path("", ConversationViewSet.as_view(_REMOVABLE)),
    path("threads/", ConversationThreadViewSet.as_view({"get": "list"})),
    path("participants/", ParticipantViewSet.as_view(_LIST)),
    path("participants/<username:username>/", _PARTICIPANT),
    path("insights/", InsightsViewSet.as_view({"get": "of_conversation"})),
]
_MY_URLS = [
    path("", MeViewSet.as_view(_ONE)),
    path("mark-delivered/", AccountMarkViewSet.as_view({"post": "mark_delivered"})),
    path("mark-read/", AccountMarkViewSet.as_view({"post": "mark_read"})),
    path("retract-receipts/", AccountMarkViewSet.as_view({"post": "retract_receipts"})),
]
urlpatterns = [
    path("messages/<id:pk>/", include(_MESSAGE_URLS)),
    path("receipts/", ReceiptsViewSet.as_view({"get": "retrieve", "post": "create"})),
    path("conversations/", ConversationViewSet.as_view(_LIST)),
    path("conversations/by-members/", DirectConversationViewSet.as_view({"put": "by_members"})),
    path("conversations/<id:pk>/", include(_CONVERSATION_URLS)),
    path("events/", EventViewSet.as_view({"get": "retrieve"})),
    path("events/ticket/", TicketViewSet.as_view({"post": "create"})),
    path("me/", include(_MY_URLS)),
    path("users/", UserViewSet.as_view(_LIST)),
    path("users/<username:username>/", UserViewSet.as_view(_REMOVABLE)),
    path("users/<username:username>/tokens/", UserViewSet.as_view({"post": "issue_token"})),
    path("insights/", InsightsViewSet.as_view({"get": "retrieve"})),
    path("webhooks/", WebhookViewSet.as_view(_LIST)),
    path("webhooks/<number:pk>/", WebhookViewSet.as_view(_REMOVABLE)),
    path("webhooks/<number:pk>/ping/", WebhookViewSet.as_view({"post": "ping"})),
    path("webhooks/<number:pk>/rotate-secret/", WebhookViewSet.as_view({"post": "rotate_secret"})),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view()),
]
