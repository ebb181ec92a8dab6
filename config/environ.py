"""Converts an ASGI scope to a WSGI environ (PEP 3333)."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any
from wsgiref.util import FileWrapper

from chat.addresses import decoded_path

Environ = dict[str, Any]

#: Bytes of a file that are sent at a time.
BLOCK = 64 * 1024


def environ_of(scope: MutableMapping[str, Any]) -> Environ:
    """The environ required by PEP 3333, whose strings are bytes decoded as Latin-1.

    In ``PATH_INFO`` an encoded slash is not a slash (``chat.addresses``).
    """
    raw, root = scope.get("raw_path"), scope.get("root_path", "").encode().decode("latin-1")
    path = decoded_path(raw) if raw else scope["path"].encode()
    host, port = scope.get("server") or ("localhost", None)
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": root,
        "PATH_INFO": path.decode("latin-1").removeprefix(root),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": lambda file, _: FileWrapper(file, BLOCK),
    }
    for header, value in scope["headers"]:
        if name := _variable(header):
            text = value.decode("latin-1")
            if name in environ:
                text = environ[name] + ("; " if name == "HTTP_COOKIE" else ",") + text
            environ[name] = text
    return environ


@lru_cache(maxsize=256)
def _variable(header: bytes) -> str | None:
    """A header's name in the environ; None if it could be confused with one with a hyphen."""
    if b"_" in header or header == b"transfer-encoding":  # nor does the body come in chunks there
        return None
    name = header.decode("latin-1").upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
