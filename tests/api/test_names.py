"""A backend names conversations and messages by its own ids, and stores no number of Seenby's."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from chat.models import Conversation, User
from tests.support.cast import ON_POSTGRES, SINGLE_MARK, say
from tests.support.following import Follow
from tests.support.naming import IN_ROOM

ORDER = "order,7 50%"


@pytest.mark.django_db(transaction=ON_POSTGRES)
def test_a_backend_runs_a_whole_life_by_its_own_ids(
    api: Any, follow: Follow, service_key: str, cake: dict[str, Any]
) -> None:
    """Send, mark, look up, follow: no number of ours occurs in what it sends."""
    app = api(service_key)
    heard = follow(service_key)
    assert (cake["external_id"], cake["conversation_external_id"]) == ("cake-1", "tea")
    app.post("/messages/ext:cake-1/delivered/", {"user": "bob"})
    app.post("/messages/ext:cake-1/read/", {"user": "bob"})
    up_to = {"user": "carol", "up_to_message": {"external_id": "cake-1"}}
    marked = app.post(f"{IN_ROOM}/mark-read/", up_to)
    assert (marked["up_to_message_external_id"], marked["marked"]) == ("cake-1", 1)
    assert app.get("/messages/ext:cake-1/status/")["overall_status"] == "read"
    people = app.get("/messages/ext:cake-1/recipients/?state=read")["results"]
    assert {each["user"] for each in people} == {"bob", "carol"}
    events = [event for event in heard() if event["kind"] == "receipt.updated"]
    assert {event["conversation_external_id"] for event in events} == {"tea"}
    named = {mark["last_message_external_id"] for event in events for mark in event["marks"]}
    assert named == {"cake-1"}
    assert {each["message_external_id"] for event in events for each in event["receipts"]} == named


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/messages/{}/", None),
        ("PATCH", "/messages/{}/", {"body": "tea?"}),
        ("DELETE", "/messages/{}/", None),
        ("POST", "/messages/{}/restore/", None),
        ("GET", "/messages/{}/status/", None),
        ("GET", "/messages/{}/recipients/", None),
        ("POST", "/messages/{}/delivered/", {"user": "bob"}),
        ("POST", "/messages/{}/read/", {"user": "bob"}),
        ("POST", "/messages/{}/failed/", {"user": "bob", "reason": "off"}),
    ],
)
def test_a_name_stands_wherever_a_messages_number_does(
    api: Any, service_key: str, cake: dict[str, Any], method: str, path: str, body: Any
) -> None:
    """And is answered as the number is; an unknown name as an unknown number."""
    app = api(service_key)
    by_name = app.call(method, path.format("ext:cake-1"), body)
    by_number = app.call(method, path.format(cake["id"]), body)
    assert by_name.status_code == by_number.status_code < 300
    unknown = [app.call(method, path.format(each), body) for each in ("ext:no", 10**9)]
    assert unknown[0].status_code == unknown[1].status_code == 404
    assert unknown[0].content == unknown[1].content


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"title": "Tea"}),
        ("GET", "participants/", None),
        ("POST", "participants/", {"user": "dave"}),
        ("GET", "participants/bob/", None),
        ("PATCH", "participants/bob/", {"role": "admin"}),
        ("DELETE", "participants/bob/", None),
        ("GET", "messages/", None),
        ("POST", "messages/", {"sender": "alice", "body": "x"}),
        ("POST", "mark-delivered/", {"user": "bob"}),
        ("POST", "mark-read/", {"user": "bob"}),
        ("GET", "insights/", None),
    ],
)
def test_a_name_stands_wherever_a_conversations_number_does(
    api: Any, service_key: str, dave: User, cake: dict[str, Any], method: str, path: str, body: Any
) -> None:
    """An outsider learns as little of a name that exists as of one that does not."""
    app, outsider = api(service_key), api(dave)
    mine = {"user": "dave"} if path.startswith("mark") else body
    if path == "messages/":
        mine = body and {"body": "x"}
    hidden = outsider.call(method, f"{IN_ROOM}/{path}", mine)
    unknown = outsider.call(method, f"/conversations/ext:no/{path}", mine)
    assert (hidden.status_code, hidden.content) == (unknown.status_code, unknown.content)
    assert hidden.status_code == 404
    assert app.call(method, f"{IN_ROOM}/{path}", body).status_code < 300


def test_unread_from_a_message_by_name(api: Any, bob: User, cake: dict[str, Any]) -> None:
    reader = api(bob)
    reader.post(f"{IN_ROOM}/mark-read/")
    body = {"from_message": {"external_id": "cake-1"}}
    unmarked = reader.post(f"{IN_ROOM}/mark-unread/", body)
    assert (unmarked["from_message"], unmarked["from_message_external_id"]) == (
        cake["id"],
        "cake-1",
    )
    (listed,) = reader.get("/conversations/?external_id=tea")["results"]
    assert listed["first_unread_message_external_id"] == "cake-1"


def test_summaries_by_name(api: Any, service_key: str, alice: User, cake: dict[str, Any]) -> None:
    """In the requested order, numbers and names together; a comma in a name is ``%2C``."""
    app = api(service_key)
    body = {"sender": "alice", "body": "x", "external_id": ORDER}
    other = app.post(f"{IN_ROOM}/messages/", body, 201)
    word = quote(quote(ORDER, safe=""))
    found = app.get(f"/receipts/?external_ids={word},cake-1,no")["results"]
    assert [each["message_external_id"] for each in found] == [ORDER, "cake-1", "no"]
    assert [each["message"] for each in found] == [other["id"], cake["id"], None]
    assert found[2]["code"] == "not_found"
    mixed = app.get(f"/receipts/?messages=ext:{word},{cake['id']}&external_ids=cake-1")["results"]
    assert [each["message"] for each in mixed] == [other["id"], cake["id"], cake["id"]]


@pytest.mark.parametrize("name", ["%01", "%2500", "x" * 256, "%250A"])
def test_no_list_of_names_holds_what_cannot_be_one(api: Any, service_key: str, name: str) -> None:
    refused = api(service_key).get(f"/receipts/?external_ids={name}", status=400)
    assert set(refused) == {"external_ids"}


def test_a_batch_by_name(api: Any, service_key: str, tea: str, cake: dict[str, Any]) -> None:
    """Each item its own user, by number, name or both; what disagrees is named."""
    app = api(service_key)
    other = app.post(f"{IN_ROOM}/messages/", {"sender": "alice", "body": "x"}, 201)["id"]
    items: list[dict[str, Any]] = [
        {"message": {"external_id": "cake-1"}, "state": "read", "user": "bob"},
        {"message": {"external_id": "cake-1", "id": cake["id"]}, "state": "read", "user": "carol"},
        {"message": {"external_id": "no"}, "state": "read", "user": "bob"},
        {"message": {"external_id": "cake-1", "id": other}, "state": "read", "user": "bob"},
        {"message": {"external_id": ""}, "state": "read", "user": "bob"},
        {"message": {}, "state": "read", "user": "bob"},
        {"message": {"external_id": "cake-1"}, "state": "read", "user": "alice"},
    ]
    results = app.post("/receipts/", {"receipts": items})["results"]
    assert [each["result"] for each in results] == [
        "applied", "applied", "not_found", "invalid", "invalid", "invalid", "not_recipient",
    ]  # fmt: skip
    assert all(set(each["errors"]) == {"message"} for each in results[3:6])
    assert app.get("/messages/ext:cake-1/status/")["overall_status"] == "read"


def test_a_moderator_is_no_recipient_by_name_either(
    api: Any, moderator: User, cake: dict[str, Any]
) -> None:
    items = [{"message": {"external_id": each}, "state": "read"} for each in ("cake-1", "no")]
    results = api(moderator).post("/receipts/", {"receipts": items})["results"]
    assert [each["result"] for each in results] == ["not_recipient", "not_found"]


@pytest.mark.parametrize("field", ["up_to_message", "from_message"])
@pytest.mark.parametrize(
    "reference",
    [
        "cake-1", 0, True, {}, [], {"external_id": None}, {"external_id": ""}, {"id": "1"},
        {"external_id": "x" * 256}, {"external_id": "a\nb"}, {"external_id": "no"},
        {"external_id": "cake-1", "more": 1}, {"external_id": "cake-1", "id": 10**9},
        {"external_id": 7},
    ],
)  # fmt: skip
def test_a_wrong_reference_names_its_field(
    api: Any, bob: User, cake: dict[str, Any], field: str, reference: Any
) -> None:
    verb = "mark-read" if field == "up_to_message" else "mark-unread"
    refused = api(bob).post(f"{IN_ROOM}/{verb}/", {field: reference}, 400)
    assert set(refused) == {field}


def test_a_number_and_a_name_that_disagree_are_refused(
    api: Any, service_key: str, bob: User, cake: dict[str, Any]
) -> None:
    """Nothing is marked."""
    app = api(service_key)
    other = app.post(f"{IN_ROOM}/messages/", {"sender": "alice", "body": "x"}, 201)["id"]
    both = {"external_id": "cake-1", "id": other}
    refused = api(bob).post(f"{IN_ROOM}/mark-read/", {"up_to_message": both}, 400)
    assert refused == {"up_to_message": ["The message with this id has another external_id."]}
    assert api(bob).get("/me/")["unread_count"] == 2


def test_messages_are_found_by_client_id(
    api: Any, group: Conversation, service_key: str, alice: User, bob: User
) -> None:
    """A user finds their own, a backend everybody's; an empty one is refused."""
    path = f"/conversations/{group.pk}/messages/"
    for who in (alice, bob):
        api(who).post(path, {"body": who.username, "client_id": "c-1"}, 201)
    say(alice, group)
    own = api(alice).get(f"{path}?client_id=c-1")["results"]
    assert [each["body"] for each in own] == ["alice"]
    everybodys = api(service_key).get(f"{path}?client_id=c-1")["results"]
    assert [each["body"] for each in everybodys] == ["bob", "alice"]
    assert api(alice).get(f"{path}?client_id=c-2")["results"] == []
    for empty in ("client_id", "external_id"):
        assert set(api(alice).get(f"{path}?{empty}=", status=400)) == {empty}


