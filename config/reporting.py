"""Errors to Sentry, where SENTRY_DSN is set: which error and where, and nothing of anybody's data.

What is sent is chosen, not what is left out: types and lines of code, the pattern of the address,
the request's id. No address, header, body, variable, argument or parameter of a statement.
"""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.redacting import redacted

_KEPT = {
    "event_id", "timestamp", "level", "platform", "logger", "release", "environment",
    "server_name", "sdk", "modules", "fingerprint", "type",
}  # fmt: skip
_FRAME = {
    "filename", "abs_path", "function", "module", "lineno", "pre_context", "context_line",
    "post_context", "in_app",
}  # fmt: skip
#: Values that an error quotes: a name, a text, a key.
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_MOST_CHARACTERS = 500


def report_errors(dsn: str) -> None:
    """Report errors of this process from now on; nothing without a DSN.

    Raises ``ImproperlyConfigured`` where the package is missing.
    """
    if not dsn:
        return
    try:
        import sentry_sdk
        from sentry_sdk.integrations.django import DjangoIntegration
    except ImportError as error:
        raise ImproperlyConfigured(
            "SENTRY_DSN is set, and sentry-sdk is not installed: pip install 'seenby[sentry]'."
        ) from error
    sentry_sdk.init(
        dsn=dsn,
        before_send=_cut_down,
        integrations=[DjangoIntegration(middleware_spans=False, signals_spans=False)],
        auto_enabling_integrations=False,
        auto_session_tracking=False,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=None,
    )


def _cut_down(event: Any, hint: Any) -> Any:
    """The event with what may leave; None for an outage, of which one line is logged."""
    from config.logs import request_id  # Django has been loaded by now
    from receipts.api.outages import outage

    if outage((hint.get("exc_info") or (None, None))[1]) is not None:
        return None
    kept = {name: value for name, value in event.items() if name in _KEPT}
    if event.get("transaction_info", {}).get("source") == "route":
        kept["transaction"] = event["transaction"]
    for part in ("exception", "threads"):
        if part in event:
            kept[part] = {"values": [_error(each) for each in event[part].get("values", ())]}
    if template := event.get("logentry", {}).get("message") or event.get("message"):
        kept["logentry"] = {"message": written(template)}
    if identity := request_id.get():
        kept["tags"] = {"request_id": identity}
    return kept


def _error(error: dict[str, Any]) -> dict[str, Any]:
    names = "type", "module", "mechanism"
    kept: dict[str, Any] = {name: error[name] for name in names if name in error}
    if error.get("value"):
        kept["value"] = written(error["value"])
    if error.get("stacktrace"):
        frames = error["stacktrace"].get("frames", ())
        kept["stacktrace"] = {
            "frames": [{name: frame[name] for name in _FRAME & frame.keys()} for frame in frames]
        }
    return kept


def written(text: str) -> str:
    """An error's message without secrets and without the values that it quotes."""
    return _QUOTED.sub("'…'", redacted(str(text)))[:_MOST_CHARACTERS]
