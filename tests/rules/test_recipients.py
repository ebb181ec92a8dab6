"""Recipients: a fact, written when the message is sent."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Message, User
from receipts import services
from receipts.models import MessageStatus
from receipts.services import storing
from tests.support.cast import say


def recipients(message: Message) -> set[str]:
    return set(
        MessageStatus.objects.filter(message=message).values_list("recipient__username", flat=True)
    )


def test_sending_writes_a_row_for_everybody_else(group: Conversation, alice: User) -> None:
    """Rule 1: the active participants, except the sender."""
    message = say(alice, group)
    assert recipients(message) == {"bob", "carol"}
    assert message.recipient_count == 2


def test_who_joins_later_is_no_recipient_of_earlier_messages(
    group: Conversation, alice: User, dave: User
) -> None:
    """Rule 1: the set never grows."""
    earlier = say(alice, group)
    services.add_participant(conversation_id=group.pk, user=dave)
    assert recipients(earlier) == {"bob", "carol"}
    assert recipients(say(alice, group)) == {"bob", "carol", "dave"}


def test_a_send_that_fails_half_way_leaves_nothing(
    api: Any, group: Conversation, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule 1: the message and its rows are one transaction."""
    monkeypatch.setattr(storing, "_INSERT_ROWS", "INSERT INTO nowhere")
    # On PostgreSQL the text of the statement is kept.
    monkeypatch.setattr(storing, "_statement", storing._statement.__wrapped__)
    api(alice).post(f"/conversations/{group.pk}/messages/", {"body": "hello"}, status=500)
    assert not Message.objects.exists()


