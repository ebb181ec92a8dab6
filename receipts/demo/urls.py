"""The demo's URLs; ``config/urls.py`` includes them only where DEMO is on."""

from __future__ import annotations

from django.urls import path

from receipts.demo.vendors import vendor_page, vendor_sdk
from receipts.demo.views import DemoTokenView, page

urlpatterns = [
    path("", page),
    path("demo/token/", DemoTokenView.as_view()),
    path("vendors/<str:name>/", vendor_page),
    path("vendors/<str:name>/sdk.js", vendor_sdk),
]
