"""What a request points at — by its address, its query or a name — and is not there."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from chat.models import Conversation, User
from receipts import services
from tests.support.cast import say
from tests.support.database import nothing_written

pytestmark = pytest.mark.usefixtures("dave")

GROUP, MESSAGE = "/conversations/{group}/", "/messages/{message}/"
LISTS = ["/conversations/", f"{GROUP}participants/", f"{GROUP}messages/", f"{MESSAGE}recipients/"]
NOT_AN_ID = [
    "0",
    "-1",
    "1.5",
    "x",
    str(2**63),
    "9" * 30,
    "0" * 18 + "99",
    "9" * 5_000,
    "%00",
    "\u0661",
]


def cursor(query: str) -> str:
    return base64.b64encode(query.encode()).decode()


WRONG = {
    "limit": ["", "0", "-1", "201", "1.5", "x", "\u0663", "%00", "000000001999", "9" * 5_000],
    "cursor": ["x", "é", "%00", "%ff", cursor("p=x"), cursor("p=-1"), cursor("p=" + "9" * 5_000),
               cursor("p=%00"), cursor(f"p={2**63}"), cursor("o=" + "9" * 5_000)],
    "state": ["", "nobody", "READ", "%00", "read,pending"],
    "membership": ["", "nobody", "active,nobody", "%00", ","],
    "search": ["%00", "x" * 256],
    "messages": ["", ",", "x", "1,x", "1,,x", ",".join("1" * 201), *NOT_AN_ID],
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "parameter"),
    [(path, parameter) for path in LISTS for parameter in ("limit", "cursor")]
    + [(LISTS[3], "state"), (LISTS[3], "membership"), (LISTS[3], "search")]
    + [(LISTS[1], "membership"), ("/receipts/", "messages")],
)
def test_a_wrong_query_names_its_parameter(
    api: Any, group: Conversation, alice: User, path: str, parameter: str
) -> None:
    """Junk, NULs, too many, and numbers that no id or page size can be."""
    caller, address = api(alice), path.format(group=group.pk, message=say(alice, group).pk)
    for wrong in WRONG[parameter]:
        refused = caller.get(f"{address}?{parameter}={wrong}", status=400)
        assert set(refused) == {parameter}, wrong[:50]


@pytest.mark.parametrize(
    "path", [*LISTS, "/me/", "/receipts/", GROUP, f"{GROUP}participants/bob/", f"{MESSAGE}status/"]
)
def test_an_unknown_parameter_is_named(
    api: Any, group: Conversation, alice: User, path: str
) -> None:
    """A misspelt filter passed over would answer another question than was asked."""
    address = path.format(group=group.pk, message=say(alice, group).pk)
    for name in ("sate", "format", "user", "page"):
        assert set(api(alice).get(f"{address}?{name}=x", status=400)) == {name}
    refused = api(alice).get(f"{address}?sate=x&limt=5&limt=6", status=400)
    assert set(refused) == {"sate", "limt"}


def test_no_list_of_messages_asks_for_none(api: Any, alice: User) -> None:
    """``/receipts/`` needs to be told of which messages."""
    assert set(api(alice).get("/receipts/", status=400)) == {"messages"}


def test_messages_may_be_listed_in_one_parameter_or_in_several(
    api: Any, group: Conversation, alice: User
) -> None:
    """Either way none is passed over; one that does not exist is reported in its place."""
    one, two = say(alice, group).pk, say(alice, group).pk
    for query in (f"messages={two},{one},7{two}", f"messages={two}&messages={one}&messages=7{two}"):
        results = api(alice).get(f"/receipts/?{query}")["results"]
        assert [each["message"] for each in results] == [two, one, int(f"7{two}")]
        assert [each.get("code") for each in results] == [None, None, "not_found"]


def test_a_search_takes_any_text(api: Any, group: Conversation, alice: User) -> None:
    """Wildcards are letters like any other, and broken Unicode finds nobody."""
    caller, message = api(alice), say(alice, group)
    for text in ("%25", "_", "%5C", "'", "%ed%a0%80", "%ff", "%F0%9F%91%80"):
        assert caller.get(f"/messages/{message.pk}/recipients/?search={text}")["results"] == []


@pytest.mark.parametrize("number", NOT_AN_ID)
def test_an_address_with_an_impossible_id_is_not_found(api: Any, alice: User, number: str) -> None:
    """64 bits hold every id; what is larger is nobody's, and no error."""
    caller, of_group, of_message = api(alice), f"/conversations/{number}/", f"/messages/{number}/"
    for part in ("", "participants/", "participants/bob/", "messages/"):
        assert caller.get(f"{of_group}{part}", 404)["code"] == "not_found"
    for part in ("participants/", "messages/", "mark-read/", "mark-delivered/"):
        caller.post(f"{of_group}{part}", {}, 404)
    for part in ("", "status/", "recipients/"):
        caller.get(f"{of_message}{part}", 404)
    for part in ("read/", "delivered/", "restore/"):
        caller.post(f"{of_message}{part}", {}, 404)
    caller.delete(of_message, 404)


