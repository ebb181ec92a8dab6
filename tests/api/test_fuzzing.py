"""Every operation of the schema, called in many ways: no 500, no answer outside the schema."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from chat.models import Conversation, Message, User
from receipts.feed.positions import newest_position
from receipts.models import MessageStatus
from tests.support.cast import hook, say
from tests.support.database import one_connection
from tests.support.operations import OPERATIONS

#: What an answer has to keep to: no 500, and nothing that the schema does not declare.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
#: Refuses items one by one, in an answer of 200 (tests/api/test_batch.py).
BATCH = "POST /api/v1/receipts/"
#: Who may call an operation, by the first or last word of its address; alice the others.
CALLERS = {
    "users": "backend",
    "restore": "backend",
    "failed": "backend",
    "delivered": "bob",
    "read": "bob",
    "webhooks": "backend",
}


@pytest.fixture
def at_home(
    api: Any, group: Conversation, alice: User, bob: User, carol: User, dave: User, service_key: str
) -> Callable[[str], dict[str, Any]]:
    """Who may call an operation, and what is there to name: messages in every state."""
    people = {"alice": api(alice), "bob": api(bob), "backend": api(service_key)}
    say(alice, group)
    for reader in (people["bob"], api(carol)):
        reader.post(f"/conversations/{group.pk}/mark-read/")
    partly_read, message = say(alice, group).pk, say(alice, group).pk
    archived = say(alice, group).pk
    MessageStatus.objects.filter(message=archived).delete()
    Message.objects.filter(pk=archived).update(archived_at=timezone.now())
    people["bob"].post(f"/messages/{partly_read}/read/")

    ids = {"messages": message, "webhooks": hook("backend").pk}

    def of(label: str) -> dict[str, Any]:
        first, last = label.split("/")[3], label.split("/")[-2]
        caller = CALLERS.get(last) or CALLERS.get(first, "alice")
        return {
            "authorization": people[caller].client._credentials["HTTP_AUTHORIZATION"],
            "path": {"id": ids.get(first, group.pk), "username": "bob"},
            "values": {
                "up_to_message": message,
                "from_message": message,
                "from": "2026-01-01",
                "to": "2026-12-31",
                "messages": f"{message},{partly_read},{archived},{2**62}",
                "participants": ["bob"],
                "members": ["bob"],
                "after": newest_position().cursor(caller),
                "url": "https://backend.example/",
                "user": {"participants": "dave", "failed": "bob"}.get(last, caller),
            },
        }

    return of


@pytest.mark.parametrize("label", OPERATIONS)
def test_right_requests_get_answers_of_the_schema(
    at_home: Callable[[str], dict[str, Any]], label: str
) -> None:
    """By who may, about what is there; so some of them succeed."""
    answers = fuzz(label, GenerationMode.POSITIVE, **at_home(label))
    assert any(200 <= status < 300 for status in answers), answers


@pytest.mark.parametrize("label", [x for x, each in OPERATIONS.items() if each.query or each.body])
def test_wrong_requests_get_answers_of_the_schema(
    at_home: Callable[[str], dict[str, Any]], label: str
) -> None:
    """None is a 500, and none that is outside the schema is accepted."""
    assert 400 in fuzz(label, GenerationMode.NEGATIVE, **{**at_home(label), "values": {}})


@pytest.mark.parametrize("label", OPERATIONS)
def test_requests_about_anything_get_answers_of_the_schema(service_key: str, label: str) -> None:
    """A backend asks for what may or may not be there."""
    fuzz(label, GenerationMode.POSITIVE, f"Bearer {service_key}", {}, {})


def fuzz(
    label: str,
    mode: GenerationMode,
    authorization: str,
    path: dict[str, Any],
    values: dict[str, Any],
) -> Counter[int]:
    """Call an operation in many ways, the same ones each time; which answers how often."""
    operation, answers = OPERATIONS[label], Counter[int]()
    fixed = {each.name: path[each.name] for each in operation.path_parameters if path}
    headers = {"Authorization": authorization}
    checks = CHECKS if label == BATCH else [*CHECKS, negative_data_rejection]

    @settings(
        max_examples=12,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode, path_parameters=fixed, headers=headers))
    def call(case: schemathesis.Case) -> None:
        if values:
            case.query = {k: values.get(k, v) for k, v in case.query.items() if k != "cursor"}
            if isinstance(case.body, dict):
                case.body = {field: values.get(field, v) for field, v in case.body.items()}
        response = case.call()
        answers[response.status_code] += 1
        case.validate_response(response, checks=checks)

    with one_connection():
        call()
    return answers
