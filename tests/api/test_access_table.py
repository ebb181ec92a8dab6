"""Every endpoint and every kind of caller: who is answered what, from the router.

A new endpoint fails here until it has its row in TABLE (tests/support/endpoints.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Message
from receipts.models import MessageStatus
from tests.support.endpoints import CALLERS, TABLE, endpoints

#: The same of a message whose rows are archived: 410 to whom they would be shown, and to all who
#: take part and might have had one.
ARCHIVED = {
    "POST messages/<id:pk>/delivered/": (401, 404, 403, 410, 410, 404, 410, 403, 410),
    "POST messages/<id:pk>/read/": (401, 404, 403, 410, 410, 404, 410, 403, 410),
    "POST messages/<id:pk>/failed/": (401, 404, 403, 403, 403, 404, 403, 403, 410),
    "GET messages/<id:pk>/recipients/": (401, 404, 410, 403, 403, 404, 403, 410, 410),
}

#: What is told where everybody is answered 200: each sees and changes what is theirs.
TOLD: dict[str, tuple[Callable[[Any], Any], tuple[Any, ...]]] = {
    "POST me/mark-delivered/": (lambda it: it["marked"], (0, 0, 1, 0, 0, 1, 0, 1)),
    "POST me/mark-read/": (lambda it: it["marked"], (0, 0, 1, 0, 0, 1, 0, 1)),
    "GET conversations/": (lambda it: len(it["results"]), (0, 1, 1, 1, 0, 1, 1, 1)),
    "GET insights/": (lambda it: it["total"]["messages"], (0, 1, 0, 0, 0, 0, 1, 1)),
    "GET events/": (lambda it: len(it["results"]), (0,) * 8),
    "GET receipts/": (
        lambda it: it["results"][0].get("code", "told"),
        ("not_found", "told", *["permission_denied"] * 2, "not_found", "permission_denied",
         "told", "told")),
    "POST receipts/": (
        lambda it: it["results"][0]["result"],
        ("not_found", "not_recipient", "applied", "not_recipient", "not_found", "applied",
         "not_recipient", "applied")),
}  # fmt: skip


def test_the_table_is_whole() -> None:
    """Every endpoint and every kind of caller."""
    missing, gone = endpoints() - set(TABLE), set(TABLE) - endpoints()
    assert not missing, f"say in TABLE what each of CALLERS is answered by {sorted(missing)}"
    assert not gone, f"no such endpoint: {sorted(gone)}"


@pytest.mark.parametrize("endpoint", TABLE)
def test_each_caller_is_answered_as_the_table_says(call: Any, endpoint: str) -> None:
    """Rules 4, 17, 18 and 21."""
    answered = {who: call(endpoint, who).status_code for who in CALLERS}
    assert answered == dict(zip(CALLERS, TABLE[endpoint], strict=True))


@pytest.mark.parametrize("endpoint", [each for each in TABLE if each.split()[1][0] == "m"])
def test_each_caller_is_answered_so_of_an_archived_message(call: Any, endpoint: str) -> None:
    """Other addresses of a message answer as they did."""
    MessageStatus.objects.all().delete()
    Message.objects.update(archived_at=timezone.now())
    answered = {who: call(endpoint, who).status_code for who in CALLERS}
    expected = ARCHIVED.get(endpoint, TABLE[endpoint])
    assert answered == dict(zip(CALLERS, expected, strict=True))


@pytest.mark.parametrize("endpoint", TOLD)
def test_who_is_not_refused_is_told_what_is_theirs(call: Any, endpoint: str) -> None:
    """Rules 4, 7, 17: where everybody may call."""
    read, expected = TOLD[endpoint]
    told = {who: read(call(endpoint, who).json()) for who in CALLERS[1:]}
    assert told == dict(zip(CALLERS[1:], expected, strict=True))
