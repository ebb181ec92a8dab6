"""Flows: scripts that use an SDK as an app does, on Node or in a page, and talk to their test.

What a script can use is in common.cjs. It prints ``SAID`` and ``RESULT`` lines, read here.
"""

from __future__ import annotations

import json
from typing import Any

#: Seconds until a test gives up waiting for its flow; flows give up earlier, and say on what.
LIMIT = 60.0


class Flow:
    """A running flow; where it runs decides how its lines come, and how it is told something."""

    def __init__(self) -> None:
        self._said: list[dict[str, Any]] = []
        self._ended: dict[str, Any] | None = None
        self._noise: list[str] = []

    def said(self, name: str) -> Any:
        """The value of the next ``say(name, value)`` that was not asked for yet."""
        while True:
            for index, each in enumerate(self._said):
                if each["name"] == name:
                    return self._said.pop(index)["value"]
            assert self._ended is None, f"It ended before it said {name!r}: {self._ended}"
            self._read()

    def tell(self, name: str, value: Any = None) -> None:
        """What the flow waits for by ``hear(name)``."""
        raise NotImplementedError

    def result(self) -> Any:
        """What its step returned, at the end."""
        assert "done" in self._end(), self._told()
        return self._end()["done"]

    def failure(self) -> dict[str, Any]:
        """The ``code`` and ``message`` of what its step threw, at the end."""
        assert "failed" in self._end(), self._told()
        failed: dict[str, Any] = self._end()["failed"]
        return failed

    def stray(self) -> list[str]:
        """Errors that the SDK threw where no app could catch them."""
        return list(self._end()["stray"])

    def _end(self) -> dict[str, Any]:
        while self._ended is None:
            self._read()
        return self._ended

    def _read(self) -> None:
        """Take in the next line, which must come in time."""
        line = self._line()
        assert line is not None, f"It said nothing more.\n{self._told()}"
        word, _, value = line.partition(" ")
        if word == "SAID":
            self._said.append(json.loads(value))
        elif word == "RESULT":
            self._ended = json.loads(value)
        else:
            self._noise.append(line)

    def _told(self) -> str:
        return "\n".join([str(self._ended), *self._noise[-30:]])

    def _line(self) -> str | None:
        """The next line; None if it does not come in time, or never will."""
        raise NotImplementedError
