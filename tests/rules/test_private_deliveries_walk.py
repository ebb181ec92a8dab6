"""Rule 13 over time: who receives privately looks like somebody who has received nothing.

As ``test_privacy_walk``: bob does something in one world with his delivery receipts off, and in an
equal one nothing of it; everybody else must see the same, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest

from receipts import services
from tests.support.cast import ON_POSTGRES
from tests.support.worlds import World, at, states_for, then

pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)

Act = Callable[[World], None]
NOTHING: Act = lambda w: None  # noqa: E731
_LEAVE, _EDIT = World.leave, World.edit
_GOT: Act = lambda w: w.one("delivered")  # noqa: E731
_READ: Act = lambda w: w.one("read", private=True)  # noqa: E731


def reading_off(act: Act) -> Act:
    """With the switch for reads off, too."""
    return then(
        lambda w: w.switch(reads=False, deliveries=False),
        act,
        lambda w: w.switch(deliveries=False),
    )


def on_again(act: Act) -> Act:
    """With both switches on."""
    return then(World.switch, act, lambda w: w.switch(deliveries=False))


def sent_without_marks(**fields: Any) -> Act:
    def send(world: World) -> None:
        sending = "receipts.services.sending"
        with patch(f"{sending}._mark_earlier"), patch(f"{sending}.Reaching", lambda *how: None):
            world.send(**fields)

    return send


def fails(world: World) -> None:
    failure = {"user": "bob", "reason": "off"}
    world.apis["backend"].post(f"/messages/{world.ids[1]}/failed/", failure)


def finish(world: World) -> None:
    """Leave nothing to mark or retract in the next world, nor for the account's deactivation."""
    world.bob.post("/me/mark-read/")
    services.remove_participant(conversation_id=world.group.pk, user=world.people["bob"])
    world.bob.post("/me/retract-receipts/")


#: By name: what bob does with his delivery receipts off, and what others see of it.
KINDS: dict[str, tuple[Act, Act]] = {
    "single": (_GOT, NOTHING),
    "single, twice": (then(_GOT, _GOT), NOTHING),
    "single, backdated": (lambda w: w.one("delivered", at=at(w)), NOTHING),
    "single, earlier again": (then(_GOT, lambda w: w.one("delivered", at=at(w))), NOTHING),
    "bulk": (lambda w: w.bulk("delivered"), NOTHING),
    "bulk, backdated": (lambda w: w.bulk("delivered", at=at(w)), NOTHING),
    "bulk to a message": (lambda w: w.bulk("delivered", up_to_message=w.ids[0]), NOTHING),
    "batch": (lambda w: w.batch("delivered"), NOTHING),
    "batch, backdated": (lambda w: w.batch("delivered", 2, at=at(w)), NOTHING),
    "all": (lambda w: w.all("delivered"), NOTHING),
    "all, by time": (lambda w: w.all("delivered", at=at(w)), NOTHING),
    "read": (_READ, NOTHING),
    "read by switch": (reading_off(lambda w: w.one("read", content="x")), NOTHING),
    "read, content": (lambda w: w.one("read", private=True, content="x"), NOTHING),
    "read, backdated": (lambda w: w.one("read", private=True, at=at(w)), NOTHING),
    "got, read": (then(_GOT, _READ), NOTHING),
    "read, got": (then(_READ, _GOT), NOTHING),
    "read in bulk": (lambda w: w.bulk("read", private=True), NOTHING),
    "read in bulk, backdated": (lambda w: w.bulk("read", private=True, at=at(w)), NOTHING),
    "read in bulk by switch": (reading_off(lambda w: w.bulk("read")), NOTHING),
    "read in a batch": (lambda w: w.batch("read", 2, private=True, content="x"), NOTHING),
    "read in a batch, backdated": (lambda w: w.batch("read", private=True, at=at(w)), NOTHING),
    "read everywhere": (lambda w: w.all("read", private=True), NOTHING),
    "read everywhere by switch": (reading_off(lambda w: w.all("read")), NOTHING),
    "explicit, by switch": (reading_off(lambda w: w.one("read", private=False)), NOTHING),
    "unread again": (then(_READ, lambda w: w.bulk("unread", from_message=w.ids[0])), NOTHING),
    "read again": (
        then(_READ, lambda w: w.bulk("unread", from_message=w.ids[0]), _READ), NOTHING
    ),
    "retracted": (then(_READ, lambda w: w.bob.post("/me/retract-receipts/")), NOTHING),
    "on again, got": (
        then(lambda w: w.batch("delivered"), on_again(lambda w: w.bulk("delivered"))),
        # A bulk mark of rows that are all received moves the watermark, which is held back.
        NOTHING,
    ),
    "on again, read by default": (
        then(lambda w: w.batch("read", private=True), on_again(lambda w: w.all("read"))), NOTHING
    ),
    "got, edited": (then(_GOT, _EDIT), _EDIT),
    "edited, read": (then(_EDIT, _READ), _EDIT),
    "got, failed": (then(_GOT, fails), fails),
    "failed, got": (then(fails, _GOT), fails),
    "failed, read": (then(fails, _READ), fails),
    "got, left": (then(lambda w: w.bulk("delivered"), _LEAVE), _LEAVE),
    "read, left": (then(lambda w: w.bulk("read", private=True), _LEAVE), _LEAVE),
    "got, away": (then(lambda w: w.bulk("delivered"), World.away), World.away),
    "read, away": (then(lambda w: w.batch("read", private=True), World.away), World.away),
    "away, got": (then(World.away, _GOT), World.away),
    "sending": (reading_off(World.send), sent_without_marks()),
    "sending, unread": (lambda w: w.send(mark_read=False), sent_without_marks()),
}  # fmt: skip
BEFORE: dict[str, Act] = {
    "pending": NOTHING,
    "failed": fails,
    "delivered": lambda w: w.bulk("delivered"),
    "read openly": lambda w: w.one("read"),
    "edited": World.edit,
}
#: An earlier private mark hides an open one.
_EARLIER = {kind for kind in KINDS if "backdated" in kind or "earlier" in kind}
#: What these do to open receipts is another matter.
_OTHERWISE = {"retracted", "failed, got", "failed, read", "got, failed", "on again, got",
              "on again, read by default"}  # fmt: skip


