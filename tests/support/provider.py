"""An identity provider: a real server that publishes keys, and signs tokens with them."""

from __future__ import annotations

import json
import ssl
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

#: What to do with a request instead of answering with the keys: a body, or something else.
Answer = bytes | int | Callable[[BaseHTTPRequestHandler], None]

NEW_KEY: dict[str, Callable[[], Any]] = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


class Provider:
    """``with Provider() as provider``: publishes at ``provider.url`` what ``new_key`` made.

    ``answers`` are used first, one after the other. ``asked`` counts the requests.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.private: dict[str, Any] = {}
        self.published: list[dict[str, Any]] = []
        self.answers: deque[Answer] = deque()
        self.asked = 0
        self.over = Event()
        self.server = _Server(("127.0.0.1", 0), self._handler())
        if tls:
            self.server.socket = tls.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False
            )
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self.server.server_port}/keys"

    def __enter__(self) -> Provider:
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_away()

    def go_away(self) -> None:
        """Nobody listens any more."""
        self.over.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def new_key(self, key_id: str, algorithm: str = "ES256", **more: Any) -> None:
        """Make a key and publish it."""
        key = self.private[key_id] = NEW_KEY[algorithm]()
        self.published.append(jwk_of(key.public_key(), algorithm, kid=key_id, **more))

    def withdraw(self, key_id: str) -> None:
        """Publish a key no longer."""
        self.published = [each for each in self.published if each.get("kid") != key_id]

    def token(self, key_id: str, algorithm: str = "ES256", **claims: Any) -> str:
        """A token for bob; a claim that is None is left out."""
        now = int(time.time())
        given = {"sub": "bob", "iss": "seenby", "aud": "seenby", "iat": now, "exp": now + 60}
        told = {name: each for name, each in (given | claims).items() if each is not None}
        key = self.private.get(key_id) or next(iter(self.private.values()))
        return jwt.encode(told, key, algorithm=algorithm, headers={"kid": key_id})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked += 1
                keys = json.dumps({"keys": provider.published}).encode()
                answer = provider.answers.popleft() if provider.answers else keys
                with suppress(OSError):
                    if callable(answer):
                        answer(self)
                        return
                    self.send_response(answer if isinstance(answer, int) else 200)
                    self.send_header("Location", provider.url)
                    self.end_headers()
                    self.wfile.write(answer if isinstance(answer, bytes) else keys)

            def log_message(self, *_: object) -> None:
                """Logs nothing."""

        return Handler

    def hang(self, handler: BaseHTTPRequestHandler) -> None:
        """Send nothing until the test is over."""
        self.over.wait(60)

    def pad(self, handler: BaseHTTPRequestHandler) -> None:
        """The keys, in a set that is far too large."""
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(json.dumps({"keys": self.published}).encode() + b" " * 300_000)

    def drip(self, handler: BaseHTTPRequestHandler) -> None:
        """A body that never ends, a little at a time."""
        handler.send_response(200)
        handler.end_headers()
        while not self.over.wait(0.01):
            handler.wfile.write(b" ")


def jwk_of(public_key: Any, algorithm: str, **more: Any) -> dict[str, Any]:
    """A public key as the provider publishes it."""
    implementation: Any = get_default_algorithms()[algorithm]
    return {**json.loads(implementation.to_jwk(public_key)), "use": "sig", **more}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that disconnects is the subject of some tests."""
