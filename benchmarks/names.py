"""Marks by the caller's own ids compared with marks by number: one by one, up to one, a batch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.timing import compare, seconds, take_turns, times
from benchmarks.world import World, client_of, execute, tidy
from chat.models import Message, MessageName

BATCH = 500
SINGLE = 200
ROUNDS = 21
BUDGET = 60.0
#: As long as the ids of a provider's messages.
NAME_SQL = "'wamid.' || md5(CAST(id AS text)) || id"

#: How a request names a message: in an address, and in a body.
Naming = tuple[Callable[[int, str], object], Callable[[int, str], object]]
NAMINGS: dict[str, Naming] = {
    "number": (lambda pk, name: pk, lambda pk, name: pk),
    "name": (lambda pk, name: f"ext:{name}", lambda pk, name: {"external_id": name}),
}


def run() -> None:
    world = World(2)
    execute("UPDATE chat_conversation SET external_id = 'room.1'")
    for label, work in (("one", _one_by_one), ("up to one", _up_to), ("batch", _batch)):
        rivals = {name: partial(_measured, world, work, naming) for name, naming in NAMINGS.items()}
        taken = take_turns(rivals, rounds=ROUNDS, budget=BUDGET)
        times(label, taken)
        compare(label, taken, "name", "number")


def _measured(world: World, work: Callable[..., None], naming: Naming, turn: int) -> float:
    """One recipient of two, with messages that are all unread and named."""
    world.say(BATCH)
    execute("TRUNCATE chat_messagename")
    execute(f"UPDATE chat_message SET external_id = {NAME_SQL}")
    execute(
        "INSERT INTO chat_messagename (external_id, message_id, conversation_id)"
        " SELECT external_id, id, conversation_id FROM chat_message"
    )
    tidy(Message, MessageName)
    messages = list(Message.objects.order_by("pk").values_list("pk", "external_id"))
    client = client_of(world.recipients[0])
    client.get("/api/v1/me/")
    return seconds(lambda: work(client, world, messages, naming))


def _post(client: Any, path: str, body: object) -> None:
    answer = client.post(f"/api/v1{path}", body, "application/json")
    assert answer.status_code == 200, answer.content


def _one_by_one(client: Any, world: World, messages: list[tuple[int, str]], naming: Naming) -> None:
    for message in messages[:SINGLE]:
        _post(client, f"/messages/{naming[0](*message)}/read/", {})


def _up_to(client: Any, world: World, messages: list[tuple[int, str]], naming: Naming) -> None:
    conversation = naming[0](world.conversation.pk, "room.1")
    for message in messages[:SINGLE]:
        body = {"up_to_message": naming[1](*message)}
        _post(client, f"/conversations/{conversation}/mark-read/", body)


def _batch(client: Any, world: World, messages: list[tuple[int, str]], naming: Naming) -> None:
    items = [{"message": naming[1](*message), "state": "read"} for message in messages]
    _post(client, "/receipts/", {"receipts": items})
