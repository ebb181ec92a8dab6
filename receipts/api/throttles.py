"""Rate limits per caller: separate for reads and writes, users and service keys.

Counted in windows of a minute, in the memory of each server process: with several processes a
caller gets as many times the rate. A proxy in front is the place for a limit over all of them.
"""

from __future__ import annotations

from hashlib import blake2b
from math import ceil
from time import time
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

WINDOW_SECONDS = 60


class CallerThrottle(BaseThrottle):
    """At most the configured number of requests a minute; 0 means no limit."""

    def allow_request(self, request: Request, view: Any) -> bool:
        credential: Any = request.auth
        if credential is not None:
            caller, is_key = credential.username, credential.scopes is not None
        elif request.user.is_authenticated:
            caller, is_key = request.user.get_username(), False
        else:
            return True  # refused anyway, without a query
        usage = count(caller, is_key=is_key, writes=request.method not in SAFE_METHODS)
        view.usage = usage
        return usage is None or usage.is_within_rate

    def wait(self) -> float:
        return seconds_to_next_window()


class Usage(NamedTuple):
    """How much of a rate a caller has used in this window, with the request that was counted."""

    policy: str
    rate: int
    used: int

    @property
    def is_within_rate(self) -> bool:
        return self.used <= self.rate

    def headers(self) -> dict[str, str]:
        """``RateLimit-Policy`` and ``RateLimit``, as in draft-ietf-httpapi-ratelimit-headers-10."""
        left, seconds = max(0, self.rate - self.used), ceil(seconds_to_next_window())
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.rate};w={WINDOW_SECONDS}',
            "RateLimit": f'"{self.policy}";r={left};t={seconds}',
        }


def is_within_rate(caller: str, *, is_key: bool, writes: bool) -> bool:
    """Count a request of a caller; return whether it is within the configured rate."""
    usage = count(caller, is_key=is_key, writes=writes)
    return usage is None or usage.is_within_rate


def count(caller: str, *, is_key: bool, writes: bool) -> Usage | None:
    """Count a request of a caller; None where no rate is configured."""
    who, what = "KEY" if is_key else "USER", "WRITES" if writes else "READS"
    rate: int = getattr(settings, f"THROTTLE_{who}_{what}")
    if rate == 0:
        return None
    policy = f"{who}-{what}".lower()
    window = int(time()) // WINDOW_SECONDS
    # A username may be too long for a cache key, or have characters that keys must not have.
    name = blake2b(caller.encode(), digest_size=16).hexdigest()
    key = f"throttle:{what}:{window}:{name}"
    # Kept for two windows: one that ends with the window may be gone before it is counted.
    is_first = cache.add(key, 1, timeout=2 * WINDOW_SECONDS)
    return Usage(policy, rate, 1 if is_first else _counted(key))


def seconds_to_next_window() -> float:
    """When callers over their rate may go on."""
    return WINDOW_SECONDS - time() % WINDOW_SECONDS


def _counted(key: str) -> int:
    """Count a request; return the number of requests in this window."""
    try:
        return cache.incr(key)
    except ValueError:  # a full cache has thrown the count away meanwhile
        cache.set(key, 1, timeout=2 * WINDOW_SECONDS)
        return 1
