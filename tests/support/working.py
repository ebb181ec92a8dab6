"""Work as a server does it: on a thread, or on a greenlet of the event loop's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connection

from config.greenlets import WorkGreenlets
from config.threads import WorkThreads

Result = TypeVar("Result")


def on_a_thread(work: Callable[[], Result]) -> Result:
    """What a function returns on a thread with a connection of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(closing(work)).result()


def on_a_greenlet(work: Callable[[], Result]) -> Result:
    """What a function returns on a greenlet, likewise."""
    [result] = on_greenlets(work)
    return result


def on_greenlets(*works: Callable[[], Any], count: int = 2) -> list[Any]:
    """What functions return that are submitted together to ``count`` greenlets."""

    async def submitted() -> list[Any]:
        greenlets = WorkGreenlets(count, WorkThreads(2, "aside"))
        jobs = [greenlets.submit(closing(work)) for work in works]
        return await asyncio.wait_for(asyncio.gather(*(job.future for job in jobs)), 60)

    return asyncio.run(submitted())


def closing(work: Callable[[], Result]) -> Callable[[], Result]:
    """The same, with a connection of its own that is closed afterwards."""

    def done() -> Result:
        try:
            return work()
        finally:
            connection.close()

    return done
