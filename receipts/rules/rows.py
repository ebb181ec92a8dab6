"""The rows that queries return and rules read: plain dicts, typed by their columns.

The columns that a query selects are the keys of its row's type, in that order (``columns_of``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypedDict

#: The times that decide a row's state.
StateTime = Literal["withdrawn_at", "read_at", "delivered_at", "failed_at"]


class StateTimes(TypedDict):
    """The columns of one recipient's row that decide its state."""

    withdrawn_at: datetime | None
    read_at: datetime | None
    delivered_at: datetime | None
    failed_at: datetime | None


class ConversationRow(TypedDict):
    """A conversation in a user's list, with its newest message and the user's own part."""

    id: int
    external_id: str | None
    kind: str
    title: str
    receipt_policy: str
    receipts_visible_to: str
    thread_recipients: str
    created_at: datetime
    #: 0 without one; then ``last_message_at`` is before all others.
    last_message: int
    last_message_at: datetime
    #: None for who does not take part.
    role: str | None
    notifications_enabled: bool | None


class SummaryRow(TypedDict):
    """The columns of a message from which its summary is made."""

    id: int
    external_id: str | None
    conversation_id: int
    conversation__external_id: str | None
    tracking: str
    overall_status: str
    recipient_count: int
    delivered_count: int
    read_count: int
    failed_count: int
    read_since_edit_count: int
    edited_at: datetime | None
    archived_at: datetime | None


class MessageRow(SummaryRow):
    """A message, with its sender's names and its conversation's receipt visibility."""

    sender_id: int
    sender__username: str
    sender__display_name: str
    body: str
    client_id: str | None
    created_at: datetime
    deleted_at: datetime | None
    conversation__receipts_visible_to: str
    thread_id: int | None
    conversation__has_threads: bool


class RecipientRow(TypedDict):
    """One recipient's row of a message. ``seen_at`` is for the recipient alone (rule 13)."""

    message_id: int
    conversation_id: int
    recipient_id: int
    recipient__username: str
    recipient__display_name: str
    recipient__avatar_url: str
    delivered_at: datetime | None
    seen_at: datetime | None
    read_at: datetime | None
    failed_at: datetime | None
    failure_reason: str | None
    withdrawn_at: datetime | None
    content: str | None


class OwnRow(RecipientRow):
    """A recipient's own row, with what only they may know and their privacy switches."""

    sent_at: datetime
    received_at: datetime | None
    recipient__read_receipts_enabled: bool
    recipient__delivery_receipts_enabled: bool


class ListedRow(RecipientRow):
    """A row of the recipient list; the last three are null without a participation."""

    recipient__is_active: bool
    is_active: bool | None
    is_muted: bool | None
    is_banned: bool | None


class PlacedRow(ListedRow):
    """A row of the list that is made from a position, which knows when it last moved.

    A time that is not known is one that the true time is not after.
    """

    is_read_at_known: bool
    is_delivered_at_known: bool


class PlacedOwnRow(OwnRow):
    """The same of a recipient's own row."""

    is_deleted: bool

    is_read_at_known: bool
    is_delivered_at_known: bool


class ChangedColumns(TypedDict, total=False):
    """The columns of a row after a change: all times, and whatever else the change sets."""

    received_at: datetime | None
    delivered_at: datetime | None
    seen_at: datetime | None
    read_at: datetime | None
    failed_at: datetime | None
    withdrawn_at: datetime | None
    failure_reason: str | None
    content: str | None


class OwnPosition(TypedDict):
    """A participant, and how far they mark; null where there is no such message."""

    user_id: int
    read_receipts_enabled: bool
    delivery_receipts_enabled: bool
    conversation_id: int
    conversation_external_id: str | None
    #: The message up to which rows are marked.
    up_to: int | None
    up_to_external_id: str | None
    #: The last tracked message up to there, to which watermarks move; null for a thread.
    reached: int | None
    #: The last one that is tracked by position, where positions are kept, and when it was sent.
    placed: int | None
    placed_at: datetime | None
    #: The thread of the message up to which rows are marked.
    up_to_thread: int | None
    #: The root of the thread that is marked, if one is.
    root: int | None


class UnreadCount(TypedDict):
    """What a user has left unread in one conversation."""

    unread_count: int
    #: How many of them stand outside threads.
    unread_count_main: int
    first_unread_message: int | None
    first_unread_message_external_id: str | None


class SummaryAnswer(TypedDict):
    """A message's receipts in one object, as every API shows them."""

    message: int
    message_external_id: str | None
    conversation: int
    conversation_external_id: str | None
    tracked: bool
    receipts_by: str | None
    overall_status: str
    summary_text: str
    total_recipients: int
    delivered_count: int
    read_count: int
    read_since_edit_count: int | None
    failed_count: int
    delivered: str
    read: str
    archived_at: datetime | None


def columns_of(row: type) -> tuple[str, ...]:
    """The columns of a row's type: those of its bases first, each as it is declared."""
    return tuple(row.__annotations__)
