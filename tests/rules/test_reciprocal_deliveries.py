"""``RECEIPTS_RECIPROCAL``: who receives privately is shown no deliveries of others (rule 14)."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Message, User
from tests.support.cast import ON_POSTGRES, say
from tests.support.following import Follow

pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)


@pytest.fixture
def message(group: Conversation, alice: User, api: Any, settings: Any) -> Message:
    """By alice, who receives privately."""
    settings.RECEIPTS_RECIPROCAL = True
    Conversation.objects.update(receipts_visible_to="participants")
    api(alice).patch("/me/", {"delivery_receipts_enabled": False})
    return say(alice, group)


def states(api: Any, who: User, message: Message, query: str = "") -> dict[str, str]:
    rows = api(who).get(f"/messages/{message.pk}/recipients/{query}")["results"]
    return {row["user"]: row["state"] for row in rows}


def test_a_delivery_is_pending_and_a_read_is_delivered_when_it_is_read(
    api: Any, message: Message, alice: User, bob: User, carol: User
) -> None:
    """In the recipient list, its filters, and the summary."""
    for user, state in ((bob, "delivered"), (carol, "delivered"), (carol, "read")):
        api(user).post(f"/messages/{message.pk}/{state}/")
    assert states(api, alice, message) == {"bob": "pending", "carol": "read"}
    (row,) = api(alice).get(f"/messages/{message.pk}/recipients/?state=read")["results"]
    assert row["delivered_at"] == row["read_at"]
    for query in ("pending", "undelivered", "unread"):
        assert states(api, alice, message, f"?state={query}") == {"bob": "pending"}
    assert states(api, alice, message, "?state=delivered") == {}
    summary = api(alice).get(f"/messages/{message.pk}/status/")
    counts = (summary["overall_status"], summary["delivered_count"], summary["read_count"])
    assert counts == ("partial", 1, 1)
    assert states(api, carol, message) == {"bob": "delivered", "carol": "read"}


def test_with_both_switches_off_everything_is_pending(
    api: Any, message: Message, alice: User, bob: User, carol: User
) -> None:
    """Reads are deliveries, and deliveries nothing."""
    api(alice).patch("/me/", {"read_receipts_enabled": False})
    api(bob).post(f"/messages/{message.pk}/delivered/")
    api(carol).post(f"/messages/{message.pk}/read/")
    assert states(api, alice, message) == {"bob": "pending", "carol": "pending"}
    assert states(api, alice, message, "?state=pending") == {"bob": "pending", "carol": "pending"}
    summary = api(alice).get(f"/messages/{message.pk}/status/")
    assert (summary["overall_status"], summary["delivered_count"]) == ("sent", 0)


def test_the_delivered_watermark_is_that_of_reads(
    api: Any, message: Message, group: Conversation, alice: User, bob: User
) -> None:
    """One's own is shown as it is."""
    second = say(alice, group)
    path = f"/conversations/{group.pk}"
    api(bob).post(f"{path}/mark-read/", {"up_to_message": message.pk})
    api(bob).post(f"{path}/mark-delivered/")
    shown = api(alice).get(f"{path}/participants/bob/")
    assert (shown["last_delivered_message"], shown["last_read_message"]) == (message.pk,) * 2
    assert shown["last_delivered_at"] == shown["last_read_at"]
    own = api(bob).get(f"{path}/participants/bob/")
    assert own["last_delivered_message"] == second.pk


def test_no_event_tells_of_a_delivery(
    api: Any, follow: Follow, message: Message, alice: User, bob: User
) -> None:
    """Only of the read."""
    heard = follow(alice)
    api(bob).post(f"/messages/{message.pk}/delivered/")
    assert heard() == []
    api(bob).post(f"/messages/{message.pk}/read/")
    assert [mark["state"] for event in heard() for mark in event["marks"]] == ["read"]


def test_insights_count_reads_as_deliveries(
    api: Any, message: Message, alice: User, bob: User, carol: User
) -> None:
    """Counts and rates; a delivery that only a read tells of has no time (rule 29)."""
    api(bob).post(f"/messages/{message.pk}/delivered/")
    total = api(alice).get("/insights/")["total"]
    assert (total["delivered"], total["delivered_rate"]) == (0, 0.0)
    api(carol).post(f"/messages/{message.pk}/read/")
    total = api(alice).get("/insights/")["total"]
    assert (total["delivered"], total["delivered_rate"]) == (1, 0.5)
    assert total["seconds_to_delivered"] == {"median": None, "p95": None}


def test_the_organisation_can_overrule_it(
    api: Any, message: Message, alice: User, bob: User, settings: Any
) -> None:
    """``RECEIPTS_MANDATORY``."""
    settings.RECEIPTS_MANDATORY = True
    api(bob).post(f"/messages/{message.pk}/delivered/")
    assert states(api, alice, message)["bob"] == "delivered"
