"""Its addresses; all others under its prefix are commands that it does not know."""

from __future__ import annotations

from django.urls import re_path

from receipts.gateways.tencent.base import TencentView
from receipts.gateways.tencent.commands import ReadView, ReceiptsView
from receipts.gateways.translating import unknown_address

_GROUPS = "^v4/group_open_http_svc"

urlpatterns = [
    re_path(f"{_GROUPS}/get_group_msg_receipt$", ReceiptsView.as_view({"post": "counts"})),
    re_path(f"{_GROUPS}/get_group_msg_receipt_detail$", ReceiptsView.as_view({"post": "members"})),
    re_path(f"{_GROUPS}/group_msg_receipt$", ReadView.as_view({"post": "read"})),
    re_path(r"^v4(?:/[\s\S]*)?$", unknown_address(TencentView)),
]
