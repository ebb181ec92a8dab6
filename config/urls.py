"""URLs: gateways, API, admin, probes, and the demo if it is on."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from config.health import healthz, readyz
from receipts import gateways

urlpatterns = [
    # First, since addresses are tried in order, and none of a vendor's is one of ours.
    path("api/v1/", include("receipts.api.urls")),
    *gateways.urlpatterns(),
    path("admin/", admin.site.urls),
    path("healthz/", healthz),
    path("readyz/", readyz),
]
if settings.DEMO:
    urlpatterns.append(path("", include("receipts.demo.urls")))

handler400 = "receipts.api.rest.bad_request"
handler404 = "receipts.api.rest.not_found"
handler500 = "receipts.api.rest.server_error"
