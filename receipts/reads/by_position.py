"""Receipts of messages that are tracked by position: recipients as rows, made from positions.

Each row has the columns of a status row, so that lists, filters and answers are the same.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)

from chat.models import ConversationParticipant, Message, Tracking
from receipts.models import Ended, MemberPosition, PrivateStretch, StretchKind
from receipts.reads.selectors import membership_in, recipients_of
from receipts.rules.rows import MessageRow, PlacedOwnRow, PlacedRow, columns_of
from receipts.sql.keyset import BY_TIME, EARLIEST, IN_ORDER_OF_RECIPIENTS, NEWEST_FIRST
from receipts.sql.pages import CompiledPages, WholeList

_NO_TIME = Value(None, output_field=DateTimeField())
_NO_TEXT = Value(None, output_field=CharField())


def last_by_position(
    conversation_id: int, *, up_to: int | None = None, until: datetime | None = None
) -> tuple[int, datetime] | None:
    """The last message tracked by position, up to a message or a time; with its own time."""
    found = Message.objects.filter(conversation=conversation_id, tracking=Tracking.BY_POSITION)
    if up_to is not None:
        own = Message.objects.values_list("created_at", "pk")
        place = own.filter(conversation=conversation_id, pk=up_to).first()
        if place is None:
            return None
        found = found.filter(BY_TIME.compared("lte", place))
    if until is not None:
        found = found.filter(created_at__lte=until)
    return NEWEST_FIRST.sorted(found).values_list("pk", "created_at").first()


def recipient_list(message: MessageRow) -> WholeList[Any]:
    """A message's recipients, from its rows or from positions."""
    values = {"message_id": message["id"], "conversation_id": message["conversation_id"]}
    if message["tracking"] == Tracking.BY_POSITION:
        return WholeList(_PLACED, {**values, "sender_id": message["sender_id"]})
    return WholeList(_STORED, values)


def placed_recipients(
    message_id: int, conversation_id: int, sender_id: int
) -> QuerySet[MemberPosition, PlacedRow]:
    """The recipients of such a message, as ``recipients_of`` returns those of another."""
    rows = (
        _recipients(message_id, conversation_id, sender_id)
        .annotate(**membership_in(conversation_id))
        .order_by("recipient_id")
        .values(*columns_of(PlacedRow))
    )
    return cast("QuerySet[MemberPosition, PlacedRow]", rows)


_IDS = {"message_id": int, "conversation_id": int}
_STORED = CompiledPages(recipients_of, IN_ORDER_OF_RECIPIENTS, **_IDS)
_PLACED = CompiledPages(placed_recipients, IN_ORDER_OF_RECIPIENTS, **_IDS, sender_id=int)


def own_placed_row(message: int | str, username: str) -> PlacedOwnRow | None:
    """A recipient's own row of such a message, while they take part; otherwise None."""
    named = {"external_id": message} if isinstance(message, str) else {"pk": message}
    found = Message.objects.filter(**named, tracking=Tracking.BY_POSITION)
    place = found.values_list(
        "pk", "conversation_id", "sender_id", "created_at", "deleted_at"
    ).first()
    if place is None:
        return None
    pk, conversation, sender, sent_at, deleted_at = place
    active = ConversationParticipant.objects.filter(
        conversation=conversation, user=OuterRef("recipient"), is_active=True
    )
    rows = (
        _recipients(pk, conversation, sender)
        .filter(
            Exists(active),
            recipient__username=username,
            recipient__is_active=True,
            ended=Ended.HERE,
        )
        .annotate(
            is_deleted=Value(deleted_at is not None),
            sent_at=Value(sent_at, output_field=DateTimeField()),
            received_at=_when(Q(received_up_to__gte=pk), F("moved_at")),
        )
    )
    return cast("PlacedOwnRow | None", rows.values(*columns_of(PlacedOwnRow)).first())


def _recipients(message: int, conversation: int, sender: int) -> QuerySet[MemberPosition, Any]:
    """The stays in which a message arrived, with the columns that a status row would have."""
    stays = MemberPosition.objects.filter(
        Q(until=None) | Q(until__gte=message), conversation=conversation, since__lt=message
    ).exclude(recipient=sender)
    read = Q(read_up_to__gte=message) & ~Q(_is_private(StretchKind.READ, message, conversation))
    delivered = Q(delivered_up_to__gte=message) & ~Q(
        _is_private(StretchKind.DELIVERY, message, conversation)
    )
    return (
        stays.annotate(
            message_id=Value(message),
            read_at=_when(read, F("read_moved_at")),
            failed_at=_NO_TIME,
            failure_reason=_NO_TEXT,
            content=_NO_TEXT,
        )
        .annotate(
            delivered_at=_when(delivered, F("delivered_moved_at"), F("read_at")),
            withdrawn_at=_when(
                Q(ended__gt=Ended.HERE, read_at=None),
                Value(EARLIEST, output_field=DateTimeField()),
            ),
            seen_at=_when(
                Q(read_at__isnull=False),
                F("read_at"),
                _when(Q(seen_up_to__gte=message), F("moved_at")),
            ),
        )
        .annotate(
            is_read_at_known=_is(Q(read_at__isnull=False, read_from__lt=message)),
            is_delivered_at_known=_is(
                (delivered & Q(delivered_from__lt=message))
                | (~delivered & Q(read_at__isnull=False, read_from__lt=message))
            ),
        )
    )


def _is_private(kind: StretchKind, message: int, conversation: int) -> Exists:
    return Exists(
        PrivateStretch.objects.filter(
            conversation=conversation,
            recipient=OuterRef("recipient"),
            kind=kind,
            after__lt=message,
            up_to__gte=message,
        )
    )


def _when(condition: Any, then: Any, otherwise: Any = _NO_TIME) -> Case:
    return Case(When(condition, then=then), default=otherwise, output_field=DateTimeField())


def _is(condition: Any) -> Case:
    return Case(
        When(condition, then=Value(True)), default=Value(False), output_field=BooleanField()
    )
