"""Runs in the client's own environment, without ours: what a backend does with the client.

``flow.py STEP ADDRESS KEY [CURSOR]`` prints a JSON line for everything that there is to tell.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from seenby_client import Refused, connect, events, mark_all, ok
from seenby_client.generated.api.conversations import create_conversation, send_message
from seenby_client.generated.api.messages import (
    get_message_status,
    list_recipients,
    mark_message_read,
)
from seenby_client.generated.api.users import create_user, issue_token
from seenby_client.generated.client import AuthenticatedClient
from seenby_client.generated.models.batch_item import BatchItem
from seenby_client.generated.models.batch_item_state import BatchItemState
from seenby_client.generated.models.conversation_kind import ConversationKind
from seenby_client.generated.models.message_created_event import MessageCreatedEvent
from seenby_client.generated.models.message_name import MessageName
from seenby_client.generated.models.new_conversation import NewConversation
from seenby_client.generated.models.new_message import NewMessage
from seenby_client.generated.models.new_user import NewUser
from seenby_client.generated.models.read_body import ReadBody
from seenby_client.generated.models.receipt_updated_event import ReceiptUpdatedEvent

MESSAGE = "ext:tea-1"


def tell(name: str, what: Any) -> None:
    print(json.dumps([name, what]), flush=True)


def whole(app: AuthenticatedClient, url: str) -> None:
    """From no users to a message that all have read, and everything that was told meanwhile."""
    for name in ("ann", "ben", "cleo"):
        tell(
            "user", ok(create_user.sync_detailed(client=app, body=NewUser(username=name))).username
        )
    tea = NewConversation(
        kind=ConversationKind.GROUP, title="Tea", external_id="tea",
        owner="ann", participants=["ben", "cleo"],
    )  # fmt: skip
    tell("conversation", ok(create_conversation.sync_detailed(client=app, body=tea)).external_id)
    text = NewMessage(sender="ann", body="Tea at four?", external_id="tea-1")
    ok(send_message.sync_detailed("ext:tea", client=app, body=text))
    try:
        text.body = "Cake?"
        ok(send_message.sync_detailed("ext:tea", client=app, body=text))
    except Refused as refused:
        tell("refused", [refused.status, refused.code, len(refused.errors)])
    try:
        ok(send_message.sync_detailed("ext:tea", client=app, body=NewMessage(body="")))
    except Refused as refused:
        tell("wrong", [refused.status, [[each.field, each.code] for each in refused.errors]])
    token = ok(issue_token.sync_detailed("ben", client=app)).token
    with connect(url, token) as ben:
        ok(mark_message_read.sync_detailed(MESSAGE, client=ben, body=ReadBody()))
    mark = BatchItem(
        message=MessageName(external_id="tea-1"), state=BatchItemState.DELIVERED, user="cleo"
    )
    results = mark_all(app, [mark] * 1_500)  # two requests
    tell("marked", sorted({str(result.result) for _, result in results}))
    status = ok(get_message_status.sync_detailed(MESSAGE, client=app))
    tell("status", [str(status.overall_status), status.summary_text])
    page = ok(list_recipients.sync_detailed(MESSAGE, client=app, limit=1))
    tell("recipients", [[each.user, str(each.state)] for each in page.results])
    tell("has next", page.next_ is not None)


def follow(app: AuthenticatedClient, cursor: str) -> None:
    """What happens after a cursor, until a message says that it is enough."""
    cursors = [cursor]
    for event in events(app, after=cursor, remember=cursors.append):
        if isinstance(event, MessageCreatedEvent):
            tell("message", event.message.body)
            if event.message.body == "enough":
                break
        elif isinstance(event, ReceiptUpdatedEvent):
            tell("marks", [[mark.user, str(mark.state)] for mark in event.marks])
    # Since the last event was not done with, the next program is told it again.
    again = next(iter(events(app, after=cursors[-1])))
    tell("again", again.message.body if isinstance(again, MessageCreatedEvent) else again.kind)


def main() -> None:
    step, url, key, *cursor = sys.argv[1:]
    with connect(url, key) as app:
        whole(app, url) if step == "whole" else follow(app, *cursor)
    tell("done", None)


if __name__ == "__main__":
    main()
