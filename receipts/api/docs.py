"""The OpenAPI schema, and Swagger UI."""

from __future__ import annotations

import hashlib
from threading import Lock
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from receipts.api.policy import DOCS_POLICY, HEADER


class Document(NamedTuple):
    """The schema in one format."""

    content: bytes
    content_type: str
    name: str
    etag: str


class SchemaView(SpectacularAPIView):
    """The schema, generated once per process and format: it is the same for all callers."""

    schema: Any = None  # it does not describe itself
    _documents: dict[str, Document] = {}
    _making = Lock()

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the cached document, or 304 if the caller's copy is current."""
        document = self._document(request)
        response: HttpResponse | None = get_conditional_response(
            request._request, etag=document.etag
        )
        if response is None:
            response = HttpResponse(document.content, content_type=document.content_type)
            response["Content-Disposition"] = f'inline; filename="{document.name}"'
        response["ETag"] = document.etag
        return response

    def _document(self, request: Request) -> Document:
        renderer: Any = request.accepted_renderer
        with self._making:
            if renderer.media_type not in self._documents:
                self._documents[renderer.media_type] = self._made(renderer)
            return self._documents[renderer.media_type]

    def _made(self, renderer: Any) -> Document:
        generator: Any = self.generator_class(urlconf=self.urlconf)
        content = renderer.render(generator.get_schema(public=True), renderer_context={})
        digest = hashlib.sha256(content).hexdigest()[:32]
        kind = f"{renderer.media_type}; charset=utf-8"
        return Document(content, kind, f"Seenby.{renderer.format}", f'"{digest}"')


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI over the schema; all its files are served from here, its script by itself."""

    url_name = "schema"
    template_name = "seenby/docs.html"

    def finalize_response(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, *args, **kwargs)
        if isinstance(response.data, dict):
            response.data["demo"] = settings.DEMO
        response.headers[HEADER] = DOCS_POLICY
        return response
