"""A message whose rows are archived keeps its counts; lists of rows report the archiving."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts import services
from tests.support.cast import say
from tests.support.commands import run


@pytest.fixture
def archived(api: Any, group: Conversation, alice: User, bob: User, carol: User) -> Message:
    """An old message that bob and carol have read."""
    message = say(alice, group, sent_at=timezone.now() - timedelta(days=40))
    for reader in (bob, carol):
        api(reader).post(f"/messages/{message.pk}/read/")
    run("prune_receipts", "--older-than", "30")
    message.refresh_from_db()
    assert message.archived_at
    return message


def told(message: Message) -> str:
    assert message.archived_at
    return message.archived_at.isoformat().replace("+00:00", "Z")


def test_its_summary_is_what_it_was_and_says_since_when(
    api: Any, archived: Message, alice: User
) -> None:
    """Its counts stay, at every path that shows them."""
    summary = api(alice).get(f"/messages/{archived.pk}/status/")
    assert summary == {
        "message": archived.pk, "message_external_id": None,
        "conversation": archived.conversation_id, "conversation_external_id": None, "tracked": True,
        "receipts_by": "rows", "overall_status": "read", "summary_text": "Read by all",
        "total_recipients": 2,
        "delivered_count": 2, "read_count": 2, "read_since_edit_count": 2, "failed_count": 0,
        "delivered": "all", "read": "all", "archived_at": told(archived),
    }  # fmt: skip
    listed = api(alice).get(f"/conversations/{archived.conversation_id}/messages/")["results"]
    assert listed[0]["receipts"] == summary
    assert api(alice).get(f"/receipts/?messages={archived.pk}")["results"] == [summary]


def test_a_message_that_is_not_archived_says_so(api: Any, group: Conversation, alice: User) -> None:
    message = say(alice, group)
    assert api(alice).get(f"/messages/{message.pk}/status/")["archived_at"] is None


@pytest.mark.parametrize("query", ["", "?state=read", "?membership=active&search=bob"])
def test_its_recipients_are_archived(
    api: Any, archived: Message, alice: User, moderator: User, query: str
) -> None:
    """410 shows that they existed: an empty list would be a wrong answer."""
    for who in (alice, moderator):
        answer = api(who).get(f"/messages/{archived.pk}/recipients/{query}", status=410)
        assert answer["code"] == "archived"
        assert told(archived)[:19] in answer["detail"]


def test_who_may_not_see_its_receipts_is_refused_as_before(
    api: Any, archived: Message, bob: User, dave: User
) -> None:
    """Rule 17."""
    api(bob).get(f"/messages/{archived.pk}/recipients/", status=403)
    api(dave).get(f"/messages/{archived.pk}/recipients/", status=404)


@pytest.mark.parametrize("mark", ["delivered", "read"])
def test_a_mark_finds_it_archived(
    api: Any, archived: Message, bob: User, alice: User, dave: User, mark: str
) -> None:
    """For all who take part, except its sender, who never was a recipient (rule 4)."""
    services.add_participant(conversation_id=archived.conversation_id, user=dave)
    path = f"/messages/{archived.pk}/{mark}/"
    for who in (bob, dave):
        assert api(who).post(path, status=410)["code"] == "archived"
    assert api(alice).post(path, status=403)["code"] == "not_recipient"


def test_a_mark_of_who_takes_no_part_is_refused_as_before(
    api: Any, archived: Message, bob: User, dave: User, moderator: User, service_key: str
) -> None:
    """Rule 4."""
    services.remove_participant(conversation_id=archived.conversation_id, user=bob)
    path = f"/messages/{archived.pk}/read/"
    for who in (bob, dave):
        api(who).post(path, status=404)
    assert api(moderator).post(path, status=403)["code"] == "not_recipient"
    for name in ("bob", "dave"):
        answer = api(service_key).post(path, {"user": name}, status=403)
        assert answer["code"] == "not_recipient"


def test_a_failure_of_it_is_archived_news(api: Any, archived: Message, service_key: str) -> None:
    """Rule 11: a failure never overwrites a read."""
    body = {"user": "bob", "reason": "no device"}
    path = f"/messages/{archived.pk}/failed/"
    assert api(service_key).post(path, body, status=410)["code"] == "archived"


def test_the_refusal_does_not_tell_who_has_read(api: Any, archived: Message, bob: User) -> None:
    """Rule 17: bob may not see its receipts."""
    detail = api(bob).post(f"/messages/{archived.pk}/read/", status=410)["detail"]
    assert detail == (
        f"The receipts of this message were archived at {told(archived)[:19]}Z;"
        " its counts are in its summary."
    )


def test_in_a_batch_it_is_unchanged(
    api: Any, archived: Message, group: Conversation, alice: User, bob: User, dave: User
) -> None:
    """The others are marked."""
    fresh = say(alice, group)
    services.add_participant(conversation_id=group.pk, user=dave)
    items = [{"message": each.pk, "state": "read"} for each in (archived, fresh)]
    results = {
        who.username: [
            each["result"] for each in api(who).post("/receipts/", {"receipts": items})["results"]
        ]
        for who in (bob, dave, alice)
    }
    assert results == {
        "bob": ["unchanged", "applied"],
        "dave": ["unchanged", "not_recipient"],
        "alice": ["not_recipient", "not_recipient"],
    }


def test_marks_in_bulk_pass_over_it(
    api: Any, archived: Message, group: Conversation, alice: User, bob: User
) -> None:
    """Rules 7, 8 and 10."""
    fresh = say(alice, group)
    marks = f"/conversations/{group.pk}"
    assert api(bob).post(f"{marks}/mark-read/")["marked"] == 1
    unread = api(bob).post(f"{marks}/mark-unread/", {"from_message": archived.pk})
    assert (unread["marked"], unread["unread_count"]) == (1, 1)
    assert api(bob).post("/me/mark-read/")["marked"] == 1
    assert api(bob).get("/conversations/")["results"][0]["first_unread_message"] is None
    assert fresh.pk != archived.pk


def test_leaving_and_retracting_change_nothing_on_it(
    api: Any, archived: Message, alice: User, bob: User, carol: User
) -> None:
    """Rules 2 and 13: what is archived cannot be retracted (docs/decisions/0012)."""
    api(bob).post("/me/retract-receipts/")
    services.remove_participant(conversation_id=archived.conversation_id, user=carol)
    summary = api(alice).get(f"/messages/{archived.pk}/status/")
    assert (summary["total_recipients"], summary["read_count"]) == (2, 2)


def test_deleting_and_restoring_it_keep_its_counts(
    api: Any, archived: Message, alice: User, moderator: User
) -> None:
    """Rule 21."""
    api(alice).delete(f"/messages/{archived.pk}/")
    api(alice).get(f"/messages/{archived.pk}/recipients/", status=403)
    restored = api(moderator).post(f"/messages/{archived.pk}/restore/")
    assert restored["receipts"]["read_count"] == 2


def test_who_is_told_of_no_reads_is_not_told_that_it_is_archived(
    api: Any, archived: Message, alice: User, settings: Any
) -> None:
    """Rule 14: only messages that all have read are archived."""
    settings.RECEIPTS_RECIPROCAL = True
    api(alice).patch("/me/", {"read_receipts_enabled": False})
    summary = api(alice).get(f"/messages/{archived.pk}/status/")
    assert (summary["archived_at"], summary["overall_status"]) == (None, "delivered")


def test_insights_still_count_it(api: Any, archived: Message, alice: User) -> None:
    """Its counts remain; the times to read are no longer known."""
    day = archived.created_at.date().isoformat()
    total = api(alice).get(f"/insights/?from={day}&to={day}")["total"]
    assert (total["messages"], total["read_rate"]) == (1, 1.0)
    assert total["seconds_to_read"] == {"median": None, "p95": None}
