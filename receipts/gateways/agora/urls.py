"""Agora's address. It may start with any organisation and app, except our own ``api``."""

from __future__ import annotations

from django.urls import re_path

from receipts.gateways.agora.base import AgoraView
from receipts.gateways.agora.receipts import AcksView
from receipts.gateways.frame import MESSAGE_ID, unknown_address

_GROUPS = "^(?P<org>(?!api/)[^/]+)/(?P<app>[^/]+)/chatgroups"

urlpatterns = [
    re_path(
        f"{_GROUPS}/(?P<group>.+)/acks/(?P<pk>{MESSAGE_ID})$", AcksView.as_view({"get": "show"})
    ),
    re_path(rf"{_GROUPS}(?:/[\s\S]*)?$", unknown_address(AgoraView)),
]
