"""When pushes about the same thing are sent, and what counts as received."""

from __future__ import annotations

from itertools import pairwise

from receipts.feed.positions import Position
from receipts.gateways.sockets.pacing import Pacing
from receipts.gateways.sockets.reached import CERTAIN, Reached
from receipts.gateways.sockets.vendor import Push


def storm(seconds: float, each: float) -> list[tuple[float, int]]:
    """Pushes of a count that rises by one every ``each`` seconds: when they are sent, and what."""
    pacing, sent, count = Pacing(), list[tuple[float, int]](), 0
    ticks = round(seconds / each)
    for tick in range(ticks + round(10 / each)):
        now = tick * each
        if tick < ticks:
            count += 1
            pacing.add([Push(count, about="message 1")])
        sent += [(now, push.data) for push in pacing.due(now)]
    return sent


def test_a_storm_is_a_few_pushes_and_the_last_is_exact() -> None:
    """1,000 readers of one message, in 2, 5 or 10 seconds."""
    for seconds in (2, 5, 10):
        sent = storm(seconds, seconds / 1_000)
        assert sent[0] == (0, 1)
        assert sent[-1][1] == 1_000
        assert len(sent) <= 10, (seconds, sent)


def test_what_is_not_repeated_waits_for_nothing() -> None:
    pacing = Pacing()
    for number in range(50):
        pacing.add([Push(number, about=number)])
        assert [push.data for push in pacing.due(number / 100)] == [number]
    assert pacing.next_due() is None


def test_a_message_takes_along_what_is_held_in_its_order() -> None:
    pacing = Pacing()
    pacing.add([Push("one read", about="m")])
    pacing.due(0)
    pacing.add([Push("two read", about="m")])
    assert pacing.due(0.1) == []
    pacing.add([Push("a new message")])
    assert [push.data for push in pacing.due(0.1)] == ["two read", "a new message"]


def test_a_few_changes_a_second_are_hardly_held() -> None:
    """Three readers a second: each is shown within a quarter of one."""
    pacing, held = Pacing(), list[float]()
    for reader in range(100):
        now = reader / 3
        pacing.add([Push(reader, about="m")])
        due = pacing.next_due() or now if not pacing.due(now) else now
        held.append(due - now)
        pacing.due(due)
    assert max(held) <= 0.25


def test_after_a_storm_the_pause_is_short_again() -> None:
    pacing, sent = Pacing(), list[float]()
    for now in [tick / 10 for tick in range(100)]:
        pacing.add([Push(now, about="m", changes=50)])
        sent += [now for _ in pacing.due(now)]
    assert max(later - earlier for earlier, later in pairwise(sent)) >= 1.9
    pacing.add([Push("later", about="m")])
    pacing.due(20)
    pacing.add([Push("one more", about="m")])
    assert pacing.due(25)
    pacing.add([Push("then", about="m")])
    assert pacing.next_due() == 25.25


def at(number: int) -> Position:
    return Position(str(number), 0)


def test_what_was_sent_is_received_once_something_came_in_a_while_later() -> None:
    reached = Reached()
    reached.sent(at(1), 0)
    reached.sent(at(2), 5)
    assert reached.at(CERTAIN - 1) is None
    assert reached.at(CERTAIN + 1) == at(1)
    assert reached.at(CERTAIN + 2) is None
    assert reached.at(CERTAIN + 6) == at(2)


def test_under_steady_pushes_positions_are_confirmed_all_the_same() -> None:
    reached, confirmed = Reached(), list[Position]()
    for tick in range(400):  # five pushes and five frames a second
        reached.sent(at(tick), tick / 5)
        if position := reached.at(tick / 5):
            confirmed.append(position)
    assert len(confirmed) > 20
    assert int(confirmed[-1].seen) <= 399 - 5 * CERTAIN


def test_at_the_end_only_a_clean_close_counts_what_was_sent_last() -> None:
    reached = Reached()
    reached.idle(at(1))
    assert reached.last(with_sent=False) == at(1)
    reached.sent(at(2), 0)
    assert reached.last(with_sent=False) is None
    assert reached.last(with_sent=True) == at(2)
