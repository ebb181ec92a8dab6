"""Unread counts are exact for every user, whatever happens to users and messages."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, User
from receipts.reads.selectors import unread_of
from tests.support.cast import say
from tests.support.model import Room


class Life:
    """A group and a direct conversation, next to a model of both; each action applies to both."""

    def __init__(self, api: Any, key: str, group: Conversation, direct: Conversation) -> None:
        self.users = {user.username: user for user in User.objects.filter(is_service=False)}
        self.api = {name: api(user) for name, user in self.users.items()}
        self.service = api(key)
        self.group, self.members = group, f"/conversations/{group.pk}/participants/"
        self.rooms = {
            chat.pk: Room({str(each.user) for each in chat.participants.all()})
            for chat in (group, direct)
        }
        self.ids: list[int] = []
        say(self.users["alice"], direct)
        self.rooms[direct.pk].send("alice", timezone.now(), tracked=True, reads=True)

    @property
    def room(self) -> Room:
        return self.rooms[self.group.pk]

    def send(self, who: str) -> None:
        self.ids.append(say(self.users[who], self.group).pk)
        self.room.send(who, timezone.now(), tracked=True, reads=True)

    def read(self, who: str) -> None:
        """Only the newest message."""
        self.api[who].post(f"/messages/{self.ids[-1]}/read/")
        self.room.messages[-1].rows[who].see(timezone.now(), backdated=False, private=False)

    def leave(self, who: str) -> None:
        self.api[who].delete(f"{self.members}{who}/")
        self.room.leave(who, timezone.now())

    def ban(self, who: str) -> None:
        self.api["alice"].patch(f"{self.members}{who}/", {"banned": True})
        self.room.leave(who, timezone.now())

    def unban(self, who: str) -> None:
        self.api["alice"].patch(f"{self.members}{who}/", {"banned": False})

    def mute(self, who: str) -> None:
        self.api["alice"].patch(f"{self.members}{who}/", {"muted": True})

    def join(self, who: str) -> None:
        self.service.post(self.members, {"user": who}, status=201)
        self.room.members.add(who)

    def delete(self, index: str) -> None:
        self.service.delete(f"/messages/{self.ids[int(index)]}/")
        self.room.messages[int(index)].deleted = True

    def restore(self, index: str) -> None:
        self.service.post(f"/messages/{self.ids[int(index)]}/restore/")
        self.room.messages[int(index)].deleted = False

    def off(self, who: str) -> None:
        self.service.patch(f"/users/{who}/", {"is_active": False})
        for room in self.rooms.values():
            room.switch_off(who, timezone.now())

    def on(self, who: str) -> None:
        self.service.patch(f"/users/{who}/", {"is_active": True})
        for room in self.rooms.values():
            room.switch_on(who)

    def told(self) -> dict[str, Any]:
        """What the API returns to each user: over all conversations, and for each."""
        told = {}
        for name, user in self.users.items():
            user.refresh_from_db()
            if not user.is_active:
                told[name] = (unread_of(user.pk).count(), {})
                continue
            page = self.api[name].get("/conversations/")["results"]
            told[name] = (
                self.api[name].get("/me/")["unread_count"],
                {each["id"]: each["unread_count"] for each in page},
            )
        return told

    def counted(self) -> dict[str, Any]:
        """The same, counted one by one."""
        counted = {}
        for name in self.users:
            counts = {pk: room.unread(name) for pk, room in self.rooms.items()}
            mine = {pk: count for pk, count in counts.items() if self.rooms[pk].is_present(name)}
            counted[name] = (sum(counts.values()), mine)
        return counted


@pytest.mark.parametrize(
    "story",
    [
        "leave bob, send alice",
        "leave bob, send alice, join bob, send carol",
        "read bob, leave bob, join bob",
        "ban bob, send alice",
        "ban bob, unban bob, send alice, join bob, send alice",
        "mute bob, send alice",
        "delete 0, delete 1, restore 0, delete 2",
        "read carol, delete 2, restore 2",
        "delete 0, leave bob, restore 0, join bob",
        "delete 0, send carol, restore 0",
        "off bob, send alice, on bob, send carol",
        "off alice, send carol, on alice, send bob",
        "delete 0, off bob, restore 0, on bob",
        "off bob, delete 1, on bob, restore 1",
        "leave bob, off bob, on bob, join bob, send alice",
        "ban bob, off bob, on bob, unban bob, join bob, send alice",
    ],
)
def test_unread_counts_are_exact_after_every_change(
    api: Any, group: Conversation, direct: Conversation, dave: User, service_key: str, story: str
) -> None:
    """Rules 1, 2, 7, 9, 21: every user's, over all and per conversation, by a plain count."""
    life = Life(api, service_key, group, direct)
    for step in ["send alice", "send bob", "send alice", *story.split(", ")]:
        verb, what = step.split()
        getattr(life, verb)(what)
        assert life.told() == life.counted(), step