def test_who_leaves_unread_is_withdrawn_and_stops_counting(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 2: the row stays, is listed as withdrawn, and counts nowhere."""
    message = say(alice, group)
    api(bob).delete(f"/conversations/{group.pk}/participants/bob/")
    summary = api(alice).get(f"/messages/{message.pk}/status/")
    assert summary["total_recipients"] == 1
    rows = api(alice).get(f"/messages/{message.pk}/recipients/")["results"]
    assert {row["user"]: row["state"] for row in rows} == {"bob": "withdrawn", "carol": "pending"}


def test_who_leaves_after_a_delivery_stops_counting_as_delivered(
    api: Any, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Rule 2: a delivery is not a disclosed read; the remaining counts are exact."""
    message = say(alice, group)
    api(bob).post(f"/messages/{message.pk}/delivered/")
    api(carol).post(f"/messages/{message.pk}/read/")
    api(alice).delete(f"/conversations/{group.pk}/participants/bob/")
    summary = api(alice).get(f"/messages/{message.pk}/status/")
    assert (summary["overall_status"], summary["delivered_count"]) == ("read", 1)


def test_a_disclosed_read_keeps_counting(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 2."""
    message = say(alice, group)
    api(bob).post(f"/messages/{message.pk}/read/")
    api(bob).delete(f"/conversations/{group.pk}/participants/bob/")
    summary = api(alice).get(f"/messages/{message.pk}/status/")
    assert (summary["total_recipients"], summary["read_count"]) == (2, 1)


def test_a_private_reader_who_leaves_looks_like_one_who_never_read(
    api: Any, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Rules 2 and 13."""
    message = say(alice, group)
    api(bob).patch("/me/", {"read_receipts_enabled": False})
    api(bob).post(f"/messages/{message.pk}/read/")
    api(carol).post(f"/messages/{message.pk}/delivered/")
    for user in (bob, carol):
        api(user).delete(f"/conversations/{group.pk}/participants/{user}/")
    rows = api(alice).get(f"/messages/{message.pk}/recipients/")["results"]
    told = [{**row, "user": "", "user_name": "", "delivered_at": ""} for row in rows]
    assert told[0] == told[1]
    assert told[0]["state"] == "withdrawn"


def test_a_deactivated_account_is_withdrawn_everywhere(
    api: Any, group: Conversation, direct: Conversation, alice: User, service_key: str
) -> None:
    """Rule 2."""
    messages = [say(alice, group), say(alice, direct)]
    api(service_key).patch("/users/bob/", {"is_active": False})
    totals = [
        api(alice).get(f"/messages/{message.pk}/status/")["total_recipients"]
        for message in messages
    ]
    assert totals == [1, 0]
    assert recipients(say(alice, group)) == {"carol"}


def test_a_reactivated_account_is_a_recipient_of_all_but_what_was_sent_meanwhile(
    api: Any, group: Conversation, alice: User, bob: User, service_key: str
) -> None:
    """Rule 2. More in ``test_reactivating``."""
    earlier = say(alice, group)
    api(service_key).patch("/users/bob/", {"is_active": False})
    meanwhile = say(alice, group)
    api(service_key).patch("/users/bob/", {"is_active": True})
    later = say(alice, group)
    for message, status in ((earlier, 200), (meanwhile, 403), (later, 200)):
        api(bob).post(f"/messages/{message.pk}/read/", status=status)
    assert api(alice).get(f"/messages/{meanwhile.pk}/status/")["total_recipients"] == 1


def test_rejoining_makes_one_a_recipient_of_later_messages_only(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 2."""
    earlier = say(alice, group)
    api(bob).delete(f"/conversations/{group.pk}/participants/bob/")
    api(alice).post(f"/conversations/{group.pk}/participants/", {"user": "bob"}, status=201)
    later = say(alice, group)
    marked = api(bob).post(f"/conversations/{group.pk}/mark-read/")
    assert (marked["up_to_message"], marked["marked"]) == (later.pk, 1)
    refused = api(bob).post(f"/messages/{earlier.pk}/read/", status=403)
    assert refused["code"] == "not_recipient"


def test_nobody_to_receive_is_sent(api: Any, group: Conversation, alice: User) -> None:
    """Rule 3: never ``read``."""
    for username in ("bob", "carol"):
        api(alice).delete(f"/conversations/{group.pk}/participants/{username}/")
    message = say(alice, group)
    summary = api(alice).get(f"/messages/{message.pk}/status/")
    assert (summary["overall_status"], summary["total_recipients"]) == ("sent", 0)


def test_when_the_last_unread_recipient_leaves_the_rest_decides(
    api: Any, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Rules 2 and 19: the status changes in the transaction that changes the rows."""
    message = say(alice, group)
    api(bob).post(f"/messages/{message.pk}/read/")
    assert api(alice).get(f"/messages/{message.pk}/status/")["overall_status"] == "partial"
    api(carol).delete(f"/conversations/{group.pk}/participants/carol/")
    assert api(alice).get(f"/messages/{message.pk}/status/")["overall_status"] == "read"


@pytest.mark.parametrize(
    ("policy", "sender", "reason"),
    [
        ("everyone", "bob", None),
        ("admins", "alice", None),
        ("admins", "bob", "policy"),
        ("off", "alice", "policy"),
    ],
)
def test_the_policy_decides_whose_messages_are_tracked(
    api: Any, group: Conversation, alice: User, bob: User, policy: str, sender: str, reason: Any
) -> None:
    """Rule 15."""
    api(alice).patch(f"/conversations/{group.pk}/", {"receipt_policy": policy})
    who = {"alice": alice, "bob": bob}[sender]
    sent = api(who).post(f"/conversations/{group.pk}/messages/", {"body": "hi"}, status=201)
    assert (sent["tracked"], sent["untracked_reason"]) == (reason is None, reason)


def test_an_untracked_message_counts_as_unread_and_tells_nothing(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 15: its rows count as unread; marks set only ``seen_at``, and it stays ``sent``."""
    sent = api(alice).post(
        f"/conversations/{group.pk}/messages/",
        {"body": "psst", "request_receipts": False},
        status=201,
    )
    assert sent["untracked_reason"] == "not_requested"
    assert api(bob).get("/me/")["unread_count"] == 1
    api(bob).post(f"/messages/{sent['id']}/delivered/")
    marked = api(bob).post(f"/messages/{sent['id']}/read/")
    assert (marked["state"], marked["seen_at"] is not None) == ("pending", True)
    assert api(bob).get("/me/")["unread_count"] == 0
    summary = api(alice).get(f"/messages/{sent['id']}/status/")
    assert (summary["tracked"], summary["overall_status"], summary["read"]) == (
        False, "sent", "none",
    )  # fmt: skip


def test_a_mark_up_to_an_untracked_message_moves_no_watermark(
    api: Any, direct: Conversation, alice: User, bob: User
) -> None:
    """Rule 15: no receipt is disclosed, by the watermark neither."""
    say(alice, direct, request_receipts=False)
    api(bob).post(f"/conversations/{direct.pk}/mark-read/")
    watermarks = api(alice).get(f"/conversations/{direct.pk}/participants/bob/")
    assert watermarks["last_read_message"] is None
    assert watermarks["last_delivered_message"] is None
