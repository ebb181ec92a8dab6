"""Responses of a WSGI application: short ones whole, others piece by piece."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from typing import Any

from config.environ import BLOCK, Environ
from receipts.feed.asgi import AsgiMessage

Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

logger = logging.getLogger("seenby.request")


class Stream:
    """A response whose first piece exists; each further piece is produced on demand."""

    def __init__(
        self,
        start: AsgiMessage,
        first: bytes,
        rest: tuple[Iterator[bytes], Any],
        release: Callable[[], None],
    ) -> None:
        self.start, self.first, self.release = start, first, release
        self.chunks, self.result = rest
        self.ended, self.lock = False, Lock()

    def piece(self) -> bytes | None:
        """The next piece; empty at the end; None if the application failed."""
        with self.lock:  # it must not be closed while it is read
            self.release()
            try:
                piece = next(self.chunks, b"")
                if not piece:
                    self._close()
            except BaseException:
                logger.exception("An answer was cut off.")
                self._close()
                return None
            self.release()
            return piece

    def close(self) -> None:
        """Discard the rest."""
        with self.lock:
            self._close()
            self.release()

    def _close(self) -> None:
        if not self.ended:
            self.ended = True
            close(self.result)


def started(
    application: Application, environ: Environ, release: Callable[[], None]
) -> tuple[AsgiMessage, bytes, Stream | None]:
    """Call the application; return the head, and either the whole body or a started stream."""
    start: AsgiMessage = {"type": "http.response.start"}

    def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
        pairs = [(name.lower().encode("latin-1"), s.encode("latin-1")) for name, s in headers]
        start.update(status=int(status[:3]), headers=pairs)

    result = application(environ, start_response)
    try:
        chunks = filter(None, result)
        body = next(chunks, b"") if environ["REQUEST_METHOD"] != "HEAD" else b""
        length = int(dict(start["headers"]).get(b"content-length", -1))
        if 0 <= length <= BLOCK and body:
            body += b"".join(chunks)
    except BaseException:
        close(result)
        raise
    if body and length != len(body):
        release()
        return start, b"", Stream(start, body, (chunks, result), release)
    close(result)
    return start, body, None


def close(result: Any) -> None:
    """Call the result's ``close()``, if it has one (PEP 3333)."""
    if hasattr(result, "close"):
        result.close()
