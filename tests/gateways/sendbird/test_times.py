"""The two times of a member, against the rows and the watermarks that they represent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.models import Conversation, ConversationParticipant, Message, User
from chat.names import MessageReference
from receipts import services
from receipts.gateways.sendbird.times import times_of
from receipts.gateways.unixtime import milliseconds
from receipts.models import MessageStatus
from tests.support.cast import say
from tests.support.positions import up_to

SENDING = st.tuples(st.just("send"), st.integers(0, 12))
MARKING = st.tuples(st.sampled_from(["read", "delivered", "private", "unread"]), st.integers(0, 6))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(SENDING | MARKING, min_size=1, max_size=12))
def test_no_time_shows_a_receipt_that_nobody_gave(
    api: Any, group: Conversation, alice: User, bob: User, steps: list[tuple[str, int]]
) -> None:
    """Messages with any times arrive between marks: never too much, and exact where possible."""
    Message.objects.all().delete()
    MessageStatus.objects.all().delete()
    ConversationParticipant.objects.update(
        last_read_message=None, last_delivered_message=None, held_back=False
    )
    start = timezone.now() - timedelta(hours=1)
    for step, number in [("send", 0), *steps]:
        take_step(group, alice, bob, step, number, start)
    in_order = list(Message.objects.order_by("created_at", "pk"))
    people = api(bob).get(f"/conversations/{group.pk}/participants/")["results"]
    shown = next(each for each in people if each["user"] == "bob")
    times = times_of([group.pk])[group.pk]["bob"]
    check(in_order, "read", times.read, shown["last_read_message"])
    check(in_order, "delivered", times.delivered, shown["last_delivered_message"])


def take_step(
    group: Conversation, alice: User, bob: User, step: str, number: int, start: datetime
) -> None:
    if step == "send":
        # Half milliseconds: some share one, some do not.
        say(alice, group, sent_at=start + timedelta(microseconds=500 * number))
        return
    ids = list(Message.objects.order_by("pk").values_list("pk", flat=True))
    pk = ids[min(number, len(ids) - 1)]
    if step == "unread":
        services.mark_unread_from(
            conversation_id=group.pk,
            username=bob.username,
            message=MessageReference(number=pk),
        )
    elif step == "delivered":
        services.bulk_mark_delivered(position=up_to(bob, pk))
    else:
        services.bulk_mark_read(position=up_to(bob, pk), private=step == "private")


def check(in_order: list[Message], state: str, time: int | None, watermark: int | None) -> None:
    """A client shows what is at or before ``time``: all of that, and no more, has the receipt."""
    assert (time is None) == (watermark is None)
    if time is None:
        return
    marked = MessageStatus.objects.filter(
        **{"recipient__username": "bob", f"{state}_at__isnull": False}
    )
    rows = set(marked.values_list("message_id", flat=True))
    assert {each.pk for each in in_order if milliseconds(each.created_at) <= time} <= rows
    at = [milliseconds(each.created_at) for each in in_order]
    place = [each.pk for each in in_order].index(watermark)
    if place + 1 == len(at) or at[place] < at[place + 1]:
        assert time >= at[place]
