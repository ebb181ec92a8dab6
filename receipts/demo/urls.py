"""The demo's addresses; ``config/urls.py`` takes them in only where DEMO is on."""

from __future__ import annotations

from django.urls import path

from receipts.demo.views import DemoTokenView, page

urlpatterns = [
    path("", page),
    path("demo/token/", DemoTokenView.as_view()),
]
