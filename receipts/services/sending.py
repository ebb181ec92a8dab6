"""Sending: the message, its recipients' rows and its counts, in one transaction (rule 1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from chat.errors import Conflict, Muted, NotParticipant
from chat.models import (
    Conversation,
    Message,
    Tracking,
    User,
)
from chat.names import MessageReference
from chat.sql.compiled import CompiledQuery
from receipts.ledger.marks import Mark
from receipts.ledger.stamp import stamp
from receipts.ledger.watermarks import (
    advance_watermark,
    hold_back_from,
    hold_back_private,
    hold_back_unread_replies,
    lock_watermarks_of,
)
from receipts.reads.names import message_id_of
from receipts.reads.places import remember
from receipts.rules.privacy import delivers_privately, reads_privately
from receipts.rules.threads import MAIN_LINE
from receipts.rules.tracking import is_large_group, tracking_of
from receipts.services.large_groups import is_counted_large, keep_positions, sender_has_reached
from receipts.services.sender import SenderFacts, sender_facts
from receipts.services.storing import Reaching, is_late, live_time, store_message
from receipts.services.threads import begin_reply, count_followers, root_of_reply

_UNREAD_BY_SENDER = (
    "status.recipient_id = %(recipient)s AND status.conversation_id = %(conversation)s"
    " AND (status.sent_at, status.message_id) < (%(sent_at)s, %(message)s)"
)


@dataclass(frozen=True)
class Sent:
    """The stored message, and whether this call created it."""

    message: Message
    created: bool


@transaction.atomic
def send_message(
    *,
    conversation_id: int,
    sender: User,
    body: str,
    client_id: str | None = None,
    external_id: str | None = None,
    request_receipts: bool = True,
    mark_read: bool = True,
    sent_at: datetime | None = None,
    thread: MessageReference | None = None,
) -> Sent:
    """Send a message to the current participants; a repeated one sends nothing.

    It is repeated if the sender has a message with this ``client_id`` here, or any message has this
    ``external_id``.

    ``sent_at`` is the time of a message that was sent elsewhere; it stands in the order of that
    time, perhaps before others (rule 7). Everything before it in its line counts as delivered to
    the sender and, unless ``mark_read`` is off, as read (rule 9). With ``thread`` it is a reply to
    that message (rule 30). Raises ``NotParticipant``, ``Muted``, ``Invalid`` if it cannot be a
    reply to that, or ``Conflict`` if one of the two ids belongs to a different message.
    """
    conversation = _LOCKED.first(conversation=conversation_id)
    if conversation is None:
        raise NotParticipant
    came_late, count = is_late(conversation_id, sent_at), conversation["member_count"]
    # Before the sender's own participant is locked, since they are locked in the order of ids. A
    # message that keeps no receipts holds nothing back.
    may_hold_back = came_late and (thread is not None or not is_counted_large(count))
    late = lock_watermarks_of(conversation_id) if may_hold_back else ()
    membership = sender_facts(conversation_id, sender, client_id, count)
    root = None if thread is None else root_of_reply(conversation_id, thread)
    same = membership.same_message or (external_id and message_id_of(external_id))
    if same:
        request = {
            "is_system": False,
            "conversation_id": conversation_id,
            "sender_id": sender.pk,
            "body": body,
            "client_id": client_id,
            "external_id": external_id,
            "created_at": sent_at,
            "thread_id": None if root is None else root["id"],
        }
        return Sent(repeated_message(same, request), created=False)
    if membership.is_muted:
        raise Muted
    reply, recipients = None, membership.recipients
    if root is not None:
        reply = begin_reply(conversation, root)
        if reply.is_for_followers:
            recipients = count_followers(conversation_id, sender.pk, reply)
    tracking = tracking_of(
        recipients=recipients,
        policy=conversation["receipt_policy"],
        sender_role=membership.role,
        # Those who have come further have not read what comes in before.
        requested=request_receipts and not (came_late and is_large_group(recipients)),
        is_reply=reply is not None,
    )
    has_positions = keep_positions(conversation_id, membership.recipients, count)
    created_at = sent_at or live_time(membership.newest_at)
    mark = Mark(
        at=created_at,
        read=mark_read,
        private=mark_read and reads_privately(sender.read_receipts_enabled),
        hides_delivery=delivers_privately(sender.delivery_receipts_enabled),
    )
    is_newest = tracking == Tracking.TRACKED and not late and reply is None
    message = store_message(
        conversation_id=conversation_id,
        sender_id=sender.pk,
        body=body,
        client_id=client_id,
        external_id=external_id,
        created_at=created_at,
        tracking=tracking,
        recipients=recipients,
        reply=reply,
        reaching=Reaching(membership.pk, mark) if is_newest else None,
    )
    remember(message.pk, conversation_id, message.created_at)
    hold_back_from(late, message.pk)
    if late and message.tracked and reply is None:
        advance_watermark(
            mark, recipient=sender.pk, conversation=conversation_id, reached=message.pk
        )
    if has_positions and reply is None:
        sender_has_reached(message, mark)
    if membership.has_unread:
        _mark_earlier(message, membership, mark, has_threads=conversation["has_threads"])
    return Sent(message, created=True)


#: What a request calls the columns that it is compared by.
_CALLED = {
    "is_system": "kind",
    "is_activity": "activity",
    "conversation_id": "conversation",
    "sender_id": "sender",
    "created_at": "sent_at",
    "thread_id": "thread",
}


def repeated_message(pk: int, request: dict[str, Any]) -> Message:
    """The message already sent; ``Conflict`` if this one differs, so that it is not lost.

    What the request does not give is not compared.
    """
    message = Message.objects.get(pk=pk)
    differs = [
        _CALLED.get(column, column)
        for column, value in request.items()
        # Of an edited message, the text that was sent is not known any more.
        if not (value is None or (column == "body" and message.edited_at is not None))
        and getattr(message, column) != value
    ]
    if differs:
        is_own = request["client_id"] is not None and "client_id" not in differs
        name = "client_id" if is_own else "external_id"
        raise Conflict(
            f"Message {pk} has this {name}, but differs from the request in: {', '.join(differs)}."
        )
    return message


#: Locks the conversation until the transaction ends, as ``locking.lock_conversation`` does.
_LOCKED = CompiledQuery(
    lambda conversation: (
        Conversation.objects.present()
        .select_for_update(no_key=True)
        .filter(pk=conversation)
        .values("id", "receipt_policy", "thread_recipients", "has_threads", "member_count")
    ),
    conversation=int,
)


def _mark_earlier(
    message: Message, membership: SenderFacts, mark: Mark, *, has_threads: bool
) -> None:
    """Mark the earlier messages of its line delivered to the sender, or read by them (rule 9).

    The line of a reply is its thread, with the root.
    """
    where, is_main = _UNREAD_BY_SENDER, has_threads and message.thread_id is None
    if is_main:
        where += MAIN_LINE.rows_sql
    elif message.thread_id is not None:
        where += " AND (status.thread_id = %(thread)s OR status.message_id = %(thread)s)"
    params = {
        "recipient": message.sender_id,
        "conversation": message.conversation_id,
        "sent_at": message.created_at,
        "message": message.pk,
        "thread": message.thread_id,
    }
    stamp(mark.change(where, params), conversation=message.conversation_id)
    if is_main:
        hold_back_unread_replies(message.sender_id, message.conversation_id)
    if mark.hides_delivery:
        hold_back_private(mark, {membership.pk: None})
