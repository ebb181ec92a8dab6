"""A server process of a test: its start, and waiting until it answers."""

from __future__ import annotations

import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

PATIENCE = 60.0  # seconds in which a server has to answer


def wait_until_ready(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Return once it answers; if it does not, fail with its output."""
    deadline = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(URLError, ConnectionError), urlopen(f"{address}/readyz/", timeout=5):
            return
        time.sleep(0.05)
    raise RuntimeError(f"The server did not start:\n{log.read_text()}")
