"""Whether the server was started with the limits that SECURITY.md promises."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

from config.protocol import MARK

logger = logging.getLogger("seenby.request")

_known = False


def warn_without_limits(scope: MutableMapping[str, Any]) -> None:
    """Log a warning, once, at the first request, if the server runs without these limits."""
    global _known
    if not _known:
        _known = True
        if MARK not in scope.get("extensions", {}):
            logger.warning(
                "The server was started without limits on slow clients and large heads:"
                " use `manage.py serve`, or uvicorn's `--http config.protocol:LimitedProtocol`."
            )
