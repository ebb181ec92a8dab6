"""A fixed number of threads that work for an event loop.

``ThreadPoolExecutor`` would do, but it passes a result on through two futures and a lock; for a
mark over HTTP that was a twentieth of the server's CPU.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread, get_ident
from typing import Any, Generic, TypeVar

_Result = TypeVar("_Result")


class Job(Generic[_Result]):
    """A function that waits for a thread or a greenlet, runs or is done."""

    def __init__(self, work: Callable[[], _Result]) -> None:
        self.work = work
        self.loop, self._thread = asyncio.get_running_loop(), get_ident()
        self.future: asyncio.Future[_Result] = self.loop.create_future()
        self.is_waiting = True
        #: Called on the loop with a result that nobody waits for any more.
        self.drop: Callable[[_Result], None] = lambda result: None

    def cancel(self) -> None:
        """Give up waiting for a turn; a function that runs already is not interrupted."""
        if self.is_waiting:
            self.future.cancel()

    def run(self) -> None:
        """On a thread or a greenlet: do the work and pass on what became of it."""
        self.is_waiting = False
        if self.future.cancelled():
            return
        try:
            result = self.work()
        except BaseException as error:
            self._pass_on(self._fail, error)
        else:
            self._pass_on(self._succeed, result)

    def _pass_on(self, to: Callable[[Any], None], outcome: object) -> None:
        if get_ident() == self._thread:  # on a greenlet
            to(outcome)
            return
        try:
            self.loop.call_soon_threadsafe(to, outcome)
        except RuntimeError:
            # The server has stopped meanwhile: nobody waits, and the thread goes on for others.
            if not self.loop.is_closed():
                raise

    def _succeed(self, result: _Result) -> None:
        if self.future.cancelled():
            self.drop(result)
        else:
            self.future.set_result(result)

    def _fail(self, error: BaseException) -> None:
        if not self.future.cancelled():
            self.future.set_exception(error)


class WorkThreads:
    """Runs jobs in the order in which they come in. The threads end with the process."""

    def __init__(self, count: int, name: str) -> None:
        self._waiting: SimpleQueue[Callable[[], Any]] = SimpleQueue()
        for number in range(count):
            Thread(target=self._work, name=f"{name}_{number}", daemon=True).start()

    def submit(self, work: Callable[[], _Result]) -> Job[_Result]:
        """Run a function on a thread, for the running event loop."""
        job = Job(work)
        self._waiting.put(job.run)
        return job

    def do(self, work: Callable[[], Any]) -> None:
        """The same where nobody waits for the end, from any thread."""
        self._waiting.put(work)

    def _work(self) -> None:
        while True:
            self._waiting.get()()
