"""Threads at Sendbird: a reply names its parent, and a parent tells what is known of its replies.

The vendor can also send a reply to the channel itself. Nobody does so here: such a message is
refused, and of replies the lists for a channel have none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from chat.errors import Invalid
from chat.models import Conversation, Message, User
from chat.names import MessageReference
from receipts.gateways.sendbird.errors import SendbirdCode, SendbirdError
from receipts.gateways.sendbird.finding import SenderMessageRow, message_in
from receipts.gateways.sendbird.reading import BodyFields, QueryFields
from receipts.gateways.sendbird.shapes import (
    ADMIN_MESSAGE,
    message_type,
    sendbird_message,
    sendbird_sender,
    shown_text,
)
from receipts.gateways.unixtime import milliseconds
from receipts.reads.messages import rows_of
from receipts.reads.threads import root_row, threads_in

PARENT = "parent_message_id"
_TO_CHANNEL = ("is_reply_to_channel", "reply_to_channel")
_MAIN_LINE, _ALL = ("NONE", "ONLY_REPLY_TO_CHANNEL"), "ALL"
#: The most users in ``most_replies``.
_MOST_USERS = 5


@dataclass(frozen=True, kw_only=True)
class ThreadParts:
    """The optional parts of a message that a request includes."""

    thread_info: bool = False
    parent_info: bool = False

    @classmethod
    def of(cls, query: QueryFields) -> Self:
        return cls(
            thread_info=query.flag("include_thread_info"),
            parent_info=query.flag("include_parent_message_info"),
        )


# --- Requests ------------------------------------------------------------------------------------


def parent_of(body: BodyFields) -> MessageReference | None:
    """The message that a new one replies to."""
    for name in _TO_CHANNEL:
        if body.flag(name):
            raise SendbirdError(
                SendbirdCode.INVALID, f'"{name}": a reply stands in its thread alone here.'
            )
    number = body.message(PARENT)
    if number == 0:
        raise _wrong_parent("No such message in this channel.")
    return None if number is None else MessageReference(number=number)


def refused_parent(conversation: Conversation, parent: MessageReference, why: Invalid) -> Exception:
    """400201 for a parent that is not there or deleted, 400111 for one that is a reply itself."""
    root = root_row(conversation.pk, parent)
    if root is None or root["deleted_at"] is not None:
        return _wrong_parent(str(why))
    return SendbirdError(SendbirdCode.INVALID, f'"{PARENT}": {why}')


def _wrong_parent(why: str) -> SendbirdError:
    return SendbirdError(SendbirdCode.NOT_FOUND, f'"{PARENT}": {why}')


def of_the_lines(
    messages: QuerySet[Message], conversation: Conversation, query: QueryFields
) -> QuerySet[Message]:
    """Those that are no replies; with ``parent_message_id`` that message and its replies.

    ``include_reply_type``, or ``include_replies`` in older clients, includes replies or omits them.
    """
    parent = query.message(PARENT)
    replies = _includes_replies(query, default=parent is not None)
    if parent is not None:
        root = message_in(conversation, parent)["id"]
        messages = messages.filter(Q(pk=root) | Q(thread=root))
    return messages if replies else messages.filter(thread=None)


def _includes_replies(query: QueryFields, *, default: bool) -> bool:
    kind = query.text("include_reply_type", "").upper()
    if kind in ("", _ALL):
        return kind == _ALL or query.flag("include_replies", default=default)
    if kind not in _MAIN_LINE:
        raise SendbirdError(
            SendbirdCode.INVALID,
            f'"include_reply_type" must be {_ALL}, {" or ".join(_MAIN_LINE)}.',
        )
    return False


# --- Answers -------------------------------------------------------------------------------------


def sendbird_messages(
    rows: list[SenderMessageRow],
    conversation: Conversation,
    caller: User,
    shown: ThreadParts = ThreadParts(),
) -> list[dict[str, Any]]:
    """Messages of one channel, with the parts that a request includes."""
    infos = _thread_infos(rows, conversation) if shown.thread_info else {}
    parents = _parent_infos(rows, conversation) if shown.parent_info else {}
    shapes = []
    for row in rows:
        shape = sendbird_message(row, conversation, caller)
        if shown.thread_info:
            shape["thread_info"] = infos.get(row["id"], {})
        if shown.parent_info:
            shape["parent_message_info"] = parents.get(row["thread_id"] or 0, {})
        shapes.append(shape)
    return shapes


def _thread_infos(
    rows: list[SenderMessageRow], conversation: Conversation
) -> dict[int, dict[str, Any]]:
    """What is known of the replies to these messages; those without replies are omitted.

    ``updated_at`` is the time of the last reply, too: when a thread last changed is not stored.
    """
    roots = [row["id"] for row in rows if row["thread_id"] is None]
    threads = list(threads_in(conversation.pk).filter(root__in=roots))
    users = _most_replies([each.root_id for each in threads], conversation)
    return {
        each.root_id: {
            "reply_count": each.reply_count,
            "most_replies": users.get(each.root_id, []),
            "last_replied_at": milliseconds(each.last_reply_at),
            "updated_at": milliseconds(each.last_reply_at),
        }
        for each in threads
    }


def _most_replies(roots: list[int], conversation: Conversation) -> dict[int, list[dict[str, Any]]]:
    """The users who wrote most replies in each thread, in one statement."""
    if not roots:
        return {}
    sender = ("sender__username", "sender__display_name", "sender__avatar_url")
    replies = Message.objects.filter(conversation=conversation, thread__in=roots, deleted_at=None)
    place = Window(
        RowNumber(), partition_by=F("thread_id"), order_by=[F("count").desc(), F("sender_id").asc()]
    )
    counted = replies.order_by().values("thread_id", "sender_id", *sender)
    counted = counted.annotate(count=Count("pk")).annotate(place=place)
    found: dict[int, list[dict[str, Any]]] = {}
    for row in counted.filter(place__lte=_MOST_USERS).order_by("thread_id", "place"):
        found.setdefault(row["thread_id"], []).append(sendbird_sender(row))
    return found


def _parent_infos(
    rows: list[SenderMessageRow], conversation: Conversation
) -> dict[int, dict[str, Any]]:
    """The parents of those that are replies."""
    if not (roots := {row["thread_id"] for row in rows if row["thread_id"] is not None}):
        return {}
    parents = Message.objects.filter(conversation=conversation, pk__in=roots)
    infos = {}
    for row in rows_of(parents, SenderMessageRow):
        kind = message_type(row)
        sender = {} if kind == ADMIN_MESSAGE else {"user": sendbird_sender(row)}
        infos[row["id"]] = {
            "type": kind,
            "message": shown_text(row),
            "custom_type": "",
            "ts": milliseconds(row["created_at"]),
            **sender,
        }
    return infos
