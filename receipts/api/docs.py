"""The page to try the API on."""

from __future__ import annotations

from drf_spectacular.views import SpectacularSwaggerView


class DocsView(SpectacularSwaggerView):
    """Swagger UI over the schema; all its files are served from here."""

    url_name = "schema"
