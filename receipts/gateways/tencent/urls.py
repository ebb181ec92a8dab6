"""Tencent's addresses. Any other address under its prefix is an unknown command."""

from __future__ import annotations

from django.urls import re_path

from receipts.gateways.frame import unknown_address
from receipts.gateways.tencent.base import TencentView
from receipts.gateways.tencent.marks import ReadView
from receipts.gateways.tencent.receipts import ReceiptsView

_GROUPS = "^v4/group_open_http_svc"

urlpatterns = [
    re_path(f"{_GROUPS}/get_group_msg_receipt$", ReceiptsView.as_view({"post": "counts"})),
    re_path(f"{_GROUPS}/get_group_msg_receipt_detail$", ReceiptsView.as_view({"post": "members"})),
    re_path(f"{_GROUPS}/group_msg_receipt$", ReadView.as_view({"post": "read"})),
    re_path(r"^v4(?:/[\s\S]*)?$", unknown_address(TencentView)),
]
