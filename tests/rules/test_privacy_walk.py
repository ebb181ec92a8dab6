"""Rule 13 over time: a private read by bob and a delivery to bob look the same.

Each kind of mark is made twice, in two equal conversations: privately, and as the delivery that it
must look like. Events, webhooks, counts, lists and watermarks must be equal for everybody else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Message
from receipts import services
from tests.support.cast import ON_POSTGRES
from tests.support.worlds import World, at, by_switch, states_for, then

#: A position is a snapshot on PostgreSQL, which sees nothing that is not committed.
pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)

_LEAVE, _EDIT = World.leave, World.edit
_READ = lambda w: w.one("read", private=True)  # noqa: E731
_GOT = lambda w: w.one("delivered")  # noqa: E731
#: By name: what bob does privately, and the delivery that it must look like.
KINDS: dict[str, tuple[Callable[[World], None], Callable[[World], None]]] = {
    "single": (_READ, _GOT),
    "content": (lambda w: w.one("read", private=True, content="x"), _GOT),
    "content later": (then(_READ, lambda w: w.one("read", private=True, content="x")), _GOT),
    "switch": (by_switch(lambda w: w.one("read")), by_switch(_GOT)),
    "switch, content": (by_switch(lambda w: w.one("read", content="x")), by_switch(_GOT)),
    "switch on again, content": (
        then(by_switch(lambda w: w.one("read")), lambda w: w.one("read", content="x")),
        then(by_switch(_GOT), _GOT),
    ),
    "backdated": (
        lambda w: w.one("read", private=True, at=at(w), content="x"),
        lambda w: w.one("delivered", at=at(w)),
    ),
    "earlier again": (
        then(_READ, lambda w: w.one("read", private=True, at=at(w))),
        then(_GOT, lambda w: w.one("delivered", at=at(w))),
    ),
    "bulk": (lambda w: w.bulk("read", private=True), lambda w: w.bulk("delivered")),
    "bulk by switch": (
        by_switch(lambda w: w.bulk("read")), by_switch(lambda w: w.bulk("delivered"))
    ),
    "bulk backdated": (
        lambda w: w.bulk("read", private=True, at=at(w)),
        lambda w: w.bulk("delivered", at=at(w)),
    ),
    "batch": (lambda w: w.batch("read", private=True), lambda w: w.batch("delivered")),
    "batch, content": (
        lambda w: w.batch("read", private=True, content="x"), lambda w: w.batch("delivered")
    ),
    "batch by switch": (
        by_switch(lambda w: w.batch("read", content="x")),
        by_switch(lambda w: w.batch("delivered")),
    ),
    "batch twice over": (
        lambda w: w.batch("read", 2, private=True), lambda w: w.batch("delivered", 2)
    ),
    "batch backdated": (
        lambda w: w.batch("read", private=True, at=at(w)),
        lambda w: w.batch("delivered", at=at(w)),
    ),
    "mark all": (lambda w: w.all("read", private=True), lambda w: w.all("delivered")),
    "single, then all": (
        then(_READ, lambda w: w.all("read", private=True)), then(_GOT, lambda w: w.all("delivered"))
    ),
    "sending": (by_switch(World.send), by_switch(lambda w: w.send(mark_read=False))),
    "unread again": (
        then(_READ, lambda w: w.bulk("unread", from_message=w.ids[0]), _READ), then(_GOT, _GOT)
    ),
    "single, edited": (then(_READ, _EDIT), then(_GOT, _EDIT)),
    "edited, single": (then(_EDIT, _READ), then(_EDIT, _GOT)),
    "bulk, edited, bulk": (
        then(lambda w: w.bulk("read", private=True), _EDIT, lambda w: w.bulk("read", private=True)),
        then(lambda w: w.bulk("delivered"), _EDIT, lambda w: w.bulk("delivered")),
    ),
    "edited, backdated": (
        then(_EDIT, lambda w: w.one("read", private=True, at=at(w))),
        then(_EDIT, lambda w: w.one("delivered", at=at(w))),
    ),
    "leaving": (
        then(lambda w: w.one("read", private=True, content="x"), _LEAVE), then(_GOT, _LEAVE)
    ),
    "switched off and on": (
        then(lambda w: w.one("read", private=True, content="x"), World.away), then(_GOT, World.away)
    ),
    "bulk, switched off and on": (
        then(lambda w: w.bulk("read", private=True), World.away),
        then(lambda w: w.bulk("delivered"), World.away),
    ),
    "bulk, leaving": (
        then(lambda w: w.bulk("read", private=True), _LEAVE),
        then(lambda w: w.bulk("delivered"), _LEAVE),
    ),
}  # fmt: skip
BEFORE: dict[str, Callable[[World], None]] = {
    "pending": lambda w: None,
    "delivered": lambda w: w.bulk("delivered"),
    "delivered one by one": lambda w: w.batch("delivered"),
    "failed": lambda w: w.apis["backend"].post(
        f"/messages/{w.ids[1]}/failed/", {"user": "bob", "reason": "off"}
    ),
    "read openly": lambda w: w.one("read"),
    "acknowledged": lambda w: w.one("read", content="openly"),
    "edited": World.edit,
    "read openly, edited": then(lambda w: w.one("read"), World.edit),
}


def looks(world: World, before: Callable[[World], None], act: Callable[[World], None]) -> Any:
    before(world)
    return world.seen_by_others(act)


#: After a disclosed read these are changes: an earlier private read retracts it, and a disclosed
#: acknowledgement belongs to it.
_OF_OPEN_READS = {"backdated", "earlier again", "bulk backdated", "batch backdated",
                  "switch on again, content", "edited, backdated"}  # fmt: skip
OPEN = ("read openly", "acknowledged", "read openly, edited")


@pytest.mark.parametrize("kind", KINDS)
def test_a_private_read_is_told_from_a_delivery_by_nobody(worlds: Any, kind: str) -> None:
    """Rule 13: every kind of mark, over every state that a row can have."""
    for before in states_for(kind, KINDS, BEFORE):
        if kind in _OF_OPEN_READS and before in OPEN:
            continue
        seen = []
        for act in KINDS[kind]:
            world = worlds()
            seen.append(looks(world, BEFORE[before], act))
            # Nothing must be left for "mark all" in the next world, nor for a deactivation.
            world.bob.post("/me/mark-read/")
            services.remove_participant(conversation_id=world.group.pk, user=world.people["bob"])
        assert seen[0] == seen[1], before
        assert any(isinstance(each, dict) and each for each in seen[0]), before


@pytest.mark.parametrize("kind", KINDS)
def test_an_untracked_message_publishes_nothing(worlds: Any, kind: str) -> None:
    """Rule 15: whatever its recipient does, with any option."""
    private, _ = KINDS[kind]
    world = worlds(tracked=False)
    *events, webhook = world.seen_by_others(private)[:5]
    told = [event["kind"] for feed in events for event in feed]
    told += [event["kind"] for event in (webhook or {"events": []})["events"]]
    assert "receipt.updated" not in told


@pytest.mark.parametrize("private", [True, False])
def test_an_untracked_message_keeps_silent_about_an_acknowledgement(
    worlds: Any, private: bool
) -> None:
    """Rule 15: ``receipt.updated`` with ``pending`` was published for a read with a text."""
    world = worlds(tracked=False)
    seen = world.seen_by_others(lambda w: w.one("read", private=private, content="x"))
    assert seen[:5] == [[], [], [], [], None]


def test_an_acknowledgement_of_a_disclosed_read_is_published(worlds: Any) -> None:
    """Rule 12: the recipient list shows it, so its sender receives an event."""
    world = worlds()
    world.one("read")
    heard, *_ = world.seen_by_others(lambda w: w.one("read", content="Understood."))
    assert [event["marks"][0]["state"] for event in heard] == ["read"]
    rows = world.apis["alice"].get(f"/messages/{world.ids[1]}/recipients/")["results"]
    assert rows[0]["content"] == "Understood."


@pytest.mark.parametrize("back", ["earlier", "retracted"])
def test_the_text_of_a_read_that_is_taken_back_does_not_return(worlds: Any, back: str) -> None:
    """Rules 12 and 13: a later disclosed read does not disclose the earlier text."""
    world = worlds()
    world.one("read", content="x", at=timezone.now().isoformat())
    if back == "earlier":
        world.one("read", private=True, at=at(world))
    else:
        world.bob.post("/me/retract-receipts/")
    before = Message.objects.get(pk=world.ids[0]).created_at.isoformat()
    world.one("read", at=before)
    (row, _) = world.apis["alice"].get(f"/messages/{world.ids[1]}/recipients/")["results"]
    assert (row["state"], row["content"]) == ("read", None)


def _departed(act: str) -> Callable[[World], None]:
    def go(world: World) -> None:
        if "left" in act or "both" in act:
            services.remove_participant(conversation_id=world.group.pk, user=world.people["bob"])
        if "off" in act or "both" in act:
            services.deactivate_user(user=world.people["bob"])
        if "back" in act:
            services.reactivate_user(user=world.people["bob"])
            services.add_participant(conversation_id=world.group.pk, user=world.people["bob"])

    return go


@pytest.mark.parametrize(
    ("how", "gone"),
    [
        *(("retracts", gone) for gone in ("left", "off", "left, back", "off, back", "both, back")),
        *(("reads earlier", gone) for gone in ("left, back", "off, back", "both, back")),
    ],
)
def test_who_retracts_after_leaving_looks_as_if_they_had_never_read(
    worlds: Any, gone: str, how: str
) -> None:
    """Rules 2 and 13: withdrawn or delivered, and equal in every list."""
    seen = []
    for reads in (True, False):
        world = worlds()
        world.bulk("delivered", at=at(world))
        if reads:
            world.one("read")
        go = _departed(gone)
        go(world)
        if how == "retracts":
            services.retract_receipts(user_id=world.people["bob"].pk)
        elif reads:
            world.one("read", private=True, at=at(world))
        seen.append(world.seen_by_others(lambda w: None))
        services.reactivate_user(user=world.people["bob"])
        states = {row.withdrawn_at for row in world.people["bob"].statuses.filter(
            conversation=world.group)}  # fmt: skip
        assert len(states) == 1
        # An account that was only switched off has its rows back, as deliveries.
        assert (None in states) == (gone in ("off", "off, back"))
    assert seen[0] == seen[1]
