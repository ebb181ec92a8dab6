"""Greenlets that work for an event loop on its own thread, as threads do beside it.

For a short request a thread costs more than the request: changing threads, and giving up Python's
lock to do so, was a third of the CPU of a mark over HTTP (docs/decisions/0039). While a greenlet
waits for PostgreSQL, the loop and the other greenlets go on. Anything else that a greenlet does
blocks them all, so only what is short and waits for nothing else belongs here; what has to wait
otherwise does so by ``chat.waiting``.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from typing import Any, TypeVar

from django.core.exceptions import SynchronousOnlyOperation
from django.db import connections
from django.db.backends.signals import connection_created
from greenlet import getcurrent, greenlet
from psycopg.waiting import Ready, Wait

from chat.sql.waiting import replace_wait
from chat.waiting import on_threads
from config.threads import Job, WorkThreads

_Result = TypeVar("_Result")

#: Seconds between two polls of the connections that greenlets wait for.
POLL_SECONDS = 0.1


class WorkGreenlets:
    """Runs jobs in the order in which they come in, at most ``count`` at once; used on the loop.

    A greenlet has a connection to PostgreSQL and context variables of its own, as a thread has.
    ``threads`` do for it what would block the loop.
    """

    def __init__(self, count: int, threads: WorkThreads) -> None:
        self.count, self.threads = count, threads
        self._begin(None)
        # Django refuses queries where a loop runs, since a coroutine must not block it. A greenlet
        # does not; of everything else ``_refuse_on_loop`` takes care.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        connection_created.connect(_refuse_on_loop)

    def _begin(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Greenlets belong to a thread, so another loop has others."""
        self._loop, self._workers = loop, list[_Worker]()
        self._is_polling = False
        #: The last one that was used is used first: its session's memory is in the cache.
        self._idle: list[_Worker] = []
        self._waiting: deque[Callable[[], None]] = deque()

    @property
    def busy(self) -> int:
        """How many jobs run."""
        return len(self._workers) - len(self._idle)

    @property
    def waiting(self) -> int:
        """How many jobs wait for a greenlet."""
        return len(self._waiting)

    def submit(self, work: Callable[[], _Result]) -> Job[_Result]:
        """Run a function on a greenlet, at once if one is free."""
        job = Job(work)
        if job.loop is not self._loop:
            self._begin(job.loop)
        if self._idle:
            self._idle.pop().resume(job.run)
        elif len(self._workers) < self.count:
            self._workers.append(_Worker(self, job.loop))
            self._workers[-1].resume(job.run)
        else:
            self._waiting.append(job.run)
        return job

    def done(self, worker: _Worker) -> None:
        """A greenlet has finished its job: give it the next one, after what else the loop has."""
        if self._waiting:
            worker.loop.call_soon(worker.resume, self._waiting.popleft())
        else:
            self._idle.append(worker)

    def poll_while_one_waits(self) -> None:
        """Poll the connections that greenlets wait for, until none does.

        The loop may lose what would wake one: uvloop gives up a socket that has an error, and TLS
        may keep what it has read.
        """
        if self._loop is not None and not self._is_polling:
            self._is_polling = True
            self._loop.call_later(POLL_SECONDS, self._poll)

    def _poll(self) -> None:
        self._is_polling = False
        for worker in self._workers:
            if worker.waiter is not None:
                worker.waiter.poll()


class _Worker:
    """One greenlet, with a connection to PostgreSQL."""

    def __init__(self, owner: WorkGreenlets, loop: asyncio.AbstractEventLoop) -> None:
        self.owner, self.loop = owner, loop
        self._greenlet, self._of_loop = greenlet(self._work), getcurrent()
        self._greenlet.gr_context = Context()
        self.waiter: _Waiter | None = None

    def resume(self, value: Any = None) -> None:
        """Run the greenlet until it waits again; called by the loop."""
        self._greenlet.switch(value)

    def pause(self) -> Any:
        """Let the loop go on until it calls ``resume``; return the value given there."""
        return self._of_loop.switch()

    def _work(self, run: Callable[[], None]) -> None:
        on_threads.set(self._run_on_thread)
        database: Any = connections["default"]
        database.inc_thread_sharing()  # a thread connects it
        database.connect = lambda: self._connect(database)
        while True:
            run()
            self.owner.done(self)
            run = self.pause()

    def _connect(self, database: Any) -> None:
        """To connect blocks, and may look up an address."""
        self._run_on_thread(lambda: type(database).connect(database))
        if self.waiter is not None:
            self.waiter.close()
        self.waiter = _Waiter(self, database.connection)

    def _run_on_thread(self, work: Callable[[], _Result]) -> _Result:
        job = self.owner.threads.submit(work)
        job.future.add_done_callback(lambda _: self.resume())
        self.pause()
        return job.future.result()


class _Waiter:
    """How a greenlet waits for PostgreSQL, on one connection."""

    def __init__(self, worker: _Worker, connection: Any) -> None:
        self._worker, self._loop = worker, worker.loop
        #: A duplicate of the socket: the loop may watch it when the connection has been closed.
        self._socket = os.dup(connection.fileno())
        self._is_watched = self._is_awaited = False
        self._was_polled = False  # since it waits
        replace_wait(connection, self.wait, self.until_readable)

    def close(self) -> None:
        self._unwatch()
        os.close(self._socket)

    def wait(self, generator: Any, *_: Any, **__: Any) -> Any:
        """In place of the driver's ``Connection.wait``: what one of its generators returns."""
        try:
            wanted = next(generator)
            while True:
                wanted = generator.send(self._ready(wanted))
        except StopIteration as end:
            return end.value

    def until_readable(self) -> Ready:
        """Wait until there is something to read, or for what ``resume`` is called with."""
        if not self._is_watched:
            self._loop.add_reader(self._socket, self._readable)
            self._is_watched = True
        self._is_awaited, self._was_polled = True, False
        self._worker.owner.poll_while_one_waits()
        ready: Ready = self._worker.pause()
        self._is_awaited = False
        return ready

    def poll(self) -> None:
        """If it has waited since the last poll, let it read; watch the socket anew."""
        if not self._is_awaited:
            return
        if self._was_polled:
            self._unwatch()
            self._worker.resume(Ready.R)
        else:
            self._was_polled = True
        self._worker.owner.poll_while_one_waits()

    def _ready(self, wanted: Wait) -> Ready:
        if not wanted & Wait.W:
            return self.until_readable()
        self._loop.add_writer(self._socket, self._worker.resume, Ready.W)
        try:
            return self.until_readable()
        finally:
            self._loop.remove_writer(self._socket)

    def _readable(self) -> None:
        """Called by the loop. Between two statements it is the connection's end, or a notice."""
        if self._is_awaited:
            self._worker.resume(Ready.R)
        else:
            self._unwatch()

    def _unwatch(self) -> None:
        if self._is_watched:
            self._loop.remove_reader(self._socket)
            self._is_watched = False


def _refuse_on_loop(connection: Any, **_: Any) -> None:
    """Receives Django's signal of a new connection: greenlets get theirs from threads."""
    with suppress(RuntimeError):
        asyncio.get_running_loop()
        connection.close()
        raise SynchronousOnlyOperation("The event loop itself must not use the database.")
