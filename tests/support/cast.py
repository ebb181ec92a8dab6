"""Helpers of tests: call the API, send messages, register a webhook, count statements."""

from __future__ import annotations

import json
import os
from importlib import import_module
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group
from rest_framework.test import APIClient

from chat.models import MODERATORS, Conversation, Message, User
from receipts import services
from receipts.feed.positions import newest_position
from receipts.models import WebhookEndpoint
from receipts.sql.new_ids import id_at_worker
from tests.support.errors import by_field, check_error

ON_POSTGRES = os.environ.get("TEST_LEG") in ("postgresql", "partitions", "citus")
#: The statements of one stamp. SQLite also selects the rows for the counts, for the notes of
#: insights, and for the rows (ledger/stamp.py).
STAMP = 1 if ON_POSTGRES else 4
#: Of a failure, which insights do not measure.
STAMP_OF_FAILURES = 1 if ON_POSTGRES else 3
#: Of a change that moves no count.
NO_COUNT = 1 if ON_POSTGRES else 2
#: The statements of one mark of one message: on SQLite its row is looked up before.
SINGLE_MARK = 1 if ON_POSTGRES else 1 + STAMP


class Api:
    """A client that calls the API as a user, and returns the response."""

    def __init__(self, token: str | None) -> None:
        self.client = APIClient(raise_request_exception=False)
        if token:
            self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """Call ``path`` under the prefix; any status but ``status`` fails the test.

        Of wrong fields it returns the texts by field.
        """
        response = self.call(method, path, body)
        assert response.status_code == status, (response.status_code, response.content[:500])
        answer = response.json() if response.content else None
        return by_field(answer) if status == 400 else answer

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call ``path`` under the prefix; return the response, whatever its status."""
        is_native = not path.startswith("http")
        response = self.client.generic(
            method,
            f"/api/v1{path}" if is_native else path,
            b"" if body is None else _json(body),
            content_type="application/json",
        )
        if is_native and response.status_code >= 400 and response.status_code != 500:
            check_error(response.status_code, response.json())
        return response

    def get(self, path: str, status: int = 200) -> Any:
        return self("GET", path, status=status)

    def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        return self("POST", path, body, status)

    def patch(self, path: str, body: Any, status: int = 200) -> Any:
        return self("PATCH", path, body, status)

    def delete(self, path: str, status: int = 204) -> Any:
        return self("DELETE", path, status=status)


def _json(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def say(sender: User, conversation: Conversation, body: str = "hello", **how: Any) -> Message:
    """Send a message."""
    return services.send_message(
        conversation_id=conversation.pk, sender=sender, body=body, **how
    ).message


def hook(owner: str, url: str = "https://backend.example/seenby") -> WebhookEndpoint:
    """The webhook of an application's backend, starting now."""
    endpoint, _ = WebhookEndpoint.objects.get_or_create(
        owner=User.objects.get(username=owner),
        url=url,
        defaults={"cursor": newest_position().cursor(owner)},
    )
    return endpoint


class Statements:
    """Counts the SQL statements of a block, without transaction control."""

    def __init__(self) -> None:
        self.sql: list[str] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO")):
            self.sql.append(sql)
        return execute(sql, params, many, context)

    def __len__(self) -> int:
        return len(self.sql)


def moderators() -> Group:
    """The group from a migration; tests with real transactions empty that table, too."""
    if not Group.objects.filter(name=MODERATORS).exists():
        if pk := id_at_worker(Group._meta.db_table):  # the admin would be at the coordinator
            Group.objects.create(pk=pk, name=MODERATORS)
        import_module("receipts.migrations.0004_moderators").make_group(apps, None)
    return Group.objects.get(name=MODERATORS)


def counts(message: Message) -> tuple[int, int, int, int]:
    """A message's recipients, and how many have it delivered, read and failed, as stored now."""
    message.refresh_from_db()
    return (
        message.recipient_count,
        message.delivered_count,
        message.read_count,
        message.failed_count,
    )
