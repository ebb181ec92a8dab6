"""Equal conversations, and everything that others can see of what bob does in each (rule 13)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Message, User
from receipts import services
from receipts.feed.positions import newest_position
from receipts.webhooks.offering import next_offer
from tests.support.cast import ON_POSTGRES, Api, hook, say
from tests.support.dealing import DEALT

_OF_THE_REQUEST = {"at", "cursor", "delivery", "webhook", "next", "previous", "joined_at"}
_MESSAGES = {"id", "message", "first_message", "last_message", "last_read_message",
             "last_delivered_message", "first_unread_message", "up_to_message"}  # fmt: skip


class World:
    """A conversation with two messages by alice, and what bob does in it."""

    def __init__(self, people: dict[str, User], apis: dict[str, Api], tracked: bool) -> None:
        self.people, self.apis, self.bob = people, apis, apis["bob"]
        members = [people["bob"], people["carol"]]
        self.group = services.create_conversation(
            owner=people["alice"], participants=members, kind="group"
        )
        self.edits, self.sent_at = 0, timezone.now() - timedelta(hours=1)
        self.ids = [
            say(people["alice"], self.group, sent_at=self.sent_at, request_receipts=tracked).pk
            for _ in range(2)
        ]

    def one(self, state: str, **fields: Any) -> None:
        self.bob.post(f"/messages/{self.ids[1]}/{state}/", fields)

    def bulk(self, state: str, **fields: Any) -> None:
        self.bob.post(f"/conversations/{self.group.pk}/mark-{state}/", fields)

    def batch(self, state: str, times: int = 1, **fields: Any) -> None:
        items = [{"message": pk, "state": state, **fields} for pk in self.ids * times]
        self.bob.post("/receipts/", {"receipts": items})

    def all(self, state: str, **fields: Any) -> None:
        self.bob.post(f"/me/mark-{state}/", fields)

    def switch(self, *, reads: bool = True, deliveries: bool = True) -> None:
        switches = {"read_receipts_enabled": reads, "delivery_receipts_enabled": deliveries}
        self.bob.patch("/me/", switches)

    def send(self, **fields: Any) -> None:
        path = f"/conversations/{self.group.pk}/messages/"
        self.ids.append(self.bob.post(path, {"body": "hm", **fields}, status=201)["id"])

    def edit(self) -> None:
        self.edits += 1
        for pk in self.ids[:2]:
            self.apis["alice"].patch(f"/messages/{pk}/", {"body": f"version {self.edits}"})

    def away(self) -> None:
        for is_active in (False, True):
            self.apis["backend"].patch("/users/bob/", {"is_active": is_active})

    def leave(self) -> None:
        self.bob.delete(f"/conversations/{self.group.pk}/participants/bob/")

    def seen_by_others(self, act: Callable[[World], None]) -> list[Any]:
        """Everything that others can see of ``act``, from events to lists."""
        names = ("alice", "carol", "mia", "backend")
        callers, now = [self.apis[name] for name in names], newest_position()
        cursors = [now.cursor(name) for name in names]
        endpoint = hook("backend", f"https://backend.example/{self.group.pk}")
        act(self)
        found: list[Any] = [
            caller.get(f"/events/?after={cursor}")["results"]
            for caller, cursor in zip(callers, cursors, strict=True)
        ]
        found.append(json.loads(next_offer(endpoint).body or b"null"))
        people = f"/conversations/{self.group.pk}/participants/?membership=active,left"
        receipts = [
            f"/messages/{pk}/{what}/" for pk in self.ids for what in ("status", "recipients")
        ]
        for caller in callers:
            # Receipts are for the sender: carol is refused them, whatever bob does (rule 17).
            paths = [people] if caller is self.apis["carol"] else [people, *receipts]
            found += [caller.client.get(f"/api/v1{path}").json() for path in paths]
        return [self.named(each) for each in found]

    def since_sent(self, at: str) -> float:
        """A time, in seconds since the messages were sent."""
        return (datetime.fromisoformat(at) - self.sent_at).total_seconds()

    def named(self, told: Any) -> Any:
        """The same, with names for the ids and times of this world, and without the request's."""
        if isinstance(told, list):
            return [self.named(each) for each in told]
        if not isinstance(told, dict):
            return told
        kept = {name: value for name, value in told.items() if name not in _OF_THE_REQUEST}
        if "at" in told and told.get("state") not in (None, "pending"):
            kept["at"] = self.since_sent(told["at"])  # of a mark, while it has a time
        for name, value in kept.items():
            if name == "conversation" and isinstance(value, int):
                kept[name] = "the conversation"
            elif name in _MESSAGES and isinstance(value, int):
                kept[name] = f"message {self.ids.index(value)}"
            elif name.endswith("_at") and isinstance(value, str):
                kept[name] = self.since_sent(value)
            else:
                kept[name] = self.named(value)
        return kept


def states_for(kind: str, kinds: Iterable[str], states: Iterable[str]) -> list[str]:
    """The states over which a kind of mark is tried: all on SQLite, half of them on PostgreSQL.

    Each other kind has the other half. Where tests are dealt out, each leg has a quarter, another
    one for the next kind: every kind and every state is on both.
    """
    place = list(kinds).index(kind)
    if DEALT:
        part, parts = 2 if ON_POSTGRES else 0, 4
    else:
        part, parts = 0, 2 if ON_POSTGRES else 1
    return [state for number, state in enumerate(states) if (number + place) % parts == part]


def then(*acts: Callable[[World], None]) -> Callable[[World], None]:
    return lambda world: [act(world) for act in acts] and None


def by_switch(act: Callable[[World], None]) -> Callable[[World], None]:
    return then(lambda w: w.switch(reads=False), act, lambda w: w.switch(reads=True))


def at(world: World) -> str:
    sent: datetime = Message.objects.get(pk=world.ids[0]).created_at
    return (sent + timedelta(minutes=20)).isoformat()


@pytest.fixture
def worlds(
    api: Any, alice: User, bob: User, carol: User, moderator: User, service_key: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., World]:  # fmt: skip
    """Creates equal worlds, in which the clock is frozen."""
    now = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    people = {"alice": alice, "bob": bob, "carol": carol, "mia": moderator}
    apis = {name: api(user) for name, user in people.items()} | {"backend": api(service_key)}

    return lambda tracked=True: World(people, apis, tracked)
