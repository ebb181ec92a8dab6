"""Marking a conversation read through Sendbird's gateway and through the native API.

Whole requests in this process through Django's test client: the service without the server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client

from benchmarks.timing import Rival, compare, seconds, take_turns, times
from benchmarks.world import NAME, World, client_of
from chat.models import Conversation, Scope, ServiceKey, User
from receipts.models import MessageStatus

SIZES = {1: 41, 100: 21, 1_000: 15, 10_000: 9}
RECIPIENTS = 5
#: Seconds for all rounds of one size, world building included.
BUDGET = 40.0
URL = f"{NAME}channel"


class Marks:
    """One size of history, which a different recipient reads in each round (as in ``bulk``)."""

    def __init__(self, world: World, key: str, size: int) -> None:
        self.world, self.size = world, size
        self.names = dict(User.objects.values_list("pk", "username"))
        self.backend = Client(
            headers={"Authorization": f"Bearer {key}", "Api-Token": key}, SERVER_NAME="localhost"
        )
        self.people = {pk: client_of(pk) for pk in world.recipients}
        self.native = f"/api/v1/conversations/{world.conversation.pk}/mark-read/"

    def sendbird(self, number: int) -> float:
        """With a service key, as the SDKs send it."""
        path = f"/v3/group_channels/{URL}/messages/mark_as_read"
        return self._time(
            number, lambda pk: self._send(self.backend.put, path, {"user_id": self.names[pk]})
        )

    def by_key(self, number: int) -> float:
        """Natively, with the same key for the same user."""
        return self._time(
            number,
            lambda pk: self._send(self.backend.post, self.native, {"user": self.names[pk]}),
        )

    def by_token(self, number: int) -> float:
        """Natively, with the user's own token, which costs no query."""
        return self._time(number, lambda pk: self._send(self.people[pk].post, self.native, {}))

    def _send(self, send: Any, path: str, body: dict[str, Any]) -> None:
        assert send(path, body, content_type="application/json").status_code == 200

    def _time(self, number: int, mark: Callable[[int], None]) -> float:
        """Seconds of one mark, with everybody's messages unread, on warm tables."""
        self.world.say(self.size)
        recipient = self.world.recipients[number % RECIPIENTS]
        other = self.world.recipients[(number + 1) % RECIPIENTS]
        mark(other)
        taken = seconds(lambda: mark(recipient))
        read = MessageStatus.objects.filter(recipient=recipient, read_at__isnull=False)
        assert read.count() == self.size
        return taken


def run() -> None:
    """Compare the gateway with the native API, at several sizes."""
    world = World(RECIPIENTS)
    Conversation.objects.filter(pk=world.conversation.pk).update(external_id=URL)
    backend = User.objects.create(username=f"{NAME}backend", password="!", is_service=True)
    key = ServiceKey.issue(user=backend, name=NAME, scopes=list(Scope.values))
    for size, rounds in SIZES.items():
        marks = Marks(world, key, size)
        rivals: dict[str, Rival] = {
            "sendbird": marks.sendbird,
            "by key": marks.by_key,
            "by token": marks.by_token,
        }
        taken = take_turns(rivals, rounds=rounds, budget=BUDGET)
        label = f"{size} messages"
        times(label, taken)
        compare(label, taken, "sendbird", "by key")
        compare(label, taken, "sendbird", "by token")
