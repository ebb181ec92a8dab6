"""Agora's words for an error."""

from __future__ import annotations

#: By our HTTP status; any other status is an ``illegal_argument``.
AGORA_ERRORS = {
    400: "illegal_argument",
    401: "unauthorized",
    403: "forbidden_op",
    404: "service_resource_not_found",
    405: "method_not_allowed",
    410: "service_resource_not_found",
    429: "reach_limit",
    500: "internal_server_error",
    503: "internal_server_error",
}
