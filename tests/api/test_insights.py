"""Insights: rates, and times to delivered and read, by UTC day, of one's own messages."""

from __future__ import annotations

from collections import defaultdict
from random import Random
from typing import Any

import pytest

from chat.models import Conversation, User
from receipts import services
from tests.support.history import import_records
from tests.support.insights import BEGIN, NOTHING, RANGE, counts, mark, write


def spreads(answer: dict[str, Any]) -> dict[tuple[str, str, str], float | None]:
    """All times of an answer, by day or "total", state and percentile."""
    return {
        (figures.get("day", "total"), state, name): seconds
        for figures in (answer["total"], *answer["days"])
        for state in ("delivered", "read")
        for name, seconds in figures[f"seconds_to_{state}"].items()
    }


def nearest_rank(seconds: list[float], percent: int) -> float:
    return sorted(seconds)[-(-len(seconds) * percent // 100) - 1]


def test_counts_and_rates_are_by_utc_day(api: Any, group: Conversation, alice: User) -> None:
    """A day ends at midnight UTC; one without messages is left out."""
    first, _, last = (write(alice, group, days) for days in (1 - 1e-11, 1, 3))
    mark(first, "bob", after=60)
    mark(last, "bob", after=60)
    mark(last, "carol", after=60, read=False)
    answer = api(alice).get(f"/insights/{RANGE}")
    days = {each["day"]: counts(each) for each in answer["days"]}
    assert days == {
        "2026-01-05": (1, 2, 1, 1), "2026-01-06": (1, 2, 0, 0), "2026-01-08": (1, 2, 2, 1),
    }  # fmt: skip
    rates = [(each["delivered_rate"], each["read_rate"]) for each in answer["days"]]
    assert rates == [(0.5, 0.5), (0, 0), (1, 0.5)]
    assert counts(answer["total"]) == (3, 6, 3, 2)
    assert (answer["total"]["delivered_rate"], answer["total"]["read_rate"]) == (0.5, 0.3333)


def test_percentiles_are_by_nearest_rank(api: Any, group: Conversation, alice: User) -> None:
    """Over recipients, of each day and of the whole range, which is no mean of days."""
    random, spent = Random(1), defaultdict(list)
    for _ in range(40):
        message = write(alice, group, random.uniform(0, 5))
        for username in ("bob", "carol"):
            after = random.expovariate(1 / 600)
            for read in (False, True)[: random.randrange(3)]:
                seconds = mark(message, username, after=after, read=read)
                for day in (str(message.created_at.date()), "total"):
                    spent[day, "read" if read else "delivered"].append(seconds)
                after += random.expovariate(1 / 600)
    answer = api(alice).get(f"/insights/{RANGE}")
    plain = {
        (day, state, name): nearest_rank(spent[day, state], percent)
        for day in ("total", *(each["day"] for each in answer["days"]))
        for state in ("delivered", "read")
        for name, percent in (("median", 50), ("p95", 95))
    }
    assert len(plain) == 24
    # SQLite reckons in milliseconds.
    assert spreads(answer) == pytest.approx(plain, abs=0.0015)


@pytest.mark.parametrize(
    ("reads", "median", "p95"), [(1, 1, 1), (2, 1, 2), (20, 10, 19), (21, 11, 20)]
)
def test_a_percentile_is_a_time_that_was_taken(
    api: Any, direct: Conversation, alice: User, reads: int, median: int, p95: int
) -> None:
    """By nearest rank, the first at or behind that share of all."""
    for seconds in range(reads, 0, -1):
        mark(write(alice, direct), "bob", after=seconds)
    answer = api(alice).get(f"/insights/{RANGE}")
    for figures in (answer["total"], *answer["days"]):
        assert figures["seconds_to_read"] == {"median": median, "p95": p95}


def test_one_sees_ones_own_messages_and_a_moderator_all(
    api: Any, group: Conversation, alice: User, bob: User, moderator: User, service_key: str
) -> None:
    """Rule 17, in all conversations and in one."""
    mark(write(bob, group), "carol", after=9)
    mark(write(alice, group), "carol", after=5)
    mark(write(alice, group), "carol", after=7)
    for path in ("/insights/", f"/conversations/{group.pk}/insights/"):
        told = [api(who).get(path + RANGE)["total"] for who in (alice, bob, moderator, service_key)]
        assert [each["messages"] for each in told] == [2, 1, 3, 3]
        assert [each["seconds_to_read"]["p95"] for each in told] == [7, 9, 9, 9]


def test_a_conversation_is_told_by_itself(
    api: Any, group: Conversation, direct: Conversation, alice: User, moderator: User
) -> None:
    for chat, seconds in ((group, 5), (direct, 7)):
        mark(write(alice, chat), "bob", after=seconds)
        for who in (alice, moderator):
            total = api(who).get(f"/conversations/{chat.pk}/insights/{RANGE}")["total"]
            assert (total["messages"], total["seconds_to_read"]["median"]) == (1, seconds)


def test_who_sees_no_conversation_is_told_nothing_of_it(
    api: Any, group: Conversation, alice: User, bob: User, dave: User
) -> None:
    """Rule 17, decision 0007: an outsider, and who wrote in it and left; nor in sums over all."""
    write(bob, group)
    assert api(bob).get(f"/insights/{RANGE}")["total"]["messages"] == 1
    services.remove_participant(conversation_id=group.pk, user=bob)
    for who in (bob, dave):
        api(who).get(f"/conversations/{group.pk}/insights/{RANGE}", status=404)
        assert counts(api(who).get(f"/insights/{RANGE}")["total"]) == (0, 0, 0, 0)


def test_what_does_not_count_is_left_out(
    api: Any, group: Conversation, alice: User, carol: User
) -> None:
    """Rules 2, 15 and 21: deleted and untracked messages, and rows that are withdrawn."""
    kept, deleted = write(alice, group), write(alice, group)
    mark(kept, "bob", after=5, read=False)
    mark(kept, "bob", after=6)
    mark(kept, "carol", after=99, read=False)
    for message in (deleted, write(alice, group, request_receipts=False)):
        mark(message, "bob", after=50)
    services.delete_message(message_id=deleted.pk)
    services.remove_participant(conversation_id=group.pk, user=carol)
    total = api(alice).get(f"/insights/{RANGE}")["total"]
    assert (counts(total), total["seconds_to_delivered"]["p95"]) == ((1, 1, 1, 1), 5)


def test_a_delivery_that_only_a_read_tells_of_has_no_time(
    api: Any, group: Conversation, alice: User
) -> None:
    """Rule 29: it counts, and nobody knows when it was; one that was reported has its time."""
    message = write(alice, group)
    mark(message, "bob", after=60)
    total = api(alice).get(f"/insights/{RANGE}")["total"]
    assert (counts(total), total["delivered_rate"]) == ((1, 2, 1, 1), 0.5)
    assert total["seconds_to_delivered"] == NOTHING
    assert total["seconds_to_read"] == {"median": 60, "p95": 60}
    mark(message, "carol", after=5, read=False)
    mark(message, "carol", after=90)
    total = api(alice).get(f"/insights/{RANGE}")["total"]
    assert total["seconds_to_delivered"] == {"median": 5, "p95": 5}


def test_an_imported_read_is_no_time_of_a_delivery(api: Any, alice: User, bob: User) -> None:
    """Rule 29; where the other system has told of both, there is one."""
    sent = BEGIN.isoformat()
    records: list[dict[str, Any]] = [
        {"type": "conversation", "id": "tea", "kind": "group"},
        *({"type": "participant", "conversation": "tea", "user": user, "joined_at": 0}
          for user in ("alice", "bob")),
        *({"type": "message", "id": name, "conversation": "tea", "sender": "alice", "sent_at": sent}
          for name in ("a", "b")),
        {"type": "receipt", "message": "a", "user": "bob", "read_at": "2026-01-05T00:40:00Z"},
        {"type": "receipt", "message": "b", "user": "bob", "read_at": "2026-01-05T00:40:00Z",
         "delivered_at": "2026-01-05T00:00:02Z"},
    ]  # fmt: skip
    import_records(records)
    total = api(alice).get(f"/insights/{RANGE}")["total"]
    assert counts(total) == (2, 2, 2, 2)
    assert total["seconds_to_delivered"] == {"median": 2, "p95": 2}
    assert total["seconds_to_read"] == {"median": 2_400, "p95": 2_400}


def test_a_private_read_is_never_in_it(
    api: Any, group: Conversation, alice: User, moderator: User
) -> None:
    """Rule 13: not in counts, not in times, for moderators neither; it is a delivery."""
    message = write(alice, group)
    mark(message, "bob", after=5, private=True)
    for who in (alice, moderator):
        total = api(who).get(f"/insights/{RANGE}")["total"]
        assert (counts(total), total["seconds_to_read"]) == ((1, 2, 1, 0), NOTHING)
        assert total["seconds_to_delivered"] == {"median": 5, "p95": 5}


def test_who_hides_reads_is_told_of_none_where_it_is_reciprocal(
    api: Any, group: Conversation, alice: User, settings: Any
) -> None:
    """Rule 14."""
    settings.RECEIPTS_RECIPROCAL = True
    mark(write(alice, group), "bob", after=5)
    api(alice).patch("/me/", {"read_receipts_enabled": False})
    answer = api(alice).get(f"/insights/{RANGE}")
    for figures in (answer["total"], *answer["days"]):
        assert (counts(figures), figures["read_rate"]) == ((1, 2, 1, 0), None)
        assert figures["seconds_to_read"] == NOTHING


def test_nor_does_the_time_of_a_delivery_tell_them_of_a_read(
    api: Any, group: Conversation, alice: User, settings: Any
) -> None:
    """Rule 14: without a read it would have a time, so none has."""
    settings.RECEIPTS_RECIPROCAL = True
    api(alice).patch("/me/", {"read_receipts_enabled": False})
    message, told = write(alice, group), []
    for read in (False, True):
        mark(message, "carol" if read else "bob", after=5, read=read)
        told.append(api(alice).get(f"/insights/{RANGE}")["total"])
    assert [each["delivered"] for each in told] == [1, 2]
    assert [each["seconds_to_delivered"] for each in told] == [NOTHING, NOTHING]


@pytest.mark.one_server
def test_insights_take_a_constant_number_of_statements(
    api: Any, group: Conversation, alice: User, moderator: User, statements: Any
) -> None:
    """The caller, the conversation, the rollup's horizon, and one for all figures."""
    for messages in (1, 20):
        for _ in range(messages):
            mark(write(alice, group), "bob", after=5)
        for who in (alice, moderator):
            for path, most in (("/insights/", 3), (f"/conversations/{group.pk}/insights/", 4)):
                caller = api(who)
                with statements() as counted:
                    caller.get(path + RANGE)
                # Whether staff moderate is asked of their group; of nobody else.
                assert len(counted) == most + who.is_staff, counted.sql
