"""The insights page: the API's figures, drawn on the server."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from chat.models import Conversation, User
from receipts import services
from receipts.admin.charts import chart_columns, parts_of, percent, spoken
from receipts.reads.histograms import READ_WITHIN
from receipts.reads.insights import MeasuredRange
from tests.support.admin import Browser, appointed, plain
from tests.support.insights import BEGIN, mark, write

RANGE = "from=2026-01-05&to=2026-01-09"


@pytest.fixture
def mia(moderator: User) -> Browser:
    return Browser(appointed(moderator))


def test_the_page_tells_what_the_api_tells(
    mia: Browser, api: Any, group: Conversation, alice: User, moderator: User
) -> None:
    first, _ = write(alice, group), write(alice, group, 2)
    mark(first, "bob", after=90)
    mark(first, "carol", after=30, read=False)
    page, text = mia.get(f"insights/?{RANGE}"), plain(mia.get(f"insights/?{RANGE}"))
    total = api(moderator).get(f"/insights/?{RANGE}")["total"]
    assert (total["delivered_rate"], total["read_rate"]) == (0.5, 0.25)
    for told in ("Messages 2 to 4 recipients", "Delivered 50 %", "Read 25 %"):
        assert told in text
    assert "Delivered within 30 s 95 % within 30 s" in text
    assert "5 Jan 2026 1 2 100 % 50 % 30 s, 30 s 1 min 30 s, 1 min 30 s" in text
    assert "Mon 5 Jan 2026: 100 % delivered, 50 % read, 1 message" in page
    assert page.count('<g class="column">') == 2
    assert "under 5 min 1 100.0 %" in text


def test_where_only_reads_tell_of_deliveries_no_time_is_shown(
    mia: Browser, group: Conversation, alice: User
) -> None:
    """Rule 29: as in most imported histories."""
    mark(write(alice, group), "bob", after=90)
    text = plain(mia.get(f"insights/?{RANGE}"))
    assert "Delivered within — only reads tell of deliveries" in text
    assert "Read within 1 min 30 s 95 % within 1 min 30 s" in text


def test_times_to_read_fall_into_buckets(group: Conversation, alice: User) -> None:
    """Each belongs to the first bucket whose end it is under; SQLite reckons in milliseconds."""
    for after in (0, 9.9, 10.1, 59, 61, 299, 301, 3599, 3601, 86399, 86401, 900_000):
        mark(write(alice, group), "bob", after=after)
    found = MeasuredRange(BEGIN.date(), BEGIN.date()).times_to_read()
    assert found == [(label, 2) for _, label in READ_WITHIN]


def test_private_withdrawn_and_deleted_reads_are_in_no_bucket(
    group: Conversation, alice: User, carol: User
) -> None:
    """Rules 2, 13 and 21."""
    mark(write(alice, group), "bob", after=5, private=True)
    deleted = write(alice, group)
    mark(deleted, "bob", after=5)
    services.delete_message(message_id=deleted.pk)
    mark(write(alice, group), "carol", after=5, private=True)
    services.remove_participant(conversation_id=group.pk, user=carol)
    found = MeasuredRange(BEGIN.date(), BEGIN.date()).times_to_read()
    assert [count for _, count in found] == [0] * len(READ_WITHIN)


def test_reads_whose_rows_are_archived_are_counted_and_said_to_have_no_times(
    mia: Browser, group: Conversation, alice: User
) -> None:
    message = write(alice, group)
    mark(message, "bob", after=5)
    message.statuses.all().delete()
    text = plain(mia.get(f"insights/?{RANGE}"))
    assert "Read 50 %" in text
    assert "their read counts are kept, but not the times" in text


def test_one_conversation_is_shown_by_itself(
    mia: Browser, group: Conversation, direct: Conversation, alice: User
) -> None:
    Conversation.objects.filter(pk=direct.pk).update(title="Lunch")
    for chat in (group, direct, direct):
        mark(write(alice, chat), "bob", after=5)
    for name in (direct.pk, "lunch"):
        text = plain(mia.get(f"insights/?{RANGE}&conversation={name}"))
        assert "Messages 2 to 2 recipients" in text
        assert "2 reads" in text


def test_thirty_days_up_to_today_are_shown_unless_one_says(mia: Browser, monkeypatch: Any) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: BEGIN + timedelta(hours=5))
    page = mia.get("insights/")
    assert "7 Dec 2025 – 5 Jan 2026" in plain(page)  # noqa: RUF001
    assert 'name="from" value="2025-12-07"' in page
    assert "No messages with receipts were sent on these days." in page


@pytest.mark.parametrize(
    ("query", "field"),
    [("from=x", "From"), ("to=2026-02-30", "To"), ("from=2026-01-02&to=2026-01-01", "From"),
     ("from=2020-01-01&to=2026-01-01", "From"), ("conversation=nowhere", "Conversation"),
     ("conversation=%00", "Conversation"), ("days=7", "days"), ("from=1969-01-01", "From"),
     ("to=9999-12-31", "To"), ("conversation=99999999999999999999", "Conversation")],
)  # fmt: skip
def test_what_is_asked_wrongly_is_named(mia: Browser, query: str, field: str) -> None:
    page = mia.get(f"insights/?{query}")
    assert f"<p>{field}" in page
    assert "<svg role=" not in page


@pytest.mark.one_server
def test_a_constant_number_of_statements(
    mia: Browser, group: Conversation, alice: User, statements: Any
) -> None:
    """Session, user, two for the rights, the rollup's horizon, and two for all figures."""
    for messages in (1, 20):
        for _ in range(messages):
            mark(write(alice, group), "bob", after=5)
        with statements() as counted:
            mia.get(f"insights/?{RANGE}")
        assert len(counted) == 7, counted.sql


