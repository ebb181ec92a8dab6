"""How the path of an address carries a slash that is part of a name: as ``%2F``.

Servers decode a path before it is matched, and then such a slash looks like a separator. So it is
kept as a control character, which no name may contain, until the path is matched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

#: An encoded slash in a decoded path.
SLASH = "\x1f"
#: What the same control character becomes if a client sends it; no name matches this either.
_NOT_A_SLASH = b"\x1e"
_ENCODED = re.compile(rb"%2[fF]")


def decoded_path(raw: bytes) -> bytes:
    """The path of a request as its bytes, with ``SLASH`` for each encoded slash."""
    if b"%" not in raw and b"\x1f" not in raw:
        return raw
    parts = (unquote_to_bytes(part) for part in _ENCODED.split(raw))
    return SLASH.encode().join(part.replace(SLASH.encode(), _NOT_A_SLASH) for part in parts)


def path_of(scope: Mapping[str, Any]) -> str:
    """The path of an ASGI request, decoded in the same way."""
    raw = scope.get("raw_path")
    return decoded_path(raw).decode(errors="replace") if raw else scope["path"]


def with_slashes(part: str) -> str:
    """A name that was part of a decoded path."""
    return part.replace(SLASH, "/")


def encoded_again(url: str) -> str:
    """A URL that was made from a decoded path, which has ``%1F`` for each encoded slash."""
    path, mark, query = url.partition("?")
    return path.replace("%1F", "%2F") + mark + query


def readable(path: str) -> str:
    """A decoded path for a log line."""
    return path.replace(SLASH, "%2F")
