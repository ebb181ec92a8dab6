"""The live half: what the web SDKs of Tencent Chat connect to, at ``/binfo`` and ``/info``."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import ClassVar

from receipts.feed.looking import Listener
from receipts.feed.positions import Position
from receipts.feed.telling import Told
from receipts.gateways.sockets.vendor import Push, SessionSocket, Vendor
from receipts.gateways.tencent.facts import Facts
from receipts.gateways.tencent.pushes import Unnumbered, pushes_for
from receipts.gateways.tencent.session import AGAIN, TencentSession

logger = logging.getLogger("seenby.socket")


class Tencent(Vendor):
    """JSON frames with a head and a body; pushes are acknowledged."""

    name: ClassVar[str] = "tencent"
    confirms: ClassVar[bool] = True

    def session(self, socket: SessionSocket) -> TencentSession:
        return TencentSession(socket)

    def encode(
        self,
        told: Mapping[int, list[Told]],
        listeners: Mapping[int, Listener],
        position: Position,
    ) -> Mapping[int, list[Push]]:
        facts = Facts(told)
        return {pk: _pushes(events, listeners[pk], facts) for pk, events in told.items()}


def _pushes(events: list[Told], listener: Listener, facts: Facts) -> list[Push]:
    try:
        return [push for event in events for push in pushes_for(event, listener, facts)]
    except Unnumbered:
        logger.info("A long group is being numbered; its members' devices connect again.")
        return [Push(AGAIN)]


VENDOR = Tencent()
