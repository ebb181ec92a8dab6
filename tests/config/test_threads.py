"""The threads that work for an event loop."""

from __future__ import annotations

import asyncio
from queue import SimpleQueue
from threading import Event

import pytest

from config.threads import WorkThreads


@pytest.mark.parametrize("fails", [False, True])
def test_work_that_outlives_its_loop_does_not_end_the_thread(fails: bool) -> None:
    """As a request does that the database keeps waiting while the server stops."""
    threads, go_on, done = WorkThreads(1, "worker"), Event(), SimpleQueue[str]()

    def slow() -> None:
        assert go_on.wait(10)
        assert not fails

    async def begin() -> None:
        threads.submit(slow)

    asyncio.run(begin())
    go_on.set()
    threads.do(lambda: done.put("next"))
    assert done.get(timeout=10) == "next"
