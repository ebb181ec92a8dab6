"""social.plus's calls as its SDK makes them: responses, and effects in the native API."""

from __future__ import annotations

from typing import Any

import pytest

from chat.authentication import issue_token
from chat.models import Conversation, ConversationParticipant, Message, User
from receipts import services
from receipts.gateways.socialplus.segments import segment_of
from receipts.models import ReceiptEvent
from tests.support.cast import Api, say
from tests.support.positions import up_to


@pytest.fixture
def feed(group: Conversation) -> str:
    """The group's name for its clients; it contains any character that their ids may."""
    Conversation.objects.filter(pk=group.pk).update(external_id="maths/hello world")
    return "maths/hello world"


class SocialPlus(Api):
    """A client that calls the paths of social.plus."""

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        return super().__call__(method, f"http://testserver{path}", body, status)

    def put(self, path: str, body: Any = None, status: int = 200) -> Any:
        return self("PUT", path, body, status)


@pytest.fixture
def sp() -> Any:
    """``sp(alice)`` calls with her session's token."""
    return lambda who: SocialPlus(issue_token(who)[0] if isinstance(who, User) else who)


def test_a_message_is_sent_once_however_often_its_reference_comes(
    sp: Any, group: Conversation, feed: str, alice: User
) -> None:
    body = {
        "messageFeedId": feed,
        "dataType": "text",
        "data": {"text": "hello"},
        "referenceId": "LOCAL_1",
    }
    first, again = (sp(alice).post("/api/v5/messages", body)["messages"][0] for _ in range(2))
    assert first == again
    assert first["data"] == {"text": "hello"}
    assert (first["messageFeedId"], first["channelPublicId"]) == (feed, feed)
    assert (first["creatorId"], first["creatorPublicId"]) == (str(alice.pk), "alice")
    message = Message.objects.get()
    assert (message.pk, segment_of(message.created_at)) == (
        int(first["messageId"]), first["segment"],
    )  # fmt: skip
    assert first["isDeleted"] is False


def test_a_message_is_edited_by_its_sender(
    sp: Any, api: Any, group: Conversation, feed: str, alice: User, bob: User
) -> None:
    """As ``editMessage`` sends it; the native API shows the same, and the event is published."""
    message = say(alice, group, "hello")
    path, body = f"/api/v5/messages/{message.pk}", {"data": {"text": "good day"}}
    assert "editedAt" not in sp(alice).get(path)["messages"][0]
    sp(bob).put(path, body, status=403)
    (edited,) = sp(alice).put(path, body)["messages"]
    native = api(bob).get(f"/messages/{message.pk}/")
    assert edited["data"] == {"text": native["body"]} == {"text": "good day"}
    assert edited["editedAt"] == edited["updatedAt"] == native["edited_at"]
    assert ReceiptEvent.objects.filter(kind="message.edited").count() == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"data": "x"}, {"data": {"text": ""}}, {"data": {"text": "x"}, "tags": ["y"]},
     {"data": {"text": "x", "caption": "y"}}, {"data": {"text": 1}}],
)  # fmt: skip
def test_an_edit_that_is_no_text_is_refused(
    sp: Any, group: Conversation, alice: User, body: dict[str, Any]
) -> None:
    """What could not be kept is not lost in silence."""
    message = say(alice, group, "hello")
    sp(alice).put(f"/api/v5/messages/{message.pk}", body, status=400)
    assert Message.objects.get().body == "hello"


def test_segments_grow_in_a_feed(sp: Any, group: Conversation, feed: str, alice: User) -> None:
    for _ in range(3):
        say(alice, group)
    page = sp(alice).get(f"/api/v5/messages?messageFeedId={feed}&options[sortBy]=segmentAsc")
    segments = [each["segment"] for each in page["messages"]]
    assert segments == sorted(set(segments))
    assert len(segments) == 3


def test_a_conversation_without_a_name_of_its_own_goes_by_its_id(
    sp: Any, group: Conversation, direct: Conversation, alice: User
) -> None:
    """A conversation with an external id has only that, even if it looks like another's id."""
    say(alice, group)
    assert sp(alice).get(f"/api/v5/messages?messageFeedId={group.pk}")["messages"]
    Conversation.objects.filter(pk=direct.pk).update(external_id=str(group.pk))
    assert sp(alice).get(f"/api/v5/messages?messageFeedId={group.pk}")["messages"] == []
    sp(alice).get(f"/api/v5/messages?messageFeedId={direct.pk}", status=404)


