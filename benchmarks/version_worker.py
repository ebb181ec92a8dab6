"""One version of the service, which does what its standard input names: for ``versions``.

Run as a script, with another version's folder as working directory and first in PYTHONPATH: it uses
only what every version has, the API and the benchmarks' ``world``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()
call_command("migrate", verbosity=0)

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.world import World, client_of  # noqa: E402
from chat.models import User  # noqa: E402
from receipts import services  # noqa: E402


class Operations:
    """What is measured; each returns the CPU seconds of this process and its PostgreSQL backend."""

    world: World | None = None

    def _world(self, recipients: int) -> World:
        if self.world is None or len(self.world.recipients) != recipients:
            self.world = World(recipients)
        return self.world

    def bulk(self, messages: int) -> float:
        """One recipient of five reads everything; another one has marked the first message."""
        world = self._world(5)
        ids = world.say(messages)
        first, second = (client_of(pk) for pk in world.recipients[:2])
        self._read(first, {"up_to_message": ids[0]})
        return cpu(lambda: self._read(second, {}))

    def bulk_of_one(self, times: int) -> float:
        """A recipient of five reads each message as it comes."""
        world, taken = self._world(5), 0.0
        world.say(1)
        client = client_of(world.recipients[0])
        for _ in range(times):
            self._send()
            taken += cpu(lambda: self._read(client, {}))
        return taken

    def everywhere(self, messages: int) -> float:
        """One recipient of five reads everything in all conversations."""
        world = self._world(5)
        world.say(messages)
        client = client_of(world.recipients[0])
        return cpu(lambda: client.post("/api/v1/me/mark-read/", {}, "application/json"))

    def single(self, messages: int) -> float:
        """A recipient of five reads messages one by one."""
        ids = self._world(5).say(messages)
        return cpu(lambda: self._read_each(self._world(5).recipients[0], ids))

    def single_known(self, messages: int) -> float:
        """The same messages, after another recipient has read them through this process."""
        ids = self._world(5).say(messages)
        first, second = self._world(5).recipients[:2]
        self._read_each(first, ids)
        return cpu(lambda: self._read_each(second, ids))

    def _read_each(self, reader: int, ids: Iterable[int]) -> None:
        client = client_of(reader)
        for pk in ids:
            client.post(f"/api/v1/messages/{pk}/read/", {}, "application/json")

    def batch(self, marks: int) -> float:
        """One request of one recipient that reads messages in ten conversations."""
        world = self._world(5)
        people = list(User.objects.filter(pk__in=world.recipients))
        how: dict[str, Any] = {"participants": people, "kind": "group"}
        groups = [services.create_conversation(owner=world.sender, **how) for _ in range(10)]
        sent = [
            services.send_message(conversation_id=group.pk, sender=world.sender, body="Hello")
            for _ in range(marks // 10)
            for group in groups
        ]
        body = {"receipts": [{"message": each.message.pk, "state": "read"} for each in sent]}
        client = client_of(world.recipients[0])

        def post() -> None:
            answer = client.post("/api/v1/receipts/", body, "application/json").json()
            assert {each["result"] for each in answer["results"]} == {"applied"}

        return cpu(post)

    def send(self, recipients: int) -> float:
        """Twenty messages to a group of this size."""
        self._world(recipients).say(1)
        self._send()
        return cpu(lambda: [self._send() for _ in range(20)])

    def post(self, times: int) -> float:
        """Messages to five recipients, each as a request."""
        world = self._world(5)
        world.say(50)
        client = client_of(world.sender.pk)
        path = f"/api/v1/conversations/{world.conversation.pk}/messages/"
        body = {"body": "Hello"}
        return cpu(lambda: [client.post(path, body, "application/json") for _ in range(times)])

    def status(self, times: int) -> float:
        """How far a message to 50 has come."""
        return self._get("/messages/{message}/status/", times)

    def statuses(self, times: int) -> float:
        """The same of 50 messages."""
        return self._get("/receipts/?messages={messages}", times)

    def recipients(self, times: int) -> float:
        """The 50 recipients of a message."""
        return self._get("/messages/{message}/recipients/", times)

    def me(self, times: int) -> float:
        """The sender's profile, with what is unread."""
        return self._get("/me/", times)

    def conversations(self, times: int) -> float:
        """The sender's conversations, of which there is one."""
        return self._get("/conversations/", times)

    def conversation(self, times: int) -> float:
        """That conversation by itself."""
        return self._get("/conversations/{conversation}/", times)

    def _get(self, path: str, times: int) -> float:
        world = self._world(50)
        ids = world.say(50)
        messages = ",".join(map(str, ids))
        path = path.format(message=ids[0], messages=messages, conversation=world.conversation.pk)
        client = client_of(world.sender.pk)
        assert client.get(f"/api/v1{path}").status_code == 200
        return cpu(lambda: [client.get(f"/api/v1{path}") for _ in range(times)])

    def page(self, times: int) -> float:
        """The first and the second page of a conversation of 2,000 messages."""
        self._world(5).say(2_000)
        client = client_of(self._world(5).sender.pk)
        path = f"/api/v1/conversations/{self._world(5).conversation.pk}/messages/"
        second = client.get(path).json()["next"]
        return cpu(lambda: [client.get(each) for each in (path, second) * times])

    def feed(self, times: int) -> float:
        """A page of the sender's feed, of 50 events that are one; and the one after it, of none."""
        world = self._world(5)
        ids, client = world.say(50), client_of(world.sender.pk)
        path = "/api/v1/events/"
        first = f"{path}?after={client.get(path).json()['cursor']}"
        self._read_each(world.recipients[0], ids)
        second = f"{path}?after={client.get(first).json()['cursor']}"
        return cpu(lambda: [client.get(each) for each in (first, second) * times])

    def participants(self, times: int) -> float:
        """A list of 100 participants, all of whom have read everything."""
        return self._participants(times)

    def held(self, times: int) -> float:
        """The same after an older message came in, which nobody has read."""
        return self._participants(times, late=True)

    def _participants(self, times: int, *, late: bool = False) -> float:
        world = self._world(100)
        world.say(50)
        for name in User.objects.filter(pk__in=world.recipients).values_list("username", flat=True):
            services.mark_up_to(conversation_id=world.conversation.pk, username=name, read=True)
        if late:
            self._send(sent_at=timezone.now() - timedelta(days=1))
        client = client_of(world.sender.pk)
        path = f"/api/v1/conversations/{world.conversation.pk}/participants/?limit=100"
        return cpu(lambda: [client.get(path) for _ in range(times)])

    def _send(self, **how: Any) -> None:
        world = self._world(len(self.world.recipients) if self.world else 5)
        services.send_message(
            conversation_id=world.conversation.pk, sender=world.sender, body="Hello", **how
        )

    def _read(self, client: Any, body: dict[str, Any]) -> None:
        path = f"/api/v1/conversations/{self._world(5).conversation.pk}/mark-read/"
        assert client.post(path, body, "application/json").status_code == 200


def cpu(work: Callable[[], Any]) -> float:
    """CPU seconds of a call, in this process and in its backend (Linux)."""
    started = _spent()
    work()
    return _spent() - started


def _spent() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    nanoseconds = int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
    return time.process_time() + nanoseconds / 1e9


operations = Operations()
print("ready", flush=True)
for line in sys.stdin:
    name, number = line.split()
    print(getattr(operations, name)(int(number)), flush=True)
