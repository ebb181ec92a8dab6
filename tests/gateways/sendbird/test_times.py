"""The two times of a member, against the watermarks that they represent."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.models import Conversation, ConversationParticipant, Message, User
from receipts import services
from receipts.gateways.sendbird.clock import message_times
from receipts.gateways.sendbird.times import times_of
from tests.support.cast import say
from tests.support.positions import up_to


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    offsets=st.lists(st.integers(0, 12), min_size=1, max_size=7),
    marks=st.lists(st.tuples(st.booleans(), st.integers(0, 6)), max_size=6),
)
def test_no_time_shows_a_receipt_that_nobody_gave(
    group: Conversation, alice: User, bob: User, offsets: list[int], marks: list[tuple[bool, int]]
) -> None:
    """Messages with any times, in any order: never too much, and exact wherever possible."""
    Message.objects.all().delete()
    ConversationParticipant.objects.update(last_read_message=None, last_delivered_message=None)
    start = timezone.now() - timedelta(hours=1)
    sent = [
        # Half milliseconds: some share one, some do not.
        say(alice, group, sent_at=start + timedelta(microseconds=500 * offset))
        for offset in offsets
    ]
    for read, index in marks:
        mark = services.bulk_mark_read if read else services.bulk_mark_delivered
        mark(position=up_to(bob, sent[min(index, len(sent) - 1)].pk))
    times = times_of([group.pk])[group.pk]["bob"]
    here = ConversationParticipant.objects.get(user=bob, conversation=group)
    for time, watermark in (
        (times.read, here.last_read_message_id),
        (times.delivered, here.last_delivered_message_id),
    ):
        assert (time is None) == (watermark is None)
        if time is None or watermark is None:
            continue
        at = message_times([(group.pk, sent[0].pk, sent[-1].pk)])
        within = [ms for pk, ms in at.items() if pk <= watermark]
        beyond = [ms for pk, ms in at.items() if pk > watermark]
        assert all(time < ms for ms in beyond)
        if offsets == sorted(offsets) or not beyond or max(within) < min(beyond):
            assert all(time >= ms for ms in within)
