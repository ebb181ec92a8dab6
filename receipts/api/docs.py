"""The page to try the API on."""

from __future__ import annotations

from typing import Any

from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from config.policy import DOCS_POLICY, HEADER


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI over the schema; all its files are served from here, its script by itself."""

    url_name = "schema"
    template_name = "seenby/docs.html"

    def finalize_response(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, *args, **kwargs)
        response.headers[HEADER] = DOCS_POLICY
        return response
