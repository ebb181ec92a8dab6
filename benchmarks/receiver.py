"""A backend that accepts every webhook at once, in a separate process.

`python -m benchmarks.receiver [CERTIFICATE]` prints its port on the first line, and runs until its
input ends. With a certificate it speaks TLS. It keeps connections open.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import sys

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class Taking(asyncio.Protocol):
    """Responds when a request is complete; reads nothing in it but its length."""

    def __init__(self) -> None:
        self.data = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, found, body = self.data.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        if found and length and len(body) >= int(length[1]):
            self.data.clear()
            self.transport.write(ANSWER)  # type: ignore[attr-defined]


async def main(*certificate: str) -> None:
    """Listen on a free local port."""
    loop, context = asyncio.get_running_loop(), None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    server = await loop.create_server(Taking, "127.0.0.1", 0, backlog=512, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
