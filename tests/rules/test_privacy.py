"""A private read looks like a delivery to everybody else, everywhere (rule 13)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.models import Conversation, Message, User
from receipts import services
from receipts.api.urls import urlpatterns
from receipts.rules.status import State
from tests.support.addresses import addresses_in
from tests.support.cast import Api, hook, say

#: A value for each part of a path. A new endpoint is included by itself; one with a new part
#: fails here until this test has a value for it.
#: Queries whose response could give a private read away.
QUERIES = {
    "messages/<id:pk>/recipients/": [
        *(f"?state={state}" for state in (*State.values, "unread", "undelivered")),
        "?membership=active",
        "?search=bob",
    ],
    "receipts/": ["?messages={message}"],
}
NOT_DATA = {"schema/", "docs/"}


@pytest.fixture(params=["as sent", "edited"])
def message(group: Conversation, alice: User, request: pytest.FixtureRequest) -> Message:
    message = say(alice, group, sent_at=timezone.now() - timedelta(hours=1))
    if request.param == "edited":
        services.edit_message(message_id=message.pk, body="other words")
    return message


def addresses(group: Conversation, message: Message) -> Iterator[str]:
    """Every path of the API that can be read, from the router."""
    for route, pattern in addresses_in(urlpatterns):
        if "get" not in getattr(pattern.callback, "actions", {}) or route in NOT_DATA:
            continue
        path = route.replace("<username:username>", "bob")
        named = {"c": group.pk, "m": message.pk, "w": hook("backend").pk}
        path = re.sub("<(id|number):pk>", str(named.get(route[0], "<?>")), path)
        assert "<" not in path, f"say what stands for the parts of {route}"
        for query in ["", *QUERIES.get(route, [])]:
            yield f"/api/v1/{path}{query.format(message=message.pk)}"


def told(callers: list[Api], paths: list[str]) -> dict[tuple[int, str], tuple[int, bytes]]:
    """What each caller receives at each path."""
    answers = {}
    for (number, caller), path in product(enumerate(callers), paths):
        response = caller.client.get(path)
        # A cursor differs each time, and is opaque.
        content = re.sub(rb'"cursor":"[^"]+"', b"", response.content)
        answers[number, path] = (response.status_code, content)
    return answers


@pytest.mark.parametrize("visible_to", ["sender", "participants"])
def test_no_address_tells_a_private_read_from_a_delivery(
    api: Any,
    group: Conversation,
    message: Message,
    alice: User,
    bob: User,
    carol: User,
    moderator: User,
    service_key: str,
    monkeypatch: pytest.MonkeyPatch,
    visible_to: str,
) -> None:
    """Rule 13: every path that can be read, from the router, for everybody else, byte by byte."""
    Conversation.objects.update(receipts_visible_to=visible_to)
    now = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    callers = [api(who) for who in (alice, carol, moderator, service_key)]
    paths = list(addresses(group, message))
    api(bob).post(f"/conversations/{group.pk}/mark-delivered/")
    before = told(callers, paths)
    assert sum(status == 200 for status, _ in before.values()) > 60
    api(bob).post(f"/conversations/{group.pk}/mark-read/", {"private": True})
    assert api(bob).get("/me/")["unread_count"] == 0
    after = told(callers, paths)
    assert {key: value for key, value in after.items() if value != before[key]} == {}
    api(carol).post(f"/messages/{message.pk}/read/")
    assert told(callers, paths) != before


def test_no_page_of_the_admin_tells_a_private_read_from_a_delivery(
    api: Any, group: Conversation, message: Message, bob: User
) -> None:
    """Rule 13: every list and every page that is concerned."""
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    pages = list(admin_pages())
    api(bob).post(f"/messages/{message.pk}/delivered/")
    before = {page: read(client, page) for page in pages}
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True})
    assert {page for page in pages if read(client, page) != before[page]} == set()


def admin_pages() -> Iterator[str]:
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        yield from (reverse(f"{name}_change", args=[each.pk]) for each in model.objects.all())  # type: ignore[attr-defined]


def read(client: Client, page: str) -> str:
    """A page, without the CSRF token, which differs each time."""
    response = client.get(page)
    assert response.status_code == 200, page
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())


def test_a_private_reader_who_leaves_looks_the_same_at_every_address(
    api: Any, group: Conversation, message: Message, alice: User, bob: User, carol: User
) -> None:
    """Rules 2 and 13: bob read privately, carol only received it; both are gone."""
    at = (message.created_at + timedelta(minutes=1)).isoformat()
    api(bob).post(f"/messages/{message.pk}/read/", {"private": True, "at": at})
    api(carol).post(f"/messages/{message.pk}/delivered/", {"at": at})
    for user in (bob, carol):
        api(user).delete(f"/conversations/{group.pk}/participants/{user}/")
    rows = api(alice).get(f"/messages/{message.pk}/recipients/")["results"]
    bobs, carols = ({**row, "user": "", "user_name": ""} for row in rows)
    assert bobs == carols


def test_an_acknowledgement_of_a_private_read_is_not_shown(
    api: Any, message: Message, alice: User, bob: User
) -> None:
    """Rules 12 and 13."""
    body = {"private": True, "content": "Understood."}
    api(bob).post(f"/messages/{message.pk}/read/", body)
    rows = api(alice).get(f"/messages/{message.pk}/recipients/")["results"]
    assert [row["content"] for row in rows] == [None, None]


def test_the_switch_neither_discloses_nor_retracts(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 13: what was private stays so when the chat is opened again; so does what was not."""
    public, private = say(alice, group), say(alice, group)
    api(bob).post(f"/messages/{public.pk}/read/")
    api(bob).patch("/me/", {"read_receipts_enabled": False})
    api(bob).post(f"/messages/{private.pk}/read/")
    api(bob).patch("/me/", {"read_receipts_enabled": True})
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    api(bob).post(f"/messages/{private.pk}/read/")
    counts = [
        api(alice).get(f"/messages/{each.pk}/status/")["read_count"] for each in (public, private)
    ]
    assert counts == [1, 0]


