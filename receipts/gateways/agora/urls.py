"""Its address. Its prefix is any organisation and app but ``api``, which is ours."""

from __future__ import annotations

from django.urls import re_path

from receipts.gateways.agora.acks import AcksView, AgoraView
from receipts.gateways.translating import ID, unknown_address

_GROUPS = "^(?P<org>(?!api/)[^/]+)/(?P<app>[^/]+)/chatgroups"

urlpatterns = [
    re_path(f"{_GROUPS}/(?P<group>.+)/acks/(?P<pk>{ID})$", AcksView.as_view({"get": "show"})),
    re_path(rf"{_GROUPS}(?:/[\s\S]*)?$", unknown_address(AgoraView)),
]
