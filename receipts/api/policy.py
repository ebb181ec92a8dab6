"""What a browser may load and run on our pages: only files from this origin, nothing inline."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

HEADER = "Content-Security-Policy"
#: Only files from this origin; no inline scripts or styles.
POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
#: Swagger UI's own style sheet has its icons as ``data:`` URLs.
DOCS_POLICY = f"{POLICY}; img-src 'self' data:"


class ContentSecurityPolicyMiddleware:
    """Gives every HTML page the policy, unless its view has set one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault(HEADER, POLICY)
        return response
