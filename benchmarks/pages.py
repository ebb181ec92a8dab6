"""Recipient list of one message with 100,000 recipients: last page compared with the first."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.test import Client

from benchmarks.timing import Rival, compare, seconds, take_turns, times
from benchmarks.world import World, client_of, execute, tidy
from chat.models import Message
from receipts.api.pagination import KeysetCursor
from receipts.models import MessageStatus

RECIPIENTS = 100_000
ROUNDS = 60
#: Seconds for all rounds of one filter.
BUDGET = 8.0
FILTERS = {
    "all": "",
    "state=read (2 of 3)": "&state=read",
    "state=unread (1 of 3)": "&state=unread",
    "membership=active": "&membership=active",
    "search (1 of 10)": "&search=team+7",
}


def run() -> None:
    """Follow the cursors to the end once for each filter, then fetch both ends in turn."""
    world = World(RECIPIENTS)
    message = world.say(1)[0]
    execute(
        """UPDATE receipts_messagestatus
              SET delivered_at = sent_at, seen_at = sent_at, read_at = sent_at
            WHERE recipient_id %% 3 <> 0""",
        [],
    )
    execute(
        """UPDATE chat_message SET (delivered_count, read_count) =
                  (SELECT count(delivered_at), count(read_at) FROM receipts_messagestatus)"""
    )
    tidy(Message, MessageStatus)
    client = client_of(world.sender.pk)
    first = f"/api/v1/messages/{message}/recipients/?limit=50"
    for name, extra in FILTERS.items():
        last = last_page(client, first + extra)

        rivals: dict[str, Rival] = {
            "last": partial(fetch, client, last),
            "first": partial(fetch, client, first + extra),
        }
        taken = take_turns(rivals, rounds=ROUNDS, budget=BUDGET)
        times(name, taken)
        compare(name, taken, "last", "first")


def last_page(client: Client, first: str) -> str:
    """URL of the last page as reached by ``next``: from the end one page back, then forward."""
    end = page(client, f"{first}&cursor={KeysetCursor(backwards=True).encode()}")
    last = page(client, end["previous"])["next"]
    found = page(client, last)
    assert found["next"] is None
    assert found["results"] == end["results"]
    assert len(found["results"]) == 50
    return last


def fetch(client: Client, url: str, _: int) -> float:
    return seconds(lambda: page(client, url))


def page(client: Client, url: str) -> dict[str, Any]:
    response = client.get(url)
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found
