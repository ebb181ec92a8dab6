"""Flows on Node, each in a process of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from tests.clients.flows import LIMIT, Flow
from tests.support import ROOT


class NodeFlow(Flow):
    """The output of its process comes line by line, and is told things on its input."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        super().__init__()
        self.process = process
        self.lines: SimpleQueue[str | None] = SimpleQueue()
        self.reader = Thread(target=self._listen)
        self.reader.start()

    def tell(self, name: str, value: Any = None) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"name": name, "value": value}) + "\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """Cut off whatever it still does."""
        self.process.kill()
        self.reader.join()
        self.process.wait()
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdout.close()
        with suppress(BrokenPipeError):  # an order that it had not read
            self.process.stdin.close()

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def _line(self) -> str | None:
        try:
            return self.lines.get(timeout=LIMIT)
        except Empty:
            return None


@contextmanager
def running_on_node(script: Path, **options: Any) -> Iterator[NodeFlow]:
    """Run a script in its folder until the block ends."""
    node = shutil.which("node")
    assert node, "Install Node.js 18 or later: https://nodejs.org/"
    folder = script.parent
    if (folder / "package.json").exists():
        missing = f"Install its SDK: npm ci --prefix {folder.relative_to(ROOT)}"
        assert (folder / "node_modules").is_dir(), missing
    process = subprocess.Popen(
        [node, script.name, json.dumps(options)], cwd=folder, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    flow = NodeFlow(process)
    try:
        yield flow
    finally:
        flow.end()
