"""An app's backend that still uses Tencent's server API."""

from __future__ import annotations

from typing import Any

from django.test import Client

from chat.models import Message

QUERY = "?sdkappid=88888888&identifier=administrator&random=99999999&contenttype=json"


class Admin:
    """The app's backend, with its credentials in the query string, as for Tencent."""

    def __init__(self, key: str) -> None:
        self.client, self.key = Client(), key

    def ask(self, command: str, body: Any) -> Any:
        """Its clients send no content type."""
        path = f"/v4/group_open_http_svc/{command}{QUERY}&usersig={self.key}"
        response = self.client.post(path, body, content_type="application/json")
        assert response.status_code == 200, response.content
        return response.json()

    def __call__(self, command: str, body: Any, code: int = 0) -> Any:
        """The response to ``command``, which has this error code."""
        answer = self.ask(command, body)
        assert answer["ErrorCode"] == code, answer
        assert answer["ActionStatus"] == ("FAIL" if code else "OK")
        assert bool(answer["ErrorInfo"]) == bool(code)
        return answer


def seq(message: Message) -> int:
    """A message's number in its group: how many had arrived there, with itself (rule 28)."""
    arrived = Message.objects.filter(conversation=message.conversation_id, pk__lte=message.pk)
    return arrived.count()


def seqs(*messages: Message) -> list[dict[str, int]]:
    """How Tencent names messages of a group."""
    return [{"MsgSeq": seq(message)} for message in messages]
