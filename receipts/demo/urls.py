"""The demo's URLs; ``config/urls.py`` includes them only where DEMO is on."""

from __future__ import annotations

from django.urls import path

from receipts.demo.views import DemoTokenView, page

urlpatterns = [
    path("", page),
    path("demo/token/", DemoTokenView.as_view()),
]