#: What others see of what several kinds look like: it holds no time and no id of its world.
SEEN: dict[tuple[str, Act], list[Any]] = {}


def seen_of(worlds: Any, before: str, act: Act) -> list[Any]:
    """What others see of an act in a world of its own."""
    world: World = worlds()
    BEFORE[before](world)
    world.switch(deliveries=False)
    seen = world.seen_by_others(act)
    world.switch()
    finish(world)
    return seen


@pytest.mark.parametrize("kind", KINDS)
def test_a_private_delivery_is_told_from_none_by_nobody(worlds: Any, kind: str) -> None:
    """Rule 13: every kind of mark with every option, over every state that a row can have."""
    for before in states_for(kind, KINDS, BEFORE):
        if kind in _EARLIER | _OTHERWISE and before not in ("pending", "failed", "edited"):
            continue
        act, instead = KINDS[kind]
        seen = seen_of(worlds, before, act)
        if (before, instead) not in SEEN:
            SEEN[before, instead] = seen_of(worlds, before, instead)
        assert seen == SEEN[before, instead], before
        assert any(isinstance(each, dict) and each for each in seen), before


_OPENLY: Act = lambda w: w.one("read")  # noqa: E731
#: By name: what bob does with his delivery receipts off, and the same by somebody whose device is
#: delivered at the moment of the open read.
READS: dict[str, tuple[Act, Act]] = {
    "single": (_OPENLY, _OPENLY),
    "content": (lambda w: w.one("read", content="x"), lambda w: w.one("read", content="x")),
    "got before": (then(lambda w: w.one("delivered", at=at(w)), _OPENLY), _OPENLY),
    "bulk": (
        then(lambda w: w.bulk("delivered", at=at(w)), lambda w: w.bulk("read")),
        lambda w: w.bulk("read"),
    ),
    "batch": (
        then(lambda w: w.batch("delivered", at=at(w)), lambda w: w.batch("read")),
        lambda w: w.batch("read"),
    ),
    "all": (
        then(lambda w: w.bulk("delivered", at=at(w)), lambda w: w.all("read")),
        lambda w: w.all("read"),
    ),
    "explicit": (
        then(
            lambda w: w.one("read", private=True, at=at(w)),
            lambda w: w.one("read", private=False),
        ),
        _OPENLY,
    ),
    "explicit bulk": (
        then(
            lambda w: w.batch("read", private=True, at=at(w)),
            lambda w: w.bulk("read", private=False),
        ),
        lambda w: w.bulk("read"),
    ),
    "explicit all": (
        then(
            lambda w: w.bulk("read", private=True, at=at(w)), lambda w: w.all("read", private=False)
        ),
        lambda w: w.all("read"),
    ),
    "failed before": (then(fails, _GOT, _OPENLY), then(fails, _OPENLY)),
    "got afterwards": (then(_OPENLY, _GOT), _OPENLY),
    "sending": (then(lambda w: w.batch("delivered", at=at(w)), World.send), World.send),
    "edited, left": (
        then(lambda w: w.one("delivered", at=at(w)), _OPENLY, _EDIT, _LEAVE),
        then(_OPENLY, _EDIT, _LEAVE),
    ),
    "unread again": (
        then(_GOT, _OPENLY, lambda w: w.bulk("unread", from_message=w.ids[0]), _READ), _OPENLY
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", READS)
def test_an_open_read_after_a_private_delivery_looks_like_any_other(worlds: Any, kind: str) -> None:
    """Rule 13: it arrived at the moment of the read, as far as others know."""
    seen = []
    for deliveries, act in zip((False, True), READS[kind], strict=True):
        world = worlds()
        world.switch(deliveries=deliveries)
        seen.append(world.seen_by_others(act))
        world.switch()
        finish(world)
    assert seen[0] == seen[1]
