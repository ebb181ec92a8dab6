"""People with XMPP sessions, in a process of their own, for ``ejabberd.py``.

`python -m benchmarks.xmpp_client PORT PEOPLE` registers and connects them on loopback and prints
``ready``. For a line ``[[reader, sender, message], ...]`` it sends these receipts, 16 at a time,
and prints the results as ``load.py`` does; for ``null``, how many messages all their archives hold.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import sys
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

from benchmarks.load import MAX_SECONDS, figures

AT_ONCE = 16
HOST = "bench.local"

HEADER = (
    f"<stream:stream to='{HOST}' version='1.0' xmlns='jabber:client'"
    " xmlns:stream='http://etherx.jabber.org/streams'>"
)
FEATURES = "</stream:features>"
REGISTER = (
    "<iq type='set' id='register'><query xmlns='jabber:iq:register'>"
    "<username>{0}</username><password>{0}</password></query></iq>"
)
AUTH = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{}</auth>"
BIND = "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
#: How many messages an archive holds (XEP-0313).
ARCHIVED = (
    "<iq type='set' id='archived'><query xmlns='urn:xmpp:mam:2'>"
    "<set xmlns='http://jabber.org/protocol/rsm'><max>0</max></set></query></iq>"
)
#: A chat marker (XEP-0333), with the hint to archive it (XEP-0334), since it has no body.
DISPLAYED = (
    f"<message to='person{{}}@{HOST}' type='chat' id='{{}}'>"
    "<displayed xmlns='urn:xmpp:chat-markers:0' id='{}'/>"
    "<store xmlns='urn:xmpp:hints'/></message>"
)
MARKER = re.compile(rb"<message\b[^>]*\bid='(\d+)'.*?<displayed\b.*?</message>", re.DOTALL)


class Session(asyncio.Protocol):
    """One person's connection: waits for an answer, or else takes the markers that arrive."""

    def __init__(self, open_markers: dict[int, asyncio.Future[None]]) -> None:
        self.open_markers = open_markers
        self.buffer = b""
        self.wanted: tuple[re.Pattern[bytes], asyncio.Future[re.Match[bytes]]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = 0
        if self.wanted:
            if found := self.wanted[0].search(self.buffer):
                self.wanted[1].set_result(found)
                self.wanted, end = None, found.end()
        else:
            for found in MARKER.finditer(self.buffer):
                self.open_markers.pop(int(found[1])).set_result(None)
                end = found.end()
        self.buffer = self.buffer[end:]

    async def ask(self, request: str, answer: str) -> re.Match[bytes]:
        """Send a request; return the answer that matches a pattern."""
        future = asyncio.get_running_loop().create_future()
        self.wanted = re.compile(answer.encode(), re.DOTALL), future
        self.transport.write(request.encode())
        async with asyncio.timeout(MAX_SECONDS):
            return await future

    async def log_in(self, name: str) -> None:
        """Register (XEP-0077), log in, bind a resource and become available."""
        secret = base64.b64encode(f"\0{name}\0{name}".encode()).decode()
        await self.ask(HEADER, FEATURES)
        await self.ask(REGISTER.format(name), "<iq(?=[^>]* type='result')[^>]*>")
        await self.ask(AUTH.format(secret), "<success[^>]*>")
        await self.ask(HEADER, FEATURES)
        await self.ask(BIND, "<iq(?=[^>]* type='result').*?</iq>")
        await self.ask("<presence/>", "<presence[^>]*>")


class People:
    """Everybody's session, and the markers that are on their way."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self.open_markers: dict[int, asyncio.Future[None]] = {}
        self.numbers = count()

    async def connect(self, port: int, people: int) -> None:
        loop = asyncio.get_running_loop()
        for number in range(people):
            session = Session(self.open_markers)
            await loop.create_connection(lambda session=session: session, "127.0.0.1", port)
            await session.log_in(f"person{number}")
            self.sessions.append(session)

    async def archived(self) -> int:
        answer = r"<count>(\d+)</count>.*?</iq>"
        return sum([int((await session.ask(ARCHIVED, answer))[1]) for session in self.sessions])

    async def mark(self, receipts: list[list[int]]) -> dict[str, Any]:
        """Send all receipts; rate, and times in ms until the senders have received them."""
        taken: list[float] = []
        left, cpu, started = iter(receipts), time.process_time(), time.perf_counter()
        async with asyncio.timeout(MAX_SECONDS):
            await asyncio.gather(*(self._send(left, taken) for _ in range(AT_ONCE)))
        return figures(taken, started, cpu)

    async def _send(self, left: Iterator[list[int]], taken: list[float]) -> None:
        """Send the next receipt as soon as the previous one has arrived."""
        for reader, sender, message in left:
            number = next(self.numbers)
            arrived = self.open_markers[number] = asyncio.get_running_loop().create_future()
            sent = time.perf_counter()
            marker = DISPLAYED.format(sender, number, message)
            self.sessions[reader].transport.write(marker.encode())
            await arrived
            taken.append(time.perf_counter() - sent)


async def main(port: int, people: int) -> None:
    everybody = People()
    await everybody.connect(port, people)
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        receipts = json.loads(line)
        answer = await (everybody.mark(receipts) if receipts else everybody.archived())
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
