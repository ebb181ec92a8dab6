"""``check_receipts``: who takes part in a large group, beside its positions and its count."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, ConversationParticipant, User
from receipts.models import MemberPosition
from tests.support.cast import say
from tests.support.commands import run, run_fails

pytestmark = pytest.mark.django_db


@pytest.fixture
def large(group: Conversation, alice: User, settings: Any) -> Conversation:
    settings.RECEIPTS_MAX_RECIPIENTS = 1
    say(alice, group)
    return group


def settled(group: Conversation, finding: str) -> None:
    """The finding is reported, and with ``--fix`` nothing is left."""
    found, last = run_fails("check_receipts", code=1)
    assert found[0] == f"conversation {group.pk}: {finding}"
    assert "large conversations that differ 1" in found[1]
    assert last == "Positions and participants of a large conversation differ; --fix settles them."
    assert "large conversations that differ 1 (1 fixed)" in run("check_receipts", "--fix")[1]
    assert "no drift" in run("check_receipts")[0]


def test_positions_that_agree_are_no_finding(large: Conversation) -> None:
    assert "no drift" in run("check_receipts")[0]
    assert "no drift" in run("check_receipts", f"--conversation={large.pk}")[0]


def test_a_count_is_counted_again(large: Conversation) -> None:
    Conversation.objects.update(member_count=7)
    settled(large, "member_count is 7 and should be 3")
    large.refresh_from_db()
    assert large.member_count == 3


def test_a_participant_without_a_position_receives_what_comes_later(
    api: Any, large: Conversation, alice: User, bob: User
) -> None:
    MemberPosition.objects.filter(recipient=bob).delete()
    settled(large, "1 participants have no position")
    later = say(alice, large)
    assert api(bob).post(f"/messages/{later.pk}/read/")["state"] == "read"


def test_a_position_of_somebody_who_is_gone_ends(
    api: Any, large: Conversation, alice: User, bob: User, carol: User
) -> None:
    User.objects.filter(pk=carol.pk).update(is_active=False)
    ConversationParticipant.objects.filter(user=bob).update(
        is_active=False, left_at="2026-11-26T00:00:00Z"
    )
    settled(
        large, "member_count is 3 and should be 1, 2 positions go on without their participants"
    )
    ended = dict(MemberPosition.objects.values_list("recipient__username", "ended"))
    assert ended == {"alice": 0, "carol": 1, "bob": 2}