@pytest.mark.parametrize("name", ["nobody", "%00", "bob%00", "%0a", "%ed%a0%80", "..", "bob%2Fx"])
def test_an_address_with_an_impossible_username_is_not_found(
    api: Any, group: Conversation, alice: User, service_key: str, name: str
) -> None:
    """Also where PostgreSQL would refuse to compare."""
    backend = api(service_key)
    participant = f"/conversations/{group.pk}/participants/{name}/"
    with nothing_written():
        for address in (f"/users/{name}/", participant):
            backend.get(address, status=404)
            backend.patch(address, {}, status=404)
        backend.post(f"/users/{name}/tokens/", status=404)
        backend.delete(participant, status=404)


@pytest.mark.parametrize("verb", ["mark-read", "mark-delivered"])
def test_a_mark_up_to_a_message_of_another_conversation_names_it(
    api: Any, group: Conversation, direct: Conversation, alice: User, bob: User, verb: str
) -> None:
    """Rule 7: it is an error, and marks nothing in either; so does one that does not exist."""
    say(alice, group)
    elsewhere = say(alice, direct)
    with nothing_written():
        for message in (elsewhere.pk, elsewhere.pk + 1, 2**63 - 1):
            body = {"up_to_message": message}
            refused = api(bob).post(f"/conversations/{group.pk}/{verb}/", body, 400)
            assert set(refused) == {"up_to_message"}


def test_whom_nobody_knows_is_named(
    api: Any, group: Conversation, alice: User, bob: User, service_key: str
) -> None:
    """Unknown and deactivated users, each under the field they came in."""
    message, backend = say(alice, group), api(service_key)
    backend.patch("/users/dave/", {"is_active": False})
    with nothing_written():
        for who in ("nobody", "dave"):
            for path, field, rest in [
                (f"/conversations/{group.pk}/participants/", "user", {}),
                (f"/conversations/{group.pk}/messages/", "sender", {"body": "hi"}),
                (f"/conversations/{group.pk}/mark-read/", "user", {}),
                (f"/messages/{message.pk}/read/", "user", {}),
                ("/conversations/", "owner", {"kind": "group", "participants": ["bob"]}),
            ]:
                assert set(backend.post(path, {field: who, **rest}, 400)) == {field}, path
            body = {"kind": "group", "participants": ["bob", who]}
            assert set(backend.post("/conversations/", body, 400)) == {"participants"}


@pytest.mark.parametrize("others", [[], ["alice"], ["bob", "carol"], ["alice", "bob", "dave"]])
def test_a_direct_conversation_is_of_two_people(
    api: Any, group: Conversation, alice: User, others: list[str]
) -> None:
    """Neither of one nor of three; the field is named and nothing is left behind."""
    body = {"kind": "direct", "participants": others}
    with nothing_written():
        assert set(api(alice).post("/conversations/", body, 400)) == {"participants"}


def test_who_is_named_twice_takes_part_once(api: Any, group: Conversation, alice: User) -> None:
    """A conversation and a user meet once."""
    body = {"kind": "direct", "participants": ["bob", "alice", "bob"]}
    made = api(alice).post("/conversations/", body, 201)
    listed = api(alice).get(f"/conversations/{made['id']}/participants/")["results"]
    assert [each["user"] for each in listed] == ["alice", "bob"]


def test_what_is_taken_or_closed_is_named(
    api: Any, group: Conversation, direct: Conversation, carol: User, service_key: str
) -> None:
    """A direct conversation and a ban keep people out."""
    backend = api(service_key)
    services.remove_participant(conversation_id=group.pk, user=carol, banned=True)
    with nothing_written():
        for path, field, body in [
            (f"/conversations/{direct.pk}/participants/", "user", {"user": "dave"}),
            (f"/conversations/{group.pk}/participants/", "user", {"user": "carol"}),
            (f"/conversations/{group.pk}/messages/", "sender", {"body": "hi", "sender": "dave"}),
        ]:  # fmt: skip
            assert set(backend.post(path, body, 400)) == {field}, path
