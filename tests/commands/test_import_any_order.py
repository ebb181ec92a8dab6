"""Any lines in any files in any order: the same rows, counts and watermarks as one sorted file."""

from __future__ import annotations

from itertools import count, pairwise
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.models import Conversation, User
from receipts import services
from receipts.upkeep.checking import Check
from tests.support.cast import ON_POSTGRES
from tests.support.dealing import examples
from tests.support.entering import ON_CITUS
from tests.support.history import START, Record, import_records, refused, told
from tests.support.positions import up_to

pytestmark = pytest.mark.django_db

NUMBERS = count(1_000)
PEOPLE = ("ann", "ben", "cat", "dan")
#: Who hides reads, and who deliveries.
Hiding = tuple[set[str], set[str]]
#: Few, so that times coincide, jump back and lie outside of stays.
seconds = st.integers(min_value=0, max_value=12)


@st.composite
def histories(draw: Any) -> tuple[list[Record], Hiding, bool]:
    """Records without ids of their own; who hides what; whether messages have equal times."""
    people = PEOPLE[: draw(st.integers(2, 4))]
    equal_times = draw(st.booleans())
    hiding, unheard = draw(st.sets(st.sampled_from(people))), draw(st.sets(st.sampled_from(people)))
    acknowledging = draw(st.sampled_from(people))
    records: list[Record] = [{"type": "user", "id": name} for name in people]
    records.append({"type": "conversation", "id": "tea"})
    for name in people:
        for _ in range(draw(st.integers(1, 3))):
            joined = draw(st.none() | seconds)
            left = draw(st.none() | st.integers(joined or 0, 15))
            role = draw(st.sampled_from(["owner", "member"]))
            records.append(
                {"type": "participant", "conversation": "tea", "user": name,
                 "joined_at": joined, "left_at": left, "role": role}
            )  # fmt: skip
    times = draw(st.lists(seconds, min_size=2, max_size=7, unique=not equal_times))
    for number, sent in enumerate(times):
        message: Record = {
            "type": "message", "id": f"m{number}", "conversation": "tea",
            "sender": draw(st.sampled_from(people)), "sent_at": sent, "body": "now",
        }  # fmt: skip
        if number and draw(st.integers(0, 2)) == 0:
            message["thread"] = f"m{draw(st.integers(0, number - 1))}"
        records.append(message)
        if draw(st.integers(0, 4)) == 0:
            edited = draw(st.integers(sent, 20))
            records.append(message | {"body": f"edited {edited}", "edited_at": edited})
        if draw(st.integers(0, 4)) == 0:
            records.append(message | {"deleted_at": draw(st.integers(sent, 20))})
    named = st.integers(0, len(times) - 1)
    for _ in range(draw(st.integers(0, 14))):
        user, number = draw(st.sampled_from(people)), draw(named)
        at = draw(st.integers(0, 20))
        private = draw(
            st.sampled_from([None, True] if user in hiding else [None, None, False, True])
        )
        if user == acknowledging and user not in hiding:
            private = draw(st.sampled_from([None, False]))
        # A private read at the very time of its message cannot be told from "seen" later.
        later = at if private is None and user not in hiding else max(at, times[number] + 1)
        kind = draw(st.sampled_from(["read", "delivered", "failed", "position", "reached", "seen"]))
        if kind == "failed" and user in unheard:
            kind = "delivered"  # an open read ends a failure, though a private one may precede it
        receipt = {"type": "receipt", "message": f"m{number}", "user": user}
        watermark = {"type": "watermark", "conversation": "tea", "user": user, "at": later}
        acknowledged = user == acknowledging and user not in hiding
        content = {"content": f"yes {at}"} if acknowledged else {}
        records.append(
            {
                "read": receipt | {"read_at": later, "private": private} | content,
                "delivered": receipt | {"delivered_at": at},
                "failed": receipt | {"failed_at": at, "reason": f"no {at % 3}"},
                "position": watermark | {"read_up_to": f"m{number}", "private": private},
                "reached": watermark | {"delivered_up_to": f"m{number}"},
                "seen": {"type": "seen", "conversation": "tea", "user": user,
                         "up_to": draw(st.sampled_from([None, f"m{number}"]))},
            }[kind]
        )  # fmt: skip
    return records, (hiding, unheard), equal_times


