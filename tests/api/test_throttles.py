"""Throttles: reads and writes apart, people and keys apart."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from chat.models import User
from receipts.feed.stream import GRANTABLE
from receipts.models import StreamTicket


@pytest.fixture(autouse=True)
def minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still, so that no minute ends within a test."""
    monkeypatch.setattr("receipts.api.throttles.time", lambda: 30.0)


def test_too_many_reads_are_refused_with_a_time_to_come_back(
    api: Any, alice: User, settings: Any
) -> None:
    """429 with Retry-After."""
    settings.THROTTLE_USER_READS = 2
    call = api(alice)
    for _ in range(2):
        call.get("/me/")
    refused = call.client.get("/api/v1/me/")
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert 1 <= int(refused["Retry-After"]) <= 60


def test_marks_go_on_where_reads_are_refused(api: Any, alice: User, settings: Any) -> None:
    """Reads and writes are counted apart."""
    settings.THROTTLE_USER_READS = settings.THROTTLE_USER_WRITES = 1
    call = api(alice)
    call.get("/me/")
    call.get("/me/", status=429)
    call.post("/me/mark-read/")
    call.post("/me/mark-read/", status=429)


def test_one_callers_haste_is_not_anothers(api: Any, alice: User, bob: User, settings: Any) -> None:
    settings.THROTTLE_USER_READS = 1
    api(alice).get("/me/")
    api(alice).get("/me/", status=429)
    api(bob).get("/me/")


def test_keys_have_their_own_rate(api: Any, alice: User, service_key: str, settings: Any) -> None:
    settings.THROTTLE_USER_READS, settings.THROTTLE_KEY_READS = 1, 2
    for status in (200, 200, 429):
        api(service_key).get("/users/", status=status)


def test_a_request_at_the_border_of_a_minute_is_counted(
    api: Any, alice: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count began with the minute, and ends with it between being found and being raised."""
    settings.THROTTLE_USER_READS = 1
    clock = [60.0]
    monkeypatch.setattr("receipts.api.throttles.time", lambda: min(clock[0], 119.999))
    ticking = SimpleNamespace(time=lambda: clock.__setitem__(0, clock[0] + 0.4) or clock[0])
    for module in ("base", "locmem"):
        monkeypatch.setattr(f"django.core.cache.backends.{module}.time", ticking)
    api(alice).get("/me/")
    for left in (0.9, 0.7, 0.5, 0.3):
        clock[0] = 120.0 + 0.5 - left
        api(alice).get("/me/", status=429)


def test_a_count_that_the_cache_threw_away_begins_anew(
    api: Any, alice: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full cache forgets at random, also between being found and being raised."""
    settings.THROTTLE_USER_READS = 1
    api(alice).get("/me/")
    found = cache.add

    def add(*given: Any, **options: Any) -> bool:
        added = found(*given, **options)
        cache.clear()
        return added

    monkeypatch.setattr(cache, "add", add)
    api(alice).get("/me/")
    monkeypatch.setattr(cache, "add", found)
    api(alice).get("/me/", status=429)


def test_what_is_left_is_told_before_it_is_too_late(api: Any, alice: User, settings: Any) -> None:
    """RateLimit and RateLimit-Policy, of reads and writes apart, on refusals too."""
    settings.THROTTLE_USER_READS, settings.THROTTLE_USER_WRITES = 2, 5
    call = api(alice)

    def headers(method: str, path: str) -> tuple[str, str]:
        answer = call.call(method, path)
        return answer["RateLimit-Policy"], answer["RateLimit"]

    reads = '"user-reads";q=2;w=60'
    assert headers("GET", "/me/") == (reads, '"user-reads";r=1;t=30')
    assert headers("GET", "/messages/1/") == (reads, '"user-reads";r=0;t=30')
    assert headers("POST", "/me/mark-read/") == (
        '"user-writes";q=5;w=60', '"user-writes";r=4;t=30'
    )  # fmt: skip
    assert call.call("GET", "/me/").status_code == 429
    assert headers("GET", "/me/") == (reads, '"user-reads";r=0;t=30')


def test_where_there_is_no_limit_none_is_told(api: Any, service_key: str) -> None:
    answer = api(service_key).call("GET", "/users/")
    assert "RateLimit" not in answer
    assert "RateLimit-Policy" not in answer


def test_tickets_count_as_their_holders_calls(api: Any, bob: User, settings: Any) -> None:
    """Issuing is a write, opening a stream a read; a refused one has used its ticket up."""
    settings.THROTTLE_USER_READS, settings.THROTTLE_USER_WRITES = 1, 2
    tickets = [api(bob).post("/events/ticket/", status=201)["ticket"] for _ in range(2)]
    api(bob).post("/events/ticket/", status=429)
    for ticket, status in zip(tickets, (200, 429), strict=True):
        accept = {"Accept": "text/event-stream"}
        path = f"/api/v1/events/?ticket={ticket}"
        answer = Client().get(path, headers=accept, **{GRANTABLE: True})
        assert answer.status_code == status
    assert not StreamTicket.objects.exists()
