"""Rule 2: what an import brings to a deactivated account is theirs once it is reactivated."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Departure, User
from receipts import services
from tests.support.commands import run
from tests.support.history import START, Record, import_records, told

pytestmark = pytest.mark.django_db


def history(room: str) -> tuple[list[Record], list[Record]]:
    """A conversation of ann and ben without messages; and then messages, some read by ben."""
    of_it: Record = {"conversation": room}
    people = [
        *({"type": "user", "id": name} for name in ("ann", "ben")),
        {"type": "conversation", "id": room},
        *({"type": "participant", "user": name, "joined_at": START, **of_it}
          for name in ("ann", "ben")),
    ]  # fmt: skip
    messages = [
        {"type": "message", "id": f"{room}-{number}", "sender": "ann",
         "sent_at": START + 10 * number, **of_it}
        for number in range(1, 6)
    ]  # fmt: skip
    by_ben: Record = {"type": "receipt", "user": "ben"}
    marks = [
        {"type": "watermark", "user": "ben", "read_up_to": f"{room}-1", "at": START + 15, **of_it},
        {**by_ben, "message": f"{room}-2", "read_at": START + 25, "private": True},
        {**by_ben, "message": f"{room}-3", "delivered_at": START + 35},
        {**by_ben, "message": f"{room}-4", "failed_at": START + 45, "reason": "off"},
    ]
    return people, [*messages, *marks]


def switch(on: bool) -> None:
    verb = services.reactivate_user if on else services.deactivate_user
    assert verb(user=User.objects.get(username="ben"))


def plain(name: str | None) -> str | None:
    return name and name.removeprefix("away-").removeprefix("here-")


@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize("times", [1, 2])
def test_a_history_that_comes_while_an_account_is_off_is_theirs_afterwards(
    before: int, times: int
) -> None:
    """As if it had been active, also if some of it came before, or all of it comes twice."""
    found: list[Any] = []
    for room in ("here", "away"):
        people, rest = history(room)
        import_records([*people, *rest[:before]])
        if room == "away":
            switch(on=False)
        for _ in range(times):
            import_records([*people, *rest])
        if room == "away":
            away = told(Conversation.objects.get(external_id=room), plain)
            assert all(row[-2] or row[4] for row in away["rows"].values())
            switch(on=True)
        known = told(Conversation.objects.get(external_id=room), plain)
        found.append({name: known[name] for name in ("rows", "messages", "shown")})
    assert found[0] == found[1]
    assert not Departure.objects.exists()
    assert "no drift" in run("check_receipts")[0]