class Side:
    """One of two conversations that should become the same, with names of its own."""

    def __init__(self, hiding: Hiding, live: bool) -> None:
        self.prefix = f"{next(NUMBERS)}."
        self.users = {
            name: User.objects.create(
                username=self.prefix + name,
                read_receipts_enabled=name not in hiding[0],
                delivery_receipts_enabled=name not in hiding[1],
            )
            for name in PEOPLE
        }
        self.live = live
        if live:
            self.live_talk()

    def live_talk(self) -> None:
        """Ann writes here, ben reads it, cat does not; ann writes again."""
        talk = services.create_conversation(
            owner=self.users["ann"], participants=self.users.values(), kind="group",
            external_id=f"{self.prefix}tea",
        )  # fmt: skip
        for text in ("one", "two"):
            sent = services.send_message(
                conversation_id=talk.pk, sender=self.users["ann"], body=text, client_id=text
            ).message
            if text == "one":
                services.bulk_mark_read(position=up_to(self.users["ben"], sent.pk))

    def record(self, record: Record) -> Record:
        ids = ("id", "conversation", "user", "sender", "message", "up_to", "read_up_to",
               "delivered_up_to", "thread")  # fmt: skip
        named = {
            name: self.prefix + value
            for name, value in record.items()
            if name in ids and value is not None
        }
        times = {
            name: START + value
            for name, value in record.items()
            if (name.endswith("_at") or name == "at") and value is not None
        }
        return record | named | times

    def bring_in(self, files: list[list[Record]]) -> None:
        """Import them again and again, until nothing that was refused is taken any more."""
        before: Any = None
        for _ in range(8):
            skipped = [refused(import_records(map(self.record, file))) for file in files]
            after = (skipped, self.state())
            if after == before:
                return
            before = after
        raise AssertionError("It never comes to rest.")

    @property
    def conversation(self) -> int:
        return Conversation.objects.get(external_id=f"{self.prefix}tea").pk

    def state(self) -> Any:
        talk = Conversation.objects.get(external_id=f"{self.prefix}tea")
        state = told(talk, self.plain)
        if not self.live:
            return state
        # Times of now differ between the two.
        state["messages"] = {
            name: values if name not in ("one", "two") else values[4:]
            for name, values in state["messages"].items()
        }
        state["rows"] = {
            key: values if key[0] not in ("one", "two") else [value is None for value in values]
            for key, values in state["rows"].items()
        }
        for marks in ("stored", "shown"):
            state[marks] = {
                name: (delivered, delivered_at if delivered not in ("one", "two") else 0,
                       read, read_at if read not in ("one", "two") else 0)
                for name, (delivered, delivered_at, read, read_at) in state[marks].items()
            }  # fmt: skip
        state["members"] = {name: values[:2] for name, values in state["members"].items()}
        return state

    def plain(self, name: str | None) -> str | None:
        return name and name.removeprefix(self.prefix)


def in_order(record: Record) -> tuple[int, int, str]:
    kinds = ["user", "conversation", "participant", "message", "receipt", "watermark", "seen"]
    return kinds.index(record["type"]), record.get("sent_at", 0), str(record)


class Differs(AssertionError):
    """The two sides are not the same."""


def compare(one_file: list[Record], files: list[list[Record]], hiding: Hiding, live: bool) -> None:
    """Import both ways, and take both back."""
    with transaction.atomic():
        one, many = Side(hiding, live), Side(hiding, live)
        one.bring_in([one_file])
        many.bring_in(files)
        expected, found = one.state(), many.state()
        for part in expected:
            if found[part] != expected[part]:
                raise Differs(f"{part}:\n{found[part]}\nshould be\n{expected[part]}")
        for side in (one, many):
            check = Check(say=print, conversation=side.conversation)
            check.run()
            if check.left:
                raise Differs(f"{check.drifted} {check.strays} {check.left_open}")
        transaction.set_rollback(True)


def assert_same(data: Any, live: bool) -> None:
    records, hiding, equal_times = data.draw(histories())
    shuffled = data.draw(st.permutations(records))
    most = 0 if equal_times else 3
    cuts = sorted(data.draw(st.lists(st.integers(0, len(records)), max_size=most)))
    edges = [0, *cuts, len(records)]
    files = [shuffled[a:b] for a, b in pairwise(edges)]
    compare(sorted(records, key=in_order), files, hiding, live)


COMMON: dict[str, Any] = {
    "deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck),
}  # fmt: skip


@pytest.mark.long
@pytest.mark.timeout(300)
@settings(max_examples=examples(4 if ON_CITUS else 20 if ON_POSTGRES else 40), **COMMON)
@given(data=st.data())
def test_lines_in_any_order_and_any_files_give_what_one_sorted_file_gives(data: Any) -> None:
    """Rules 1, 2, 5 to 7, 11 to 13, 19 and 30."""
    assert_same(data, live=False)


@pytest.mark.long
@pytest.mark.timeout(300)
@settings(max_examples=examples(12 if ON_POSTGRES else 25), **COMMON)
@given(data=st.data())
def test_so_they_do_in_a_conversation_that_is_live(data: Any) -> None:
    """Rules 1, 2, 5 to 7, 11 to 13 and 19."""
    assert_same(data, live=True)
