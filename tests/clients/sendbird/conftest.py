"""``new(…)`` and ``old(…)`` call the two SDKs, against one server after the other."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.clients.server import DATABASES, ROOT, Seenby, running_seenby

CLIENTS = Path(os.environ.get("CLIENTS", ROOT / ".venv" / "clients"))
HERE = Path(__file__).parent


class Sdk:
    """An SDK in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def __call__(self, call: str, body: list[Any] | None = None, **arguments: Any) -> Any:
        """What it answered, through its own models."""
        told = self._ask(call, body, arguments)
        assert "answer" in told, told
        return told["answer"]

    def refused(self, call: str, body: list[Any] | None = None, **arguments: Any) -> int:
        """The code of a refusal, which is an HTTP 400 in the vendor's shape."""
        told = self._ask(call, body, arguments)
        assert told.get("refused") == 400, told
        code: int = told["error"]["code"]
        assert told["error"] == {"error": True, "code": code, "message": told["error"]["message"]}
        return code

    def _ask(self, call: str, body: list[Any] | None, arguments: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        job = {"call": call, "with": arguments, "body": body}
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told


@contextmanager
def running_sdk(version: str, seenby: Seenby) -> Iterator[Sdk]:
    python = CLIENTS / f"sendbird-{version}" / "bin" / "python"
    looked = [python, "-c", "import sendbird_platform_sdk"]
    if not python.exists() or subprocess.run(looked, check=False).returncode:
        pytest.fail(
            f"sendbird-platform-sdk {version} is missing: run `make test-clients`, or install"
            f" tests/clients/sendbird/{version}.txt with pip --require-hashes into {CLIENTS.name}.",
            pytrace=False,
        )
    process = subprocess.Popen(
        [python, HERE / "sdk.py", seenby.address, seenby.key],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Sdk(process)


@pytest.fixture(scope="session", params=DATABASES)
def seenby(request: pytest.FixtureRequest) -> Iterator[Seenby]:
    with running_seenby(request.param) as running:
        yield running


@pytest.fixture(scope="session")
def new(seenby: Seenby) -> Iterator[Sdk]:
    """2.1.5, of today."""
    with running_sdk("2.1.5", seenby) as sdk:
        yield sdk


@pytest.fixture(scope="session")
def old(seenby: Seenby) -> Iterator[Sdk]:
    """0.0.16, which marks delivered and counts by member."""
    with running_sdk("0.0.16", seenby) as sdk:
        yield sdk
