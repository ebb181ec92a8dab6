"""One database of the benchmark ``nodes``: does what its standard input names, for ``nodes``.

It answers each line with the seconds by the clock. A world of some conversations is made first.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management import call_command  # noqa: E402

from benchmarks.timing import seconds  # noqa: E402
from benchmarks.world import client_of  # noqa: E402
from chat.models import Conversation, Message, User  # noqa: E402
from receipts import services  # noqa: E402

CONVERSATIONS, PEOPLE, MESSAGES = 40, 21, 50
Work = Callable[[], object]
API = "/api/v1"


def history() -> list[str]:
    """The world as an import: the same rows, whichever database it is."""
    lines: list[dict[str, Any]] = [
        {"type": "user", "id": f"user{number}"} for number in range(PEOPLE)
    ]
    for room in range(CONVERSATIONS):
        lines.append({"type": "conversation", "id": f"room{room}"})
        lines += [
            {"type": "participant", "conversation": f"room{room}", "user": f"user{number}"}
            for number in range(PEOPLE)
        ]
        lines += [
            {
                "type": "message",
                "id": f"m{room}-{number}",
                "conversation": f"room{room}",
                "sender": "user0",
                "sent_at": 1_700_000_000 + number,
            }
            for number in range(MESSAGES)
        ]
    return [json.dumps(line) for line in lines]


class Operations:
    """What is measured: each prepares, and returns the rest."""

    def __init__(self) -> None:
        self.users = list(User.objects.filter(username__startswith="user").order_by("pk"))
        self.rooms = list(Conversation.objects.order_by("pk").values_list("pk", flat=True))
        self.clients = {user.pk: client_of(user.pk) for user in self.users}
        self.sender = self.users[0]

    def _new(self, room: int, count: int) -> list[int]:
        return [
            services.send_message(conversation_id=room, sender=self.sender, body="Hello").message.pk
            for _ in range(count)
        ]

    def _post(self, user: User, path: str, body: Any) -> None:
        response = self.clients[user.pk].post(f"{API}{path}", json.dumps(body), "application/json")
        assert response.status_code in (200, 201), response.content

    def _get(self, user: User, path: str) -> None:
        response = self.clients[user.pk].get(f"{API}{path}")
        assert response.status_code == 200, response.content

    def read(self, turn: int) -> Work:
        """Twenty single reads of new messages."""
        ids = self._new(self.rooms[turn % len(self.rooms)], 20)
        return lambda: [self._post(self.users[1], f"/messages/{pk}/read/", {}) for pk in ids]

    def reads(self, turn: int) -> Work:
        """Twenty new messages of one conversation, each read by all twenty, one by one."""
        ids = self._new(self.rooms[0], 20)
        readers = self.users[1:]
        return lambda: [
            self._post(user, f"/messages/{pk}/read/", {}) for pk in ids for user in readers
        ]

    def bulk(self, turn: int) -> Work:
        """Ten reads of ten new messages each, in ten conversations."""
        rooms, reader = self.rooms[:10], self.users[2]
        for room in rooms:
            self._new(room, 10)
        return lambda: [self._post(reader, f"/conversations/{pk}/mark-read/", {}) for pk in rooms]

    def send(self, turn: int) -> Work:
        """Ten messages to twenty recipients each."""
        paths = [f"/conversations/{pk}/messages/" for pk in self.rooms[10:20]]
        return lambda: [self._post(self.sender, path, {"body": "Hello"}) for path in paths]

    def batch(self, turn: int) -> Work:
        """A hundred marks in ten conversations."""
        marks = [
            {"message": pk, "state": "read"}
            for room in self.rooms[20:30]
            for pk in self._new(room, 10)
        ]
        return lambda: self._post(self.users[3], "/receipts/", {"receipts": marks})

    def everywhere(self, turn: int) -> Work:
        """Everything in all conversations: 90 rows in ten of them."""
        self._post(self.users[4], "/me/mark-read/", {})
        for room in self.rooms[:10]:
            self._new(room, 9)
        return lambda: self._post(self.users[4], "/me/mark-read/", {})

    def me(self, turn: int) -> Work:
        return self._five("/me/")

    def conversations(self, turn: int) -> Work:
        return self._five("/conversations/")

    def messages(self, turn: int) -> Work:
        return self._five(f"/conversations/{self.rooms[turn % len(self.rooms)]}/messages/")

    def recipients(self, turn: int) -> Work:
        (pk,) = self._new(self.rooms[turn % len(self.rooms)], 1)
        return self._five(f"/messages/{pk}/recipients/", user=0)

    def feed(self, turn: int) -> Work:
        """A page of twenty events."""
        cursor = self.clients[self.users[6].pk].get(f"{API}/events/").json()["cursor"]
        self._new(self.rooms[turn % len(self.rooms)], 20)
        return self._five(f"/events/?after={cursor}", user=6)

    def _five(self, path: str, user: int = 5) -> Work:
        """Five times the same GET."""
        return lambda: [self._get(self.users[user], path) for _ in range(5)]


def main() -> None:
    call_command("migrate", verbosity=0)
    if "distribute" in sys.argv:
        from io import StringIO

        call_command("distribute", stdout=StringIO())
    from receipts.importing import Report, import_history

    import_history(
        [line.encode() for line in history()], Report(say=lambda _: None), batch_size=10_000
    )
    assert Message.objects.count() == CONVERSATIONS * MESSAGES
    operations = Operations()
    print("ready", flush=True)
    while line := sys.stdin.readline():
        name, turn = line.split()
        work = getattr(operations, name)(int(turn))
        print("prepared", flush=True)
        sys.stdin.readline()
        print(seconds(work), flush=True)


if __name__ == "__main__":
    main()