def test_a_delivery_and_a_read_count_for_the_sender(
    sp: Any, api: Any, group: Conversation, feed: str, alice: User, bob: User, carol: User
) -> None:
    """The marker has the creator's internal id, by which alone its SDK finds the counts."""
    first, second = say(alice, group), say(alice, group)
    marks = f"/api/v1/markers/message-feeds/{feed}"
    answer = sp(bob).put(f"{marks}/mark-delivering", {"messageId": str(second.pk)})
    assert set(answer) == {"userMarkers", "userEntityMarkers", "userFeedMarkers"}
    sp(carol).put(f"{marks}/mark-read", {"readToSegment": segment_of(first.created_at)})
    path = f"/api/v1/markers/messages?messageIds[]={first.pk}&messageIds[]={second.pk}"
    counts = sp(alice).get(path)["contentMarkers"]
    assert [(each["readCount"], each["deliveredCount"]) for each in counts] == [(1, 2), (0, 1)]
    assert {each["creatorId"] for each in counts} == {str(alice.pk)}
    assert {each["feedId"] for each in counts} == {feed}
    native = api(alice).get(f"/messages/{first.pk}/status/")
    assert (native["read_count"], native["delivered_count"]) == (1, 2)


def test_reading_to_a_segment_of_another_feed_reads_what_is_not_beyond_it(
    sp: Any, group: Conversation, direct: Conversation, feed: str, alice: User, bob: User
) -> None:
    """The newest message at or below it; before the first one there is nothing to read."""
    before = say(alice, direct)
    mine, between, beyond = say(alice, group), say(alice, direct), say(alice, group)
    path = f"/api/v1/markers/message-feeds/{feed}/mark-read"
    sp(bob).put(path, {"readToSegment": segment_of(before.created_at)})
    assert Message.objects.filter(read_count__gt=0).count() == 0
    sp(bob).put(path, {"readToSegment": segment_of(between.created_at)})
    assert list(Message.objects.filter(read_count=1)) == [mine]
    sp(bob).put(path, {"readToSegment": 2**62})
    assert set(Message.objects.filter(read_count=1)) == {mine, beyond}


def test_a_channel_is_read_without_a_body(
    sp: Any, group: Conversation, feed: str, alice: User, bob: User
) -> None:
    """Its SDK sends an empty form."""
    message = say(alice, group)
    response = sp(bob).client.put(
        f"/api/v1/markers/channels/{feed}/mark-read",
        b"",
        content_type="application/x-www-form-urlencoded",
    )
    assert response.status_code == 200
    assert Message.objects.get(pk=message.pk).read_count == 1


def test_read_users_and_delivered_users_by_membership(
    sp: Any, group: Conversation, alice: User, bob: User, carol: User
) -> None:
    """Each recipient is in exactly one of the five; a reader has received it."""
    people = {"bob": bob, "carol": carol}
    for name in ("erin", "frank", "gina"):
        people[name] = User.objects.create_user(name)
        services.add_participant(conversation_id=group.pk, user=people[name])
    message = say(alice, group)
    for name in ("carol", "erin", "frank", "gina"):
        services.bulk_mark_read(position=up_to(people[name], message.pk))
    sp(bob).put(
        f"/api/v1/markers/message-feeds/{group.pk}/mark-delivering", {"messageId": str(message.pk)}
    )
    ConversationParticipant.objects.filter(user=carol).update(is_muted=True)
    services.remove_participant(conversation_id=group.pk, user=people["erin"], banned=True)
    services.remove_participant(conversation_id=group.pk, user=people["frank"])
    services.deactivate_user(user=people["gina"])

    def ids(which: str, query: str = "") -> list[str]:
        path = f"/api/v1/markers/messages/{message.pk}/{which}-users{query}"
        return sp(alice).get(path)["publicUserIds"]

    assert ids("read") == ["carol", "erin", "frank", "gina"]
    assert ids("delivered") == ["bob", "carol", "erin", "frank", "gina"]
    words = {
        word: ids("delivered", f"?memberships[]={word}")
        for word in ("member", "muted", "banned", "non-member", "deleted")
    }
    assert words == {
        "member": ["bob"], "muted": ["carol"], "banned": ["erin"], "non-member": ["frank"],
        "deleted": ["gina"],
    }  # fmt: skip
    assert ids("delivered", "?memberships[]=member&memberships[]=muted") == ["bob", "carol"]
