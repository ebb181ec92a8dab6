"""social.plus' addresses. Any other address under its prefixes is answered with its 404.

They are regular expressions, because some start like the native API's addresses and do not end in
a slash. Messages are named by their ids, or by ``ext:`` and a name of their own.
"""

from __future__ import annotations

from typing import Any

from django.urls import re_path

from receipts.gateways.frame import MESSAGE_ID, unknown_address
from receipts.gateways.socialplus.base import SocialPlusView
from receipts.gateways.socialplus.feeds import FeedMarkersView, FeedView
from receipts.gateways.socialplus.marks import MarkView
from receipts.gateways.socialplus.messages import MessagesView, MessageView
from receipts.gateways.socialplus.receipts import CountsView, RecipientsView
from receipts.gateways.socialplus.sessions import ChatSettingsView, SessionView
from receipts.gateways.socialplus.users import UserListView

_MARKERS = "^api/v1/markers"
_ID = f"(?P<pk>{MESSAGE_ID})"
_ONE: Any = {"get": "show", "put": "edit", "delete": "delete_softly"}

urlpatterns = [
    re_path(r"^api/v5/sessions$", SessionView.as_view({"post": "log_in"})),
    re_path(r"^api/v3/network-settings/chat$", ChatSettingsView.as_view({"get": "show"})),
    re_path(r"^api/v3/users/list$", UserListView.as_view({"get": "show"})),
    re_path(r"^api/v5/message-feeds/(?P<feed>.+)$", FeedView.as_view({"get": "show"})),
    re_path(r"^api/v5/messages$", MessagesView.as_view({"get": "page", "post": "send"})),
    re_path(f"^api/v5/messages/{_ID}$", MessageView.as_view(_ONE)),
    re_path(f"{_MARKERS}/messages$", CountsView.as_view({"get": "show"})),
    re_path(f"{_MARKERS}/messages/{_ID}/read-users$", RecipientsView.as_view({"get": "read"})),
    re_path(
        f"{_MARKERS}/messages/{_ID}/delivered-users$", RecipientsView.as_view({"get": "delivered"})
    ),
    re_path(f"{_MARKERS}/message-feeds$", FeedMarkersView.as_view({"get": "show"})),
    re_path(
        f"{_MARKERS}/message-feeds/(?P<feed>.+)/mark-delivering$",
        MarkView.as_view({"put": "delivering"}),
    ),
    re_path(
        f"{_MARKERS}/message-feeds/(?P<feed>.+)/mark-read$", MarkView.as_view({"put": "read_to"})
    ),
    re_path(
        f"{_MARKERS}/channels/(?P<channel>.+)/mark-read$", MarkView.as_view({"put": "read_all"})
    ),
    re_path(r"^api/(?:v3|v5|v1/markers)(?:/[\s\S]*)?$", unknown_address(SocialPlusView)),
]
