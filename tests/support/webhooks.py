"""A webhook worker, one poll at a time."""

from __future__ import annotations

from receipts.webhooks.delivering import deliver, due, has_news


def turn() -> int:
    """One poll of all endpoints by a worker; returns how many deliveries were accepted."""
    return sum(deliver(each) for each in due() if has_news(each))
