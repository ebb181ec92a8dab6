"""Every operation of the vendors' documents, called in many ways: none responds with 500.

And each response conforms to its document. For the native API: tests/api/test_fuzzing.py.
"""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chat.authentication import issue_token
from chat.models import Conversation, User
from config.wsgi import application
from tests.support.cast import say
from tests.support.database import one_connection
from tests.support.documents import Document

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
#: Per operation and mode; there are 36 operations.
EXAMPLES = 6


def operations(vendor: str) -> dict[str, Any]:
    """The operations of a vendor's document, by method and path."""
    schema = schemathesis.openapi.from_dict(Document(vendor).content)
    schema.app = application
    return {each.ok().label: each.ok() for each in schema.get_all_operations()}


OPERATIONS = {
    (vendor, label): operation
    for vendor in ("sendbird", "socialplus", "tencent", "agora")
    for label, operation in operations(vendor).items()
}


@pytest.fixture
def at_home(group: Conversation, alice: User, service_key: str) -> tuple[dict[str, Any], Any]:
    """Path parameters that exist, and the credentials of callers."""
    Conversation.objects.filter(pk=group.pk).update(external_id="ch1")
    channel = dict.fromkeys(("channel_url", "feed", "channel", "group"), "ch1")
    parts = {**channel, "user_id": "bob", "org": "o", "app": "a"}
    parts |= dict.fromkeys(("message", "message_id"), say(alice, group).pk)
    key = {"Authorization": f"Bearer {service_key}", "Api-Token": service_key}
    session = {"Authorization": f"Bearer {issue_token(alice)[0]}", "X-API-Key": service_key}
    return parts, {"sendbird": key, "tencent": key, "socialplus": session, "agora": session}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize(("vendor", "label"), OPERATIONS)
def test_requests_get_answers_of_the_vendors_document(
    at_home: Any, vendor: str, label: str, mode: GenerationMode
) -> None:
    """Valid and invalid ones, for existing objects: a fixed number, the same ones each time."""
    operation, (parts, headers) = OPERATIONS[vendor, label], at_home
    if mode == GenerationMode.NEGATIVE and not (operation.query or operation.body):
        return
    path = {each.name: parts[each.name] for each in operation.path_parameters}

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode, path_parameters=path))
    def call(case: schemathesis.Case) -> None:
        case.headers = headers[vendor]
        case.validate_response(case.call(), checks=CHECKS)

    with one_connection():
        call()
