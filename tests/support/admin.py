"""The admin, as a user's browser requests it."""

from __future__ import annotations

import html
import re
from typing import Any

from django.test import Client

from chat.models import Message, User
from chat.names import MessageReference
from receipts import services
from receipts.services.batch_items import BatchMark
from receipts.services.marking import RecipientKey
from tests.support.cast import moderators


def appointed(user: User) -> User:
    """A moderator, appointed by the admin's own action."""
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    user.groups.add(moderators())
    return user


def mark(message: Message, username: str, *, read: bool, **how: Any) -> None:
    """A user marks a message as delivered or read."""
    state = "read" if read else "delivered"
    named = MessageReference(number=message.pk)
    item = BatchMark(message=named, username=username, state=state, **how)
    assert services.mark_batch([item]) == ["applied"]


def fail(message: Message, user: User, reason: str) -> None:
    """A message cannot be delivered to a user."""
    row = RecipientKey(
        message_id=message.pk, recipient_id=user.pk, conversation_id=message.conversation_id
    )
    assert services.report_failure(row=row, reason=reason)


class Browser:
    """A logged-in user; pages are returned as text."""

    def __init__(self, user: User) -> None:
        self.client = Client(raise_request_exception=True)
        self.client.force_login(user)

    def get(self, path: str, status: int = 200) -> str:
        """A page under the admin; any status but ``status`` fails the test."""
        return self._text(self.client.get(f"/admin/{path}"), status)

    def post(self, path: str, data: dict[str, Any] | None = None, status: int = 302) -> str:
        return self._text(self.client.post(f"/admin/{path}", data or {}), status)

    @staticmethod
    def _text(answer: Any, status: int) -> str:
        assert answer.status_code == status, (answer.status_code, answer.content[:300])
        body = b"".join(answer) if answer.streaming else answer.content
        return html.unescape(body.decode())


def listed(page: str) -> list[str]:
    """The first cell of each row of a list, as text."""
    cells = re.findall(r'<th class="field-[a-z_]+[^"]*"><a [^>]*>(.*?)</a></th>', page, re.DOTALL)
    return [plain(cell) for cell in cells]


def rows_of(page: str) -> list[str]:
    """The rows of the table on an object's page, as text."""
    table = re.search(r'<table class="listed">.*?<tbody>(.*?)</tbody>', page, re.DOTALL)
    return (
        [plain(row) for row in re.findall(r"<tr>(.*?)</tr>", table[1], re.DOTALL)] if table else []
    )


def plain(markup: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


def step(page: str, rel: str) -> str | None:
    """Where a link of the paginator leads."""
    found = re.search(rf'<a href="(\?[^"]*)" rel="{rel}">', page)
    return found[1] if found else None
