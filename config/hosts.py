"""Which hosts a request may name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse

from config.health import ALIVE, READY, healthz, readyz
from receipts.api.rest import bad_request

#: Asked by address: by a load balancer, by Kubernetes.
PROBES = {ALIVE: healthz, READY: readyz}
#: Hosts that are remembered as allowed; others are compared each time.
MOST_KNOWN = 100


class HostMiddleware:
    """Answers the probes whatever host they name; other requests must name one of ours."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        #: Headers that have been allowed, each with the hosts that were allowed then.
        self.known: set[tuple[str, tuple[str, ...]]] = set()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info)
        if probe is not None and request.method in ("GET", "HEAD"):
            return probe(request)
        named = request.META.get("HTTP_HOST", ""), tuple(settings.ALLOWED_HOSTS)
        if named not in self.known:
            try:
                request.get_host()
            except DisallowedHost as error:
                refused: Any = request
                refused.refusal = str(error)  # for the request's line in the log
                return bad_request(request, error)
            if named[0] and len(self.known) < MOST_KNOWN:
                self.known.add(named)
        return self.get_response(request)