def test_sending_with_the_switch_off_reads_privately_what_stands_above(
    api: Any, direct: Conversation, alice: User, bob: User
) -> None:
    """Rules 9 and 13."""
    message = say(alice, direct)
    api(bob).patch("/me/", {"read_receipts_enabled": False})
    api(bob).post(f"/conversations/{direct.pk}/messages/", {"body": "hm"}, status=201)
    assert api(alice).get(f"/messages/{message.pk}/status/")["overall_status"] == "delivered"
    assert api(bob).get("/me/")["unread_count"] == 0


def test_who_hides_reads_is_told_of_none_where_it_is_reciprocal(
    api: Any, direct: Conversation, alice: User, bob: User, settings: Any
) -> None:
    """Rule 14: ``RECEIPTS_RECIPROCAL``, at every path that shows a read."""
    settings.RECEIPTS_RECIPROCAL = True
    User.objects.create_user("backend", is_service=True)
    message = say(alice, direct)
    api(bob).post(f"/conversations/{direct.pk}/mark-read/")
    api(alice).patch("/me/", {"read_receipts_enabled": False})
    paths = list(addresses(direct, message))
    hidden = b"".join(content for _, content in told([api(alice)], paths).values())
    assert b'"read_at":"' not in hidden
    for given in (b'"overall_status":"read"', b'"read_count":1', b'"state":"read"', b'"read":1'):
        assert given not in hidden
    assert b'"overall_status":"delivered"' in hidden
    bobs = api(alice).get(f"/conversations/{direct.pk}/participants/bob/")
    assert (bobs["last_read_message"], bobs["last_delivered_message"]) == (None, message.pk)
    rows = api(alice).get(f"/messages/{message.pk}/recipients/?state=delivered")["results"]
    assert [row["state"] for row in rows] == ["delivered"]


def test_who_shows_reads_is_told_of_others_where_it_is_reciprocal(
    api: Any, direct: Conversation, alice: User, bob: User, settings: Any
) -> None:
    """Rule 14."""
    settings.RECEIPTS_RECIPROCAL = True
    message = say(alice, direct)
    api(bob).post(f"/messages/{message.pk}/read/")
    assert api(alice).get(f"/messages/{message.pk}/status/")["overall_status"] == "read"


