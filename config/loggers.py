"""Logging configuration: loggers, levels and formats."""

from __future__ import annotations

from typing import Any


def logging_settings(level: str, log_format: str) -> dict[str, Any]:
    """The setting ``LOGGING``."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": "config.logs.JSONFormatter"},
            "text": {"()": "config.logs.TextFormatter"},
        },
        "filters": {
            "without_outages": {"()": "receipts.api.outages.WithoutOutages"},
            "without_tracebacks": {"()": "config.logs.WithoutTracebacks"},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": log_format,
                # Of the handler, since those of a logger do not see what its children log.
                "filters": ["without_tracebacks"],
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        # Handlers of other packages are replaced by ours, which remove secrets. Each request is
        # logged once, by us: Django would repeat refusals, and uvicorn would log the query string.
        "loggers": {
            "django": {"handlers": []},
            "django.request": {"level": "ERROR", "filters": ["without_outages"]},
            "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
            "uvicorn": {"handlers": [], "propagate": True},
            "uvicorn.error": {"handlers": [], "propagate": True},
            "uvicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
            # At DEBUG these print requests, URLs, or statements with their parameters.
            "uvicorn.asgi": {"handlers": [], "level": "INFO", "propagate": True},
            "urllib3": {"level": "INFO"},
            "axes": {"level": "WARNING"},
            "django.db.backends": {"level": "INFO"},
        },
    }
