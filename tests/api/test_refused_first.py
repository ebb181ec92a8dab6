"""A caller without a permission is refused before anything wrong with the body is reported."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, User
from receipts import services

ADD = "/participants/"


@pytest.mark.parametrize(
    ("path", "method", "body"),
    [
        ("/", "PATCH", {"title": 1}),
        ("/", "PATCH", {"unknown": 1}),
        ("/", "PATCH", b"{"),
        ("/", "PATCH", {}),
        (ADD, "POST", {}),
        (ADD, "POST", {"user": "nobody"}),
        (ADD, "POST", b"{"),
        (ADD, "POST", {"user": "dave"}),
    ],
)
def test_a_member_is_refused_whatever_they_send(
    api: Any, group: Conversation, bob: User, dave: User, path: str, method: str, body: Any
) -> None:
    """Bob may change neither the conversation nor who takes part."""
    api(bob)(method, f"/conversations/{group.pk}{path}", body, status=403)


@pytest.mark.parametrize("user", ["dave", "nobody"])
def test_an_admin_who_gives_a_role_does_not_learn_who_exists(
    api: Any, group: Conversation, alice: User, bob: User, dave: User, user: str
) -> None:
    """Only the owner gives roles, whoever it is for."""
    services.change_participant(by=alice, conversation_id=group.pk, user=bob, role="admin")
    body = {"user": user, "role": "admin"}
    api(bob).post(f"/conversations/{group.pk}{ADD}", body, status=403)


def test_a_wrong_body_is_reported_to_those_who_may(
    api: Any, group: Conversation, alice: User
) -> None:
    """The owner gets what is wrong, field by field."""
    call = api(alice)
    call.patch(f"/conversations/{group.pk}/", {"title": 1}, status=400)
    call.post(f"/conversations/{group.pk}{ADD}", {"user": "nobody"}, status=400)
