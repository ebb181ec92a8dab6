"""The days that insights are asked for, and what is told where there is nothing to tell."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chat.models import Conversation, User
from receipts import services
from tests.support.insights import BEGIN, NOTHING, RANGE, counts, write


def test_thirty_days_up_to_today_are_told_unless_one_says(
    api: Any, group: Conversation, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The day is that of UTC; "from" alone goes up to today, "to" alone back from it."""
    caller = api(alice)
    for days in (0, 29, 30):
        write(alice, group, -days)
    now = BEGIN + timedelta(hours=23, minutes=59)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    for query, first, last, messages in (
        ("", "2025-12-07", "2026-01-05", 2),
        ("?from=2025-12-06", "2025-12-06", "2026-01-05", 3),
        ("?to=2026-01-04", "2025-12-06", "2026-01-04", 2),
    ):
        answer = caller.get(f"/insights/{query}")
        assert (answer["from"], answer["to"], counts(answer["total"])[0]) == (first, last, messages)


@pytest.mark.parametrize(
    ("query", "messages"),
    [("from=2026-01-06&to=2026-01-07", 3), ("from=2026-01-07&to=2026-01-07", 1),
     ("from=2025-01-05&to=2026-01-05", 1), ("from=1970-01-01&to=1970-01-01", 0)],
)  # fmt: skip
def test_the_first_and_the_last_day_are_in_the_range(
    api: Any, group: Conversation, alice: User, query: str, messages: int
) -> None:
    """From the first midnight to the last; 366 days are as many as may be asked for."""
    for days in (1 - 1e-11, 1, 2 - 1e-11, 3 - 1e-11, 3):
        write(alice, group, days)
    assert counts(api(alice).get(f"/insights/?{query}")["total"])[0] == messages


@pytest.mark.parametrize(
    ("query", "field"),
    [("from=2026-01-06&to=2026-01-05", "from"), ("from=2025-01-04&to=2026-01-05", "from"),
     *((f"{field}={junk}", field) for field in ("from", "to")
       for junk in ("", "today", "2026-02-30", "2026-1-5", "20260105", "2026-W01-1", "0000-01-01",
                    "9999-12-31", "2026-01-05T00:00:00Z", " 2026-01-05", "%D9%A2026-01-05", "%00",
                    "-2026-01-05", "1969-12-31")),
     ("since=2026-01-05", "since"), ("limit=5", "limit")],
)  # fmt: skip
def test_a_range_that_is_none_names_its_field(
    api: Any, group: Conversation, alice: User, query: str, field: str
) -> None:
    for path in ("/insights/", f"/conversations/{group.pk}/insights/"):
        assert list(api(alice).get(f"{path}?{query}", status=400)) == [field]


def test_nothing_sent_is_nothing_told(api: Any, alice: User) -> None:
    """A share of nothing is no number."""
    answer = api(alice).get(f"/insights/{RANGE}")
    total = answer.pop("total")
    assert answer == {"from": "2026-01-05", "to": "2026-01-09", "days": []}
    assert counts(total) == (0, 0, 0, 0)
    assert (total["delivered_rate"], total["read_rate"]) == (None, None)
    assert (total["seconds_to_delivered"], total["seconds_to_read"]) == (NOTHING, NOTHING)


def test_a_message_without_recipients_has_no_rate(api: Any, alice: User) -> None:
    """Rule 3: it was sent, and that is all."""
    alone = services.create_conversation(owner=alice, participants=[], kind="group")
    write(alice, alone)
    [day] = api(alice).get(f"/insights/{RANGE}")["days"]
    assert (counts(day), day["read_rate"], day["seconds_to_read"]) == ((1, 0, 0, 0), None, NOTHING)
