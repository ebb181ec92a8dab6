"""What is malformed gets 400 with the field's name, and nothing is half done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from chat.models import Conversation, User
from tests.support.bodies import ENDPOINTS, ITEM, MESSAGE_ID
from tests.support.cast import hook, say
from tests.support.database import nothing_written

NO_JSON = [b"{", b"\xff", b"\xef\xbb\xbf{}", b'{"at": NaN}', b'{"at": 1e400}', b'{"at": "\\ud800"}',
           b"[" * 5_000, b"{'at': 1}", b"at=now"]  # fmt: skip


@pytest.fixture
def call(
    api: Any, group: Conversation, alice: User, bob: User, dave: User, service_key: str
) -> Callable[..., Any]:
    """Calls an endpoint of the table as the one who may, in a group in which alice has spoken."""
    message = say(alice, group).pk
    ids = {"conversations": group.pk, "messages": message, "webhooks": hook("backend").pk}
    people = {"alice": api(alice), "bob": api(bob), "backend": api(service_key)}

    def calling(endpoint: str, body: Any, status: int = 400, query: str = "") -> Any:
        method, path = endpoint.split()
        if isinstance(body, dict):
            body = {k: message if v is MESSAGE_ID else v for k, v in body.items()}
        address = path.format(id=ids.get(path.split("/")[1]), username="bob") + query
        return people[ENDPOINTS[endpoint][0]](method, address, body, status)

    return calling


def test_every_endpoint_that_takes_a_body_is_in_the_table() -> None:
    """The promise is of every endpoint: whoever adds one, adds what it refuses."""
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    takes_body = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, operations in paths.items()
        for method in operations
        if method in ("post", "put", "patch")
    }
    assert takes_body == set(ENDPOINTS)


@pytest.mark.parametrize(
    ("endpoint", "field"), [(name, field) for name, each in ENDPOINTS.items() for field in each[2]]
)
def test_a_wrong_value_names_its_field(call: Any, endpoint: str, field: str) -> None:
    """Wrong types, NULs, numbers beyond 64 bits, times no clock can show."""
    right = ENDPOINTS[endpoint][1]
    with nothing_written():
        for wrong in ENDPOINTS[endpoint][2][field]:
            assert set(call(endpoint, {**right, field: wrong})) == {field}, wrong


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_unknown_or_missing_field_is_named(call: Any, endpoint: str) -> None:
    """A misspelt field is not passed over, whatever its name."""
    right = ENDPOINTS[endpoint][1]
    with nothing_written():
        for name in ("bdoy", "detail", "", "nul\x00"):
            assert call(endpoint, {**right, name: 1}) == {name: ["Unknown field."]}
        for required in right:
            rest = {name: value for name, value in right.items() if name != required}
            assert set(call(endpoint, rest)) == {required}
        assert call(endpoint, right, query="?upto=1") == {"upto": ["Unknown parameter."]}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_body_that_is_no_object_is_refused(call: Any, endpoint: str) -> None:
    """Broken JSON, broken Unicode, and JSON of another shape."""
    with nothing_written():
        for body in ([], [{}], 1, "body", True, b"null"):
            assert set(call(endpoint, body)) == {"non_field_errors"}, body
        for body in NO_JSON:
            assert call(endpoint, body)["code"] == "parse_error", body


def test_the_right_bodies_are_taken(call: Any) -> None:
    """So the refusals above are of what is wrong, and of nothing else."""
    for endpoint, (_, right, _) in ENDPOINTS.items():
        made = endpoint.endswith(
            ("users/", "tokens/", "ticket/", "conversations/", "participants/", "messages/")
        ) or endpoint in ("POST /webhooks/", "PUT /conversations/by-members/")
        call(endpoint, right, status=201 if made else 202 if "ping" in endpoint else 200)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_is_not_json_is_refused(api: Any, bob: User, kind: str) -> None:
    """415 tells to send JSON."""
    answer = api(bob).client.generic("PATCH", "/api/v1/me/", b"{}", content_type=kind)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_an_empty_form_changes_nothing(api: Any, bob: User, service_key: str) -> None:
    """``curl -X PATCH -d ''`` sends one; a boolean that is not there is not false."""
    form = {"content_type": "application/x-www-form-urlencoded"}
    with nothing_written():
        api(service_key).client.generic("PATCH", "/api/v1/users/bob/", b"", **form)
        api(bob).client.generic("PATCH", "/api/v1/me/", b"", **form)


def test_a_request_that_is_too_large_is_refused(api: Any, bob: User, settings: Any) -> None:
    """MAX_REQUEST_BYTES."""
    settings.MAX_REQUEST_BYTES = 100
    api(bob).patch("/me/", {"display_name": "x" * 80})
    refused = api(bob)("PATCH", "/me/", {"display_name": "x" * 81}, 413)
    assert refused["code"] == "request_too_large"


def test_a_message_that_is_too_long_names_its_body(call: Any, settings: Any) -> None:
    """MAX_BODY_CHARACTERS counts characters, not bytes."""
    settings.MAX_BODY_CHARACTERS = 5
    send = "POST /conversations/{id}/messages/"
    call(send, {"body": "seeñ☕", "sender": "alice"}, status=201)
    assert set(call(send, {"body": "seenby", "sender": "alice"})) == {"body"}


@pytest.mark.parametrize("field", ITEM)
def test_a_wrong_value_in_a_batch_names_its_field(call: Any, field: str) -> None:
    """One item is refused, and no other for its sake."""
    right = {"message": 1, "state": "read"}
    wrong = [{**right, field: value} for value in ITEM[field] if value is not None]
    with nothing_written():
        results = call("POST /receipts/", {"receipts": wrong}, status=200)["results"]
    assert [(each["result"], *each.get("errors", ())) for each in results] == [
        ("invalid", field)
    ] * len(wrong)
