"""Rule 13 with concurrency: a private delivery beside an open mark that would cover it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat.models import Conversation, ConversationParticipant, User
from receipts import services
from receipts.models import MessageStatus
from receipts.reads.watermarks import show_watermarks
from receipts.services.marking import RecipientKey
from tests.support.cast import say
from tests.support.positions import up_to
from tests.support.racing import first_then
from tests.support.random_work import assert_no_drift

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("private_first", [True, False])
@pytest.mark.parametrize("mark", ["delivered", "read", "all delivered", "all read", "send"])
def test_no_watermark_covers_a_private_delivery_that_was_made_beside_it(
    group: Conversation, alice: User, bob: User, mark: str, private_first: bool
) -> None:
    """In either order: an open read is the only one that discloses it."""
    one, two = say(alice, group), say(alice, group)
    privately = RecipientKey(message_id=one.pk, recipient_id=bob.pk, conversation_id=group.pk)
    hide = lambda: services.mark_read(  # noqa: E731
        row=privately, private=True, hides_delivery=True, at=one.created_at
    )
    position = up_to(bob, two.pk)
    opens: dict[str, Callable[[], Any]] = {
        "delivered": lambda: services.bulk_mark_delivered(position=position),
        "read": lambda: services.bulk_mark_read(position=position),
        "all delivered": lambda: services.mark_all_delivered(user_id=bob.pk),
        "all read": lambda: services.mark_all_read(user_id=bob.pk),
        "send": lambda: say(bob, group),
    }
    first_then(*((hide, opens[mark]) if private_first else (opens[mark], hide)))
    row = MessageStatus.objects.get(message=one, recipient=bob)
    assert (row.received_at, row.delivered_at, row.read_at) == (one.created_at, None, None)
    mine = ConversationParticipant.objects.get(user=bob)
    show_watermarks([mine])
    assert (mine.last_delivered_message_id, mine.last_read_message_id) == (None, None)
    assert_no_drift()