def test_the_organisation_can_overrule_the_switch(
    api: Any, direct: Conversation, alice: User, bob: User, settings: Any
) -> None:
    """Rule 14: ``RECEIPTS_MANDATORY``; a request for a private read is refused, not ignored."""
    settings.RECEIPTS_MANDATORY = True
    message = say(alice, direct)
    api(bob).patch("/me/", {"read_receipts_enabled": False})
    refused = api(bob).post(f"/messages/{message.pk}/read/", {"private": True}, status=400)
    assert list(refused) == ["private"]
    api(bob).post(f"/messages/{message.pk}/read/")
    assert api(alice).get(f"/messages/{message.pk}/status/")["overall_status"] == "read"


def hide_each(call: Api, ids: list[int], how: str, conversation: int) -> None:
    """Read messages privately, at a time before that of the disclosed read."""
    how_private = {"private": True, "at": "2020-01-01T00:00:00Z"}
    if how == "single":
        for pk in ids:
            call.post(f"/messages/{pk}/read/", how_private)
    elif how == "batch":
        items = [{"message": pk, "state": "read", **how_private} for pk in ids]
        call.post("/receipts/", {"receipts": items})
    elif how == "bulk":
        path = f"/conversations/{conversation}/mark-read/"
        call.post(path, {"up_to_message": ids[-1], **how_private})
    else:
        call.post("/me/retract-receipts/")


@pytest.mark.parametrize("how", ["single", "batch", "bulk", "retract"])
def test_no_watermark_stays_above_a_read_that_became_private(
    api: Any, group: Conversation, alice: User, bob: User, service_key: str, how: str
) -> None:
    """Rule 13: however it became so."""
    ids = [say(alice, group).pk for _ in range(3)]
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    hide_each(api(bob), ids, how, group.pk)
    assert api(alice).get(f"/messages/{ids[0]}/status/")["read_count"] == 0
    found = api(service_key).get(f"/conversations/{group.pk}/participants/bob/")
    assert (found["last_read_message"], found["last_read_at"]) == (None, None)
    assert found["last_delivered_message"] == ids[-1]


@pytest.mark.parametrize("how", ["single", "batch"])
def test_a_watermark_falls_back_to_the_message_before(
    api: Any, group: Conversation, alice: User, bob: User, service_key: str, how: str
) -> None:
    """Rule 13: earlier disclosed reads stay shown, with the time of that read."""
    ids = [say(alice, group).pk for _ in range(4)]
    api(bob).post(f"/messages/{ids[1]}/read/")
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    hide_each(api(bob), [ids[3], ids[2]], how, group.pk)
    found = api(service_key).get(f"/conversations/{group.pk}/participants/bob/")
    rows = api(alice).get(f"/messages/{ids[1]}/recipients/")["results"]
    assert found["last_read_message"] == ids[1]
    assert found["last_read_at"] == rows[0]["read_at"]


def test_a_deleted_message_that_was_read_privately_holds_no_watermark_back(
    api: Any, group: Conversation, alice: User, bob: User, moderator: User, service_key: str
) -> None:
    """Rules 13 and 21: as one that was only received. Restored, it holds it back again."""
    ids = [say(alice, group).pk for _ in range(3)]
    api(bob).post(f"/messages/{ids[1]}/read/", {"private": True})
    api(alice).delete(f"/messages/{ids[1]}/")
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    path = f"/conversations/{group.pk}/participants/bob/"
    assert api(service_key).get(path)["last_read_message"] == ids[2]
    api(moderator).post(f"/messages/{ids[1]}/restore/")
    assert api(service_key).get(path)["last_read_message"] == ids[0]


def test_a_watermark_falls_below_what_was_deleted_and_is_read_privately_now(
    api: Any, group: Conversation, alice: User, bob: User, moderator: User, service_key: str
) -> None:
    """Rules 13 and 21: a bulk mark skips a deleted message, and its watermark covers it."""
    ids = [say(alice, group).pk for _ in range(3)]
    api(alice).delete(f"/messages/{ids[1]}/")
    api(bob).post(f"/conversations/{group.pk}/mark-read/")
    api(moderator).post(f"/messages/{ids[1]}/restore/")
    api(bob).post("/me/mark-read/", {"private": True})
    found = api(service_key).get(f"/conversations/{group.pk}/participants/bob/")
    assert found["last_read_message"] == ids[0]
