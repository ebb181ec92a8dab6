"""Names of other systems in the admin: found by the search box, and shown on the page."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from chat.models import Conversation, User
from receipts import services
from tests.support.admin import Browser, appointed, listed
from tests.support.cast import say
from tests.support.named import say_named

pytestmark = pytest.mark.django_db

NAME = "$Xp3/a b+c%2F:tea.example"


@pytest.fixture
def mia(moderator: User) -> Browser:
    return Browser(appointed(moderator))


def test_a_message_is_found_by_its_name(mia: Browser, group: Conversation, alice: User) -> None:
    """All of it; a part is searched for in texts only."""
    say_named(NAME, alice, group, "Kettle")
    say(alice, group, "about $Xp3")
    assert listed(mia.get(f"chat/message/?q={quote(NAME)}")) == ["Kettle"]
    assert listed(mia.get("chat/message/?q=$Xp3")) == ["about $Xp3"]


def test_a_name_of_255_characters_is_found(mia: Browser, group: Conversation, alice: User) -> None:
    say_named("n" * 255, alice, group, "Kettle")
    assert listed(mia.get(f"chat/message/?q={'n' * 255}")) == ["Kettle"]


def test_its_page_shows_it(mia: Browser, group: Conversation, alice: User) -> None:
    message = say_named(NAME, alice, group)
    assert f"External id: <code>{NAME}</code>" in mia.get(f"chat/message/{message.pk}/change/")
    plain = say(alice, group)
    assert "External id" not in mia.get(f"chat/message/{plain.pk}/change/")


def test_a_conversation_is_found_by_its_name_and_shows_it(
    mia: Browser, group: Conversation
) -> None:
    Conversation.objects.filter(pk=group.pk).update(external_id=NAME, title="Tea")
    assert listed(mia.get(f"chat/conversation/?q={quote(NAME)}")) == ["Tea"]
    assert f"<dd>{NAME}</dd>" in mia.get(f"chat/conversation/{group.pk}/change/")


@pytest.mark.parametrize("name", ["room@chat.example/Ann", "u/" * 127 + "u", "é/+ ?#&=%2F"])
def test_links_lead_to_a_user_with_slashes(mia: Browser, group: Conversation, name: str) -> None:
    """From their page to what they sent and received."""
    ann = User.objects.create(username=name)
    services.add_participant(conversation_id=group.pk, user=ann)
    say(ann, group, "Kettle")
    page = mia.get(f"chat/user/{ann.pk}/change/")
    sent = f"chat/message/?sender={quote(name)}"
    assert f'href="/admin/{sent}"' in page
    assert listed(mia.get(sent)) == ["Kettle"]
    assert f'href="/admin/receipts/messagestatus/?recipient={quote(name)}"' in page
    assert listed(mia.get(f"chat/user/?q={quote(name)}")) == [name]
    assert name in mia.get(f"chat/conversationparticipant/?user={quote(name)}")
