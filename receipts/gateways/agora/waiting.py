"""Offline messages: what waits for a user when they log in on a new device."""

from __future__ import annotations

from chat.models import Message, User
from receipts.feed.looking import Listener
from receipts.feed.positions import Position
from receipts.feed.reading import of_user
from receipts.gateways.agora.pushes import queued
from receipts.gateways.sockets.vendor import Push
from receipts.models import EventKind
from receipts.reads.answers import message_shape
from receipts.reads.messages import message_rows
from receipts.reads.selectors import unread_of
from receipts.sql.keyset import NEWEST_FIRST

#: Of more messages, the newest.
MOST_MESSAGES_WAITING = 500


def waiting_for(user: User, position: Position) -> list[Push]:
    """The messages that have reached no device of a user yet, oldest first.

    Without those that the feed tells after ``position``: they are sent anyway.
    """
    unknown = unread_of(user.pk).filter(delivered_at=None, received_at=None)
    newest = unknown.order_by("-sent_at", "-message_id").values_list("message_id", flat=True)
    ids = set(newest[:MOST_MESSAGES_WAITING])
    for event in of_user(position, user.pk, MOST_MESSAGES_WAITING).events:
        ids.difference_update(event.messages if event.kind == EventKind.MESSAGE_CREATED else ())
    found = Message.objects.visible_to(user).filter(pk__in=ids)
    told = [
        {
            "kind": EventKind.MESSAGE_CREATED.value,
            "conversation": row["conversation_id"],
            "conversation_external_id": row["conversation__external_id"],
            "message": message_shape(row, user),
        }
        for row in NEWEST_FIRST.sorted(message_rows(found), backwards=True)
    ]
    return queued({user.pk: told}, {user.pk: Listener.of(user)})[user.pk]
