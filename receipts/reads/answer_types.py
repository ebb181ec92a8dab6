"""The types of what ``answers`` returns; ``api.shapes`` declares the same for the schema."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from receipts.rules.rows import SummaryAnswer


class ThreadAnswer(TypedDict):
    """A message's place in threads: the root of its own, or what is known of the replies to it."""

    thread: int | None
    thread_external_id: str | None
    reply_count: int
    last_reply: int | None
    last_reply_external_id: str | None
    last_reply_at: datetime | None
    #: The caller's own part; null for replies, for those who take no part, and in events.
    unread_replies: int | None
    following: bool | None


class MessageAnswer(ThreadAnswer):
    """A message as one user may see it; ``receipts`` is null where they may not see those."""

    id: int
    external_id: str | None
    conversation: int
    conversation_external_id: str | None
    kind: str
    sender: str
    sender_name: str
    body: str
    client_id: str | None
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    tracked: bool
    untracked_reason: str | None
    receipts_by: str | None
    receipts: SummaryAnswer | None


class RecipientAnswer(TypedDict):
    """One recipient's row as others may see it."""

    user: str
    user_name: str
    user_avatar_url: str
    state: str
    status_text: str
    delivered_at: datetime | None
    read_at: datetime | None
    failed_at: datetime | None
    failure_reason: str | None
    content: str | None


class ListedAnswer(RecipientAnswer):
    """A row of the recipient list."""

    read_before_edit: bool | None
    membership: str


class MarkedAnswer(RecipientAnswer):
    """A row as its own recipient sees it after a mark."""

    message: int
    conversation: int
    received_at: datetime | None
    seen_at: datetime | None


class ParticipantAnswer(TypedDict):
    """A membership; watermarks are null where the caller may not see them."""

    user: str
    user_name: str
    user_avatar_url: str
    role: str
    membership: str
    joined_at: datetime
    left_at: datetime | None
    muted: bool
    banned: bool
    notifications: str | None
    last_delivered_message: int | None
    last_delivered_message_external_id: str | None
    last_delivered_at: datetime | None
    last_read_message: int | None
    last_read_message_external_id: str | None
    last_read_at: datetime | None
