"""Wrong fields: each with a code for programs, beside the sentences by field."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, User
from tests.support.errors import check_error
from tests.support.operations import SCHEMA


@pytest.fixture
def refused(api: Any, group: Conversation, alice: User) -> Any:
    """The whole answer to alice's wrong request."""

    def call(path: str, body: Any = None, method: str = "POST") -> dict[str, Any]:
        answer = api(alice).call(method, path, body)
        assert answer.status_code == 400
        told: dict[str, Any] = answer.json()
        return told

    return call


def test_a_wrong_field_has_a_code_and_a_sentence(refused: Any, group: Conversation) -> None:
    """A program branches by the code; a client that reads the sentences by field still can."""
    told = refused(f"/conversations/{group.pk}/messages/", {"body": ""})
    sentence = "This field may not be blank."
    assert told == {
        "detail": f"body: {sentence}",
        "code": "invalid",
        "errors": [{"field": "body", "code": "blank", "detail": sentence}],
        "body": [sentence],
    }


@pytest.mark.parametrize(
    ("path", "body", "errors"),
    [
        ("/conversations/", {"kind": "group", "participants": ["bob", 5]},
         [("participants.1", "invalid")]),
        ("/conversations/", {"kind": "group", "participants": ["nobody"]},
         [("participants", "does_not_exist")]),
        ("/conversations/", {"participants": []}, [("kind", "required")]),
        ("/conversations/", [], [("non_field_errors", "invalid")]),
        ("/me/mark-read/", {"prviate": True, "at": "soon"}, [("prviate", "unknown_field")]),
        ("/me/mark-read/?upto=1", {}, [("upto", "unknown_parameter")]),
        ("/me/mark-read/", {"at": "2026-11-21T09:30:00"}, [("at", "naive")]),
    ],
)  # fmt: skip
def test_codes_say_what_is_wrong(
    refused: Any, path: str, body: Any, errors: list[tuple[str, str]]
) -> None:
    """Of a nested field with its path; of the whole request under ``non_field_errors``."""
    told = refused(path, body)
    assert [(each["field"], each["code"]) for each in told["errors"]] == errors


@pytest.mark.parametrize("name", ["detail", "code", "errors"])
def test_an_unknown_field_does_not_displace_the_answers_own(refused: Any, name: str) -> None:
    told = refused("/me/mark-read/", {name: 1})
    check_error(400, told)
    assert [(each["field"], each["code"]) for each in told["errors"]] == [(name, "unknown_field")]


def test_no_field_of_the_api_has_a_name_of_the_answers_own() -> None:
    """Otherwise its sentences could not stand under its name."""
    shapes = SCHEMA.raw_schema["components"]["schemas"]
    closed = {
        name: each for name, each in shapes.items() if each.get("additionalProperties") is False
    }
    assert len(closed) > 15
    for name, each in closed.items():
        assert not {"detail", "code", "errors"} & set(each["properties"]), name


def test_both_components_are_json_schemas_of_their_own() -> None:
    """An error that is none of them is noticed: the check itself is tried."""
    for wrong in (
        {"detail": "No."},
        {"detail": "No.", "code": "x", "more": 1},
        {"detail": "No.", "code": "invalid", "errors": [{"field": "a", "detail": "b"}]},
        {"detail": "No.", "code": "other", "errors": []},
    ):
        with pytest.raises(AssertionError):
            check_error(400, wrong)
