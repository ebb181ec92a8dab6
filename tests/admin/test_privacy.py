"""Rule 13 in the admin: no page of it, for anybody, tells a private read from a delivery."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.urls import URLPattern, URLResolver
from django.utils import timezone

from chat.models import Conversation, Message, ServiceKey, User
from receipts import services
from receipts.models import WebhookEndpoint
from tests.support.admin import Browser, appointed, fail, mark
from tests.support.cast import hook, say

#: What changes a page although nothing in the world has changed.
_OF_THE_REQUEST = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')
#: Pages of Django's that are about the visitor, and tell nothing of messages.
_ABOUT_THE_VISITOR = {"login", "logout", "password_change", "password_change_done", "jsi18n",
                      "autocomplete", "view_on_site"}  # fmt: skip
QUERIES = {
    "chat/message/": ["", "status=sent", "status=delivered", "status=read", "status=partial"],
    "change/": ["", "state=read", "state=delivered", "state=unread", "membership=active"],
    "recipients.csv": ["", "state=read", "state=unread"],
    "receipts/messagestatus/": ["", "message={message}", "recipient=bob"],
    "chat/conversationparticipant/": ["", "user=bob"],
    "insights/": ["", "conversation={conversation}"],
}


def patterns(found: list[Any], prefix: str = "") -> list[tuple[str, str]]:
    """All addresses of the admin, with their names."""
    addresses = []
    for each in found:
        where = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            addresses += patterns(each.url_patterns, where)
        elif isinstance(each, URLPattern) and each.name and each.name not in _ABOUT_THE_VISITOR:
            addresses.append((where, each.name))
    return addresses


def addresses() -> list[str]:
    """Every address there is, about bob's row and whatever it hangs together with."""
    bob = User.objects.get(username="bob")
    pks = {
        "chat_user": bob.pk,
        "auth_user": bob.pk,
        "chat_message": Message.objects.get().pk,
        "chat_conversation": Conversation.objects.get().pk,
        "chat_conversationparticipant": bob.participations.get().pk,
        "receipts_messagestatus": bob.statuses.get().pk,
        "chat_servicekey": ServiceKey.objects.get().pk,
        "receipts_webhookendpoint": WebhookEndpoint.objects.get().pk,
        "auth_group": Group.objects.get().pk,
    }
    found: list[str] = ["chat/", "receipts/"]
    for where, name in patterns(admin.site.urls[0]):
        about = max((model for model in pks if name.startswith(model)), key=len, default="")
        if "app_label" not in where:
            found.append(re.sub(r"<[^>]+>", str(pks.get(about)), where))
    return found


def walk(browser: Browser) -> dict[str, str]:
    """What somebody is told at every address, by address and query."""
    told, message = {}, Message.objects.get()
    named = {"message": message.pk, "conversation": message.conversation_id}
    for where in addresses():
        for query in next((q for end, q in QUERIES.items() if where.endswith(end)), [""]):
            address = f"{where}?{query.format(**named)}"
            answer = browser.client.get(f"/admin/{address}")
            assert answer.status_code in (200, 302, 403, 404), (answer.status_code, address)
            body = b"".join(answer) if answer.streaming else answer.content
            told[address] = _OF_THE_REQUEST.sub("", body.decode())
    return told


@pytest.fixture
def message(group: Conversation, alice: User, service_key: str) -> Message:
    message = say(alice, group, sent_at=timezone.now() - timedelta(hours=2))
    hook("backend")
    mark(message, "carol", read=True, at=message.created_at + timedelta(minutes=1))
    return message


@pytest.mark.parametrize(
    ("begin", "end"),
    [("pending", "stays"), ("delivered", "stays"), ("failed", "stays"), ("delivered", "leaves")],
)
def test_no_page_tells_a_private_read_from_a_delivery(
    message: Message, bob: User, moderator: User, begin: str, end: str
) -> None:
    """The same world twice: once bob's device only took it, once he read it privately as well."""
    people = {
        "superuser": Browser(User.objects.create_superuser("root")),
        "moderator": Browser(appointed(moderator)),
        "staff": Browser(User.objects.create_user("stan", is_staff=True)),
    }
    at = message.created_at + timedelta(hours=1)
    left_at = timezone.now()
    if begin == "delivered":
        mark(message, "bob", read=False, at=at - timedelta(minutes=5))
    if begin == "failed":
        fail(message, bob, "no device")

    def leave() -> None:
        if end == "leaves":
            services.remove_participant(conversation_id=message.conversation_id, user=bob)
            bob.participations.update(left_at=left_at)
            message.statuses.filter(recipient=bob).update(withdrawn_at=left_at)

    with transaction.atomic():
        if begin != "delivered":
            mark(message, "bob", read=False, at=at)
        leave()
        delivered = {who: walk(browser) for who, browser in people.items()}
        transaction.set_rollback(True)
    mark(message, "bob", read=True, at=at, private=True, content="between us")
    leave()
    read = {who: walk(browser) for who, browser in people.items()}
    assert len(delivered["moderator"]) > 50
    for who, pages in delivered.items():
        differing = [address for address, page in pages.items() if page != read[who][address]]
        assert differing == []


@pytest.mark.parametrize("begin", ["pending", "failed"])
@pytest.mark.parametrize("private_read", [False, True])
def test_no_page_tells_a_private_delivery_from_none(
    message: Message, bob: User, moderator: User, begin: str, private_read: bool
) -> None:
    """Delivered, or read privately as well, with the switch off."""
    User.objects.filter(pk=bob.pk).update(delivery_receipts_enabled=False)
    people = [Browser(User.objects.create_superuser("root")), Browser(appointed(moderator))]
    if begin == "failed":
        fail(message, bob, "no device")
    before = [walk(browser) for browser in people]
    at = message.created_at + timedelta(hours=1)
    mark(message, "bob", read=False, at=at)
    if private_read:
        mark(message, "bob", read=True, private=True, content="between us")
    for browser, pages in zip(people, before, strict=True):
        now = walk(browser)
        assert [address for address, page in pages.items() if page != now[address]] == []


def test_an_open_read_is_told(message: Message, bob: User, moderator: User) -> None:
    """The walk would notice: an open read changes pages."""
    mia = Browser(appointed(moderator))
    mark(message, "bob", read=False, at=message.created_at + timedelta(hours=1))
    before = walk(mia)
    mark(message, "bob", read=True)
    after = walk(mia)
    assert len([address for address in before if before[address] != after[address]]) > 5


def test_marking_unread_is_nobody_elses_business(
    api: Any, message: Message, bob: User, moderator: User
) -> None:
    """Rule 10."""
    mia = Browser(appointed(moderator))
    api(bob).post(f"/messages/{message.pk}/read/")
    before = walk(mia)
    api(bob).post(
        f"/conversations/{message.conversation_id}/mark-unread/", {"from_message": message.pk}
    )
    assert walk(mia) == before
