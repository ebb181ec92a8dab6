"""People whose SDK is live: they do what a test says, and tell what they are shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.clients.flows import Flow
from tests.clients.server import Seenby

Shown = dict[str, Any]


class Visitor:
    """One person's client."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        flow.said("ready")

    def does(self, order: str, /, *, fails: bool = False, **given: Any) -> Any:
        """Let the client do something of ``live.cjs``, and return what came of it."""
        self.flow.tell(order, given)
        outcome = self.flow.said("did")
        assert ("failed" in outcome) == fails, outcome
        return outcome["failed" if fails else "done"]

    def shows(self, wanted: Callable[[list[Shown]], bool]) -> list[Shown]:
        """The first list from now on that is as wanted; all until then are taken."""
        while True:
            shown: list[Shown] = self.flow.said("list")
            if wanted(shown):
                return shown

    def shows_counts(self, **counts: tuple[int, int]) -> None:
        """Its list comes to show these reads and deliveries, by message id without the ``m``."""
        expected = {name.removeprefix("m"): given for name, given in counts.items()}
        self.shows(lambda shown: expected.items() <= counts_of(shown).items())

    def shows_alone(self, wanted: Callable[[Shown], bool]) -> Shown:
        """The first state of a message that is watched alone that is as wanted."""
        while True:
            shown: Shown = self.flow.said("alone")
            if wanted(shown):
                return shown

    def leaves(self) -> list[str]:
        """End the client; errors that nobody caught in it."""
        self.flow.tell("end")
        self.flow.result()
        return self.flow.stray()


def counts_of(shown: list[Shown]) -> dict[str, tuple[int, int]]:
    """Reads and deliveries of the messages of a list, by their ids."""
    return {each["id"]: (each["read"], each["delivered"]) for each in shown}


def receipts(seenby: Seenby, message: str) -> tuple[int, int]:
    """Reads and deliveries, as the native API tells the sender."""
    told = seenby.native("GET", f"/messages/{message}/status/", token=seenby.token("alice"))
    return told["read_count"], told["delivered_count"]
