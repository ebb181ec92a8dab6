"""Passwords of the admin: how often they may be tried, and what that costs others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import authenticate, hashers
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from chat import signing_in
from chat.models import User
from chat.signing_in import TRIES_A_MINUTE, TooManyTries, address_of

RIGHT = "correct horse"
LIMIT = 5


@pytest.fixture
def mia(moderator: User) -> User:
    moderator.set_password(RIGHT)
    moderator.save()
    return moderator


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were hashed, which is what costs."""
    seen: list[str] = []
    encode = hashers.PBKDF2PasswordHasher.encode

    def noted(self: Any, password: str, *rest: Any) -> str:
        seen.append(password)
        return encode(self, password, *rest)

    monkeypatch.setattr(hashers.PBKDF2PasswordHasher, "encode", noted)
    monkeypatch.setattr(hashers.PBKDF2PasswordHasher, "iterations", 2)
    return seen


def log_in(password: str, username: str = "mia", address: str = "192.0.2.1") -> Any:
    data = {"username": username, "password": password}
    return Client(REMOTE_ADDR=address).post("/admin/login/", data)


def guess(count: int, **how: str) -> list[int]:
    return [log_in(f"guess number {number}", **how).status_code for number in range(count)]


def test_the_right_password_lets_a_moderator_in(mia: User, hashed: list[str]) -> None:
    assert log_in(RIGHT).status_code == 302


def test_after_five_wrong_passwords_the_right_one_is_refused_too(
    mia: User, hashed: list[str]
) -> None:
    """429 with Retry-After, and nothing is hashed any more."""
    assert guess(LIMIT) == [200] * (LIMIT - 1) + [429]
    hashed.clear()
    answer = log_in(RIGHT)
    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    assert "Too many attempts" in answer.content.decode()
    assert hashed == []


def test_nobody_locks_a_moderator_out_from_elsewhere(mia: User, hashed: list[str]) -> None:
    """A lock is for one username from one address."""
    guess(LIMIT + 3, address="198.51.100.7")
    assert log_in(RIGHT).status_code == 302


def test_a_lock_ends_after_some_time_and_tries_meanwhile_do_not_prolong_it(
    mia: User, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    guess(LIMIT)
    first = AccessAttempt.objects.get().attempt_time
    guess(3)
    assert AccessAttempt.objects.get().attempt_time == first
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert log_in(RIGHT).status_code == 302


def test_the_count_holds_over_all_processes(mia: User, hashed: list[str]) -> None:
    """It is in the database, not in the memory of one of them."""
    from django.core.cache import cache

    for _ in range(LIMIT):
        cache.clear()
        log_in("wrong password")
    cache.clear()
    assert log_in(RIGHT).status_code == 429


def test_one_address_tries_few_passwords_whatever_the_usernames(
    mia: User, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many accounts with one password each is guessing as well."""
    monkeypatch.setattr(signing_in, "time", lambda: 30.0)
    tried = [
        log_in("winter2026", username=f"user{number}").status_code
        for number in range(TRIES_A_MINUTE + 5)
    ]
    assert tried == [200] * TRIES_A_MINUTE + [429] * 5
    assert len(hashed) == TRIES_A_MINUTE
    assert log_in(RIGHT, address="192.0.2.2").status_code == 302


@pytest.mark.parametrize(
    ("given", "counted"),
    [("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("", None), ("unix", None),
     ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"), ("2001:db8:1:2:ffff::1", "2001:db8:1:2::")],
)  # fmt: skip
def test_a_whole_network_of_ipv6_counts_as_one_address(given: str, counted: str | None) -> None:
    """One customer has 2 to the 64 of them. No header that a client may forge is looked at."""
    request = HttpRequest()
    request.META = {"REMOTE_ADDR": given, "HTTP_X_FORWARDED_FOR": "203.0.113.9"}
    assert address_of(request) == counted


def test_an_address_that_is_not_known_is_counted_too(mia: User, hashed: list[str]) -> None:
    """Behind a Unix socket there is none."""
    assert guess(LIMIT, address="")[-1] == 429


def test_guessers_hold_two_threads_at_most(mia: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """One password is checked, one waits, and whoever comes then is refused at once."""
    checking, go_on = Event(), Event()

    def slow(*_: Any, **__: Any) -> None:
        checking.set()
        assert go_on.wait(20)

    monkeypatch.setattr(signing_in.ModelBackend, "authenticate", slow)
    backend, refused = signing_in.PasswordBackend(), list[bool]()

    def attempt(then: Callable[[], None] = lambda: None) -> None:
        try:
            backend.authenticate(None, username="mia", password="x")
        except TooManyTries:
            refused.append(True)

    first = Thread(target=attempt)
    first.start()
    assert checking.wait(20)
    second = Thread(target=attempt)
    second.start()
    while signing_in._entered.acquire(blocking=False):  # until the second waits
        signing_in._entered.release()
    attempt()
    assert refused == [True]
    go_on.set()
    first.join(20)
    second.join(20)
    attempt()
    assert refused == [True]


def test_who_is_refused_for_that_gets_a_page(mia: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """429, in a minute; and it counts as no failure."""
    full = signing_in.BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(signing_in, "_entered", full)
    answer = log_in(RIGHT)
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert not AccessAttempt.objects.exists()


def test_no_password_stands_in_the_table_of_failures(mia: User, hashed: list[str]) -> None:
    """What was sent is kept without it."""
    log_in("almost the right one")
    attempt = AccessAttempt.objects.get()
    assert "almost" not in f"{attempt.get_data} {attempt.post_data}"


def test_a_request_is_needed_to_check_a_password(mia: User) -> None:
    """Or failures could not be counted."""
    from axes.exceptions import AxesBackendRequestParameterRequired

    with pytest.raises(AxesBackendRequestParameterRequired):
        authenticate(username="mia", password=RIGHT)
