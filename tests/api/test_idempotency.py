"""``Idempotency-Key``: for whoever sends it, the same as ``client_id``."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, Message, User


@pytest.fixture
def send(api: Any, group: Conversation, alice: User) -> Any:
    """Alice sends a message with the header; the status and the answer."""

    def sending(key: str, **body: Any) -> tuple[int, dict[str, Any]]:
        answer = api(alice).client.post(
            f"/api/v1/conversations/{group.pk}/messages/", body, format="json",
            headers={"Idempotency-Key": key},
        )  # fmt: skip
        return answer.status_code, answer.json()

    return sending


def test_a_request_that_is_repeated_sends_one_message(send: Any) -> None:
    status, first = send("k-1", body="tea?")
    assert (status, first["client_id"]) == (201, "k-1")
    assert send("k-1", body="tea?") == (200, first)
    assert send('"k-1"', body="tea?", client_id="k-1") == (200, first)  # a structured field
    assert send("k-2", body="tea?")[0] == 201
    assert Message.objects.count() == 2


def test_another_message_with_the_same_key_is_a_conflict(send: Any) -> None:
    send("k-1", body="tea?")
    status, refused = send("k-1", body="cake?")
    assert (status, refused["code"]) == (409, "conflict")
    assert refused["detail"].endswith("has this client_id, but differs from the request in: body.")


@pytest.mark.parametrize(
    ("key", "body"), [("k-1", {"client_id": "k-2"}), ("", {}), ("x" * 256, {})]
)
def test_a_key_that_cannot_be_one_is_refused(send: Any, key: str, body: dict[str, str]) -> None:
    status, refused = send(key, body="tea?", **body)
    assert status == 400
    assert [each["field"] for each in refused["errors"]] == ["Idempotency-Key"]
    assert not Message.objects.exists()
