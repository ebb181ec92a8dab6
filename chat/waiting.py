"""Work that blocks, in a request that may run on the event loop's thread (``config.greenlets``)."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

_Result = TypeVar("_Result")

#: Of a greenlet: runs a function on a thread, while the event loop goes on.
on_threads: ContextVar[Callable[[Callable[[], Any]], Any]] = ContextVar("on_threads")


def run_blocking(work: Callable[[], _Result]) -> _Result:
    """What a function returns that waits for something other than PostgreSQL."""
    run: Callable[[Callable[[], _Result]], _Result] | None = on_threads.get(None)
    return work() if run is None else run(work)
