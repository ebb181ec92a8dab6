"""A site of another origin, as a chat product has one: its pages, and its address for tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>A chat of another origin</title>
  <link rel="icon" href="data:,">
  <style>body {{ background: Canvas; color: CanvasText; font-family: sans-serif; }}</style>
  {script}
</head>
<body>
  <main>
    <h1>A chat of another origin</h1>
    {body}
  </main>
</body>
</html>
"""


class Site:
    """``site.body`` is what its pages show; ``site.token`` says whose token its backend has."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.script = self.body = ""
        self.token: Callable[[], str] = lambda: ""

    def two_lines(self, service: str, *messages: str | int, attributes: str = "") -> None:
        """The script, and an element for each message."""
        self.script = (
            f'<script type="module" src="{service}/static/seenby/seenby-ticks.js"'
            ' data-token="/receipts-token"></script>'
        )
        self.body = "\n".join(
            f'<p>Message {each} <seenby-ticks message="{each}" {attributes}></seenby-ticks></p>'
            for each in messages
        )


@contextmanager
def running_site() -> Iterator[Site]:
    """Serve it on a port of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    site = Site(f"http://127.0.0.1:{server.server_port}")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/receipts-token":
                self._send("application/json", json.dumps({"token": site.token()}))
            else:
                self._send("text/html", PAGE.format(script=site.script, body=site.body))

        def _send(self, kind: str, text: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Not to the test's output."""

    server.RequestHandlerClass = Handler
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
