"""Starting the server: for `demo`, and for `serve` in production."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import CommandError

from receipts.gateways.sockets.door import MOST_RECEIVED
from receipts.metrics import FOLDER_VARIABLE

#: uvicorn's protocol with limits on what clients send and on how long they take.
PROTOCOL = "config.protocol:LimitedProtocol"
#: WebSockets: without compression, which costs memory for each, and without the server's own pings,
#: since the vendors' protocols have theirs. No message is larger than the gateways accept.
WEBSOCKETS: dict[str, Any] = {
    "ws": "wsproto",
    "ws_max_size": MOST_RECEIVED,
    "ws_per_message_deflate": False,
    "ws_ping_interval": None,
}


#: Seconds in which a worker has to come up, and to say that it lives. With uvicorn's five, workers
#: that start slowly on a busy machine are killed and started again for ever.
WORKER_SECONDS = 60


def serve(port: int, workers: int = 1) -> None:
    """Serve until the process is stopped. Raises ``CommandError`` if the port is taken."""
    check_port(port)
    with _counted_together() if settings.METRICS and workers > 1 else nullcontext():
        uvicorn.run(
            "config.asgi:application",
            host=settings.HOST,
            port=port,
            workers=workers,
            http=PROTOCOL,
            **WEBSOCKETS,
            forwarded_allow_ips=settings.FORWARDED_ALLOW_IPS,
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=3,
            timeout_worker_healthcheck=WORKER_SECONDS,
        )


@contextmanager
def _counted_together() -> Iterator[None]:
    """A folder in which the workers count, in memory where there is a disk of that kind."""
    if FOLDER_VARIABLE in os.environ:
        yield
        return
    memory = "/dev/shm"  # noqa: S108
    where = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="seenby-metrics-", dir=where) as folder:
        os.environ[FOLDER_VARIABLE] = folder
        yield


def check_port(port: int) -> None:
    """Raises ``CommandError`` if no server can listen on ``HOST`` and this port."""
    try:
        addresses = socket.getaddrinfo(settings.HOST, port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, address in addresses:
            with socket.socket(family, kind, protocol) as probe:
                # As the server does: connections that have just ended are not in the way.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except OSError as error:
        raise CommandError(
            f"Cannot listen on {settings.HOST}, port {port}: {error.strerror}."
            " HOST and PORT choose another address."
        ) from error


def port_of_environment() -> int:
    """The setting PORT, by default 8000. Raises ``CommandError``."""
    given = settings.PORT
    if not given.isdecimal() or len(given) > 5 or not 1 <= int(given) <= 65535:
        raise CommandError(f"PORT must be a number from 1 to 65535, not {given[:20]!r}.")
    return int(given)
