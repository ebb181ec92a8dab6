"""Agora's addresses. They may start with any organisation and app, except our own ``api``."""

from __future__ import annotations

from django.urls import re_path

from receipts.gateways.agora.base import AgoraView
from receipts.gateways.agora.receipts import AcksView
from receipts.gateways.agora.tokens import TokenView
from receipts.gateways.frame import MESSAGE_ID, unknown_address

_APP = "^(?P<org>(?!api/)[^/]+)/(?P<app>[^/]+)"
_GROUPS = f"{_APP}/chatgroups"

urlpatterns = [
    re_path(f"{_APP}/token$", TokenView.as_view({"post": "log_in"})),
    re_path(
        f"{_GROUPS}/(?P<group>.+)/acks/(?P<pk>{MESSAGE_ID})$", AcksView.as_view({"get": "show"})
    ),
    re_path(rf"{_GROUPS}(?:/[\s\S]*)?$", unknown_address(AgoraView)),
]
