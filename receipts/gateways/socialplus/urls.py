"""Its addresses, and what it answers to all others under its prefixes.

Regular expressions, since some of its addresses begin like the native API's and have no slash at
their end. Ids of messages are digits.
"""

from __future__ import annotations

from django.urls import re_path

from receipts.gateways.socialplus.base import SocialPlusView
from receipts.gateways.socialplus.markers import CountsView, MarkView, UsersView
from receipts.gateways.socialplus.messages import MessagesView, MessageView
from receipts.gateways.socialplus.people import PeopleView
from receipts.gateways.socialplus.sessions import ChatSettingsView, SessionView
from receipts.gateways.translating import ID, unknown_address

_MARKERS = "^api/v1/markers"
_ID = f"(?P<pk>{ID})"

urlpatterns = [
    re_path(r"^api/v5/sessions$", SessionView.as_view({"post": "log_in"})),
    re_path(r"^api/v3/network-settings/chat$", ChatSettingsView.as_view({"get": "show"})),
    re_path(r"^api/v3/users/list$", PeopleView.as_view({"get": "show"})),
    re_path(r"^api/v5/messages$", MessagesView.as_view({"get": "page", "post": "send"})),
    re_path(
        f"^api/v5/messages/{_ID}$", MessageView.as_view({"get": "show", "delete": "delete_softly"})
    ),
    re_path(f"{_MARKERS}/messages$", CountsView.as_view({"get": "show"})),
    re_path(f"{_MARKERS}/messages/{_ID}/read-users$", UsersView.as_view({"get": "read"})),
    re_path(f"{_MARKERS}/messages/{_ID}/delivered-users$", UsersView.as_view({"get": "delivered"})),
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