def test_a_list_is_filtered_by_external_id(
    api: Any, service_key: str, bob: User, dave: User, cake: dict[str, Any]
) -> None:
    """Of what the caller may see."""
    (found,) = api(bob).get(f"{IN_ROOM}/messages/?external_id=cake-1")["results"]
    assert found["id"] == cake["id"]
    assert api(bob).get("/conversations/?external_id=no")["results"] == []
    assert api(dave).get("/conversations/?external_id=tea")["results"] == []
    assert set(api(bob).get("/conversations/?external_id=", status=400)) == {"external_id"}


def test_watermarks_have_names(api: Any, bob: User, cake: dict[str, Any]) -> None:
    api(bob).post(f"{IN_ROOM}/mark-read/")
    own = api(bob).get(f"{IN_ROOM}/participants/bob/")
    assert own["last_read_message_external_id"] == "cake-1"
    assert own["last_delivered_message_external_id"] == "cake-1"


@pytest.mark.one_server
def test_a_mark_by_name_takes_no_more_statements(
    api: Any, statements: Any, bob: User, cake: dict[str, Any]
) -> None:
    """The name is looked up in the statement that finds the row."""
    reader = api(bob)
    reader.get("/me/")  # the token is verified once a minute
    with statements() as counted:
        reader.post("/messages/ext:cake-1/delivered/")
    assert len(counted) == SINGLE_MARK


def test_a_bulk_mark_by_names_takes_no_more_statements(
    api: Any, statements: Any, bob: User, cake: dict[str, Any]
) -> None:
    """Nor does that of the conversation."""
    reader = api(bob)
    reader.get("/me/")
    with statements() as counted:
        reader.post(f"{IN_ROOM}/mark-read/", {"up_to_message": {"external_id": "cake-1"}})
    by_name = len(counted)
    reader.post(f"{IN_ROOM}/mark-unread/", {"from_message": cake["id"]})
    path = f"/conversations/{cake['conversation']}/mark-read/"
    with statements() as counted:
        reader.post(path, {"up_to_message": cake["id"]})
    assert by_name == len(counted)