def test_every_part_of_a_bar_lies_beside_the_one_before() -> None:
    parts = parts_of([("a", "A", 1), ("b", "B", 0), ("c", "C", 3)])
    assert [(part.start, part.length) for part in parts] == [(0, 25), (25, 0), (25, 75)]
    assert [part.length for part in parts_of([("a", "A", 0)])] == [0]


def test_every_day_of_a_range_has_its_place() -> None:
    day = {"day": "2026-01-06", "delivered_rate": 0.5, "read_rate": None}
    columns = chart_columns(BEGIN.date(), BEGIN.date() + timedelta(days=3), [day])
    assert [bool(column.figures) for column in columns] == [False, True, False, False]
    assert [column.start for column in columns] == pytest.approx([2.5, 27.5, 52.5, 77.5])
    assert (columns[1].delivered, columns[1].read, columns[1].above_read) == (50, 0, 50)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "—"), (0, "0.0 s"), (9.94, "9.9 s"), (10, "10 s"), (59.6, "1 min"), (90, "1 min 30 s"),
     (3600, "1 h"), (3661, "1 h 1 min"), (86_400 * 3 + 7200, "3 d 2 h"), (86_400 + 60, "1 d")],
)  # fmt: skip
def test_stretches_of_time_are_said_in_two_units(seconds: float | None, words: str) -> None:
    assert spoken(seconds) == words


def test_shares_are_said_in_per_cent() -> None:
    assert [percent(rate) for rate in (None, 0, 1, 0.12345)] == ["—", "0 %", "100 %", "12.3 %"]


def test_charts_have_no_script_and_say_their_figures_in_words(
    mia: Browser, group: Conversation, alice: User
) -> None:
    mark(write(alice, group), "bob", after=5)
    page = mia.get(f"insights/?{RANGE}").split("<main")[1]
    assert "<script" not in page
    assert re.search(
        r'<svg role="img" aria-label="Share of recipients by day: 50 % delivered', page
    )
    assert "<summary>The figures of each day</summary>" in page
