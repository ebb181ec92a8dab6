"""The admin as a whole: every page opens, whatever is asked, at a constant number of statements."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Message, ServiceKey, User
from receipts import services
from tests.support.admin import Browser, appointed
from tests.support.cast import say

LISTS = [
    "chat/user",
    "chat/conversation",
    "chat/conversationparticipant",
    "chat/message",
    "receipts/messagestatus",
]


@pytest.fixture
def root(db: None) -> Browser:
    return Browser(User.objects.create_superuser("root"))


@pytest.fixture
def mia(moderator: User) -> Browser:
    return Browser(appointed(moderator))


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return say(alice, group, "tea?")


def test_a_moderator_finds_what_there_is_on_the_first_page(mia: Browser, message: Message) -> None:
    """No empty sections, and nothing that is not theirs to look at."""
    page = mia.get("")
    for section in ("Messages", "Conversations", "Users", "Insights", "Receipts"):
        assert f"<strong>{section}</strong>" in page
    for other in ("Service keys", "Groups", "Your latest actions"):
        assert other not in page


def test_a_superuser_finds_keys_and_groups_as_well(root: Browser) -> None:
    page = root.get("")
    assert "<strong>Service keys</strong>" in page
    assert "<strong>Groups</strong>" in page


@pytest.mark.parametrize("path", [*LISTS, "chat/servicekey", "auth/group"])
def test_every_list_opens(root: Browser, message: Message, service_key: str, path: str) -> None:
    root.get(f"{path}/")


@pytest.mark.parametrize("path", LISTS)
def test_every_thing_has_a_page_and_a_history(
    root: Browser, mia: Browser, message: Message, path: str
) -> None:
    models: dict[str, Any] = {
        "chat/user": User.objects,
        "chat/conversation": Conversation.objects,
        "chat/conversationparticipant": message.conversation.participants,
        "chat/message": Message.objects,
        "receipts/messagestatus": message.statuses,
    }
    for somebody in (root, mia):
        for pk in models[path].values_list("pk", flat=True):
            somebody.get(f"{path}/{pk}/change/")
            somebody.get(f"{path}/{pk}/history/")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("pk", ["x", "0", "99999999999999999999", "-1", "%00", "é"])
def test_what_does_not_exist_is_said_to_not_exist(root: Browser, path: str, pk: str) -> None:
    for page in ("change", "history"):
        root.get(f"{path}/{pk}/{page}/", status=302)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("count", [2, 30])
def test_lists_take_a_constant_number_of_statements(
    mia: Browser, group: Conversation, alice: User, path: str, count: int, statements: Any
) -> None:
    """Session, user, two for the rights, and one for the list: nothing is counted."""
    for _ in range(count):
        say(alice, group)
    with statements() as counted:
        mia.get(f"{path}/")
    assert len(counted) == 5, counted.sql
    assert not [sql for sql in counted.sql if "COUNT(" in sql]


def test_pages_of_one_thing_take_a_constant_number_of_statements(
    mia: Browser, group: Conversation, alice: User, bob: User, statements: Any
) -> None:
    """Session, user, two for the rights; the thing itself; its table."""
    for guests in (0, 20):
        for number in range(guests):
            user = User.objects.create_user(f"guest{number}")
            services.add_participant(conversation_id=group.pk, user=user)
        message = say(alice, group)
        for path in (f"message/{message.pk}", f"conversation/{group.pk}", f"user/{bob.pk}"):
            mia.get(f"chat/{path}/change/")  # Django keeps the model's content type from then on
            with statements() as counted:
                mia.get(f"chat/{path}/change/")
            assert len(counted) == 6, counted.sql


def test_no_page_asks_another_server_or_carries_a_script_of_its_own(
    mia: Browser, message: Message
) -> None:
    User.objects.update(avatar_url="https://elsewhere.example/face.png")
    for path in ("", "chat/message/", f"chat/message/{message.pk}/change/", "insights/"):
        page = mia.get(path)
        for word in ("elsewhere.example", 'src="http', 'href="http', "style=", "onclick"):
            assert word not in page


def test_a_key_is_revoked_by_an_action(root: Browser, api: Any, service_key: str) -> None:
    pk = ServiceKey.objects.get().pk
    root.post("chat/servicekey/", {"action": "revoke", "_selected_action": pk})
    api(service_key).get("/users/", status=401)
