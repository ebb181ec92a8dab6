"""From rows to response data, as the caller may see it; ``shapes`` declares its schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from chat.models import ConversationParticipant, Notifications, User
from receipts.reads.answer_types import (
    ListedAnswer,
    MarkedAnswer,
    MessageAnswer,
    ParticipantAnswer,
    RecipientAnswer,
)
from receipts.reads.threads import NO_THREADS, KnownThreads, threads_of
from receipts.rules.disclosure import discloses_receipts
from receipts.rules.membership import membership_of
from receipts.rules.privacy import Shown, shown_to, summary_shown
from receipts.rules.rows import (
    ListedRow,
    MessageRow,
    OwnRow,
    RecipientRow,
    SummaryAnswer,
    SummaryRow,
)
from receipts.rules.status import State, state_of, summary_of
from receipts.rules.tracking import RECEIPTS_BY, kind_of


def message_shape(row: MessageRow, user: User, threads: KnownThreads = NO_THREADS) -> MessageAnswer:
    """A message as ``user`` may see it; ``threads`` are those of its page."""
    hidden = row["deleted_at"] is not None and not user.is_moderator
    own = row["sender_id"] == user.pk or user.sees_everything
    receipts_by = RECEIPTS_BY.get(row["tracking"])
    return {
        "id": row["id"],
        "external_id": row["external_id"],
        "conversation": row["conversation_id"],
        "conversation_external_id": row["conversation__external_id"],
        "kind": kind_of(row["tracking"]).value,
        "sender": row["sender__username"],
        "sender_name": row["sender__display_name"] or row["sender__username"],
        "body": "" if hidden else row["body"],
        "client_id": row["client_id"] if own else None,
        "created_at": row["created_at"],
        "edited_at": row["edited_at"],
        "deleted_at": row["deleted_at"],
        **threads.shape(row),
        "tracked": receipts_by is not None,
        "untracked_reason": None if receipts_by else row["tracking"],
        "receipts_by": receipts_by,
        "receipts": summary_for(row, user) if shows_receipts(row, user) else None,
    }


def message_shapes(rows: Iterable[MessageRow], user: User) -> list[MessageAnswer]:
    """Messages as ``user`` may see them, each with its place in threads."""
    rows = list(rows)
    threads = threads_of(rows, user)
    return [message_shape(row, user, threads) for row in rows]


def shows_receipts(row: MessageRow, user: User) -> bool:
    """Whether a message is shown with its receipts: with its counts, to those who may see them.

    Those by position are counted when somebody asks for them, not for each message of a list.
    """
    return RECEIPTS_BY.get(row["tracking"]) != "position" and discloses_receipts(row, user)


def summary_for(row: SummaryRow, user: User) -> SummaryAnswer:
    """A message's receipts as shown to ``user``, who may see them (rule 14)."""
    return summary_of(summary_shown(row, shown_to(user)))


def recipient_shape(row: RecipientRow) -> RecipientAnswer:
    """One recipient's row from its ``ROW_COLUMNS``, as others see it: without ``seen_at``."""
    state = state_of(row)
    return {
        "user": row["recipient__username"],
        "user_name": row["recipient__display_name"] or row["recipient__username"],
        "user_avatar_url": row["recipient__avatar_url"],
        "state": state.value,
        "status_text": state.label,
        "delivered_at": row["delivered_at"],
        "read_at": row["read_at"],
        "failed_at": row["failed_at"],
        "failure_reason": row["failure_reason"],
        "content": row["content"] if state == State.READ else None,
    }


def listed_recipient(row: ListedRow, *, edited_at: datetime | None, to: Shown) -> ListedAnswer:
    """A row of the recipient list, with what ``to`` shows of its marks.

    ``edited_at`` is the message's; by it ``read_before_edit`` says whether a reader saw an earlier
    text than the present one. It is null without a disclosed read.
    """
    shown: ListedRow = row if to.reads else {**row, "read_at": None}
    read_at = shown["read_at"]
    shown = shown if to.deliveries else {**shown, "delivered_at": read_at}
    return {
        **recipient_shape(shown),
        "read_before_edit": (
            None if read_at is None else edited_at is not None and read_at < edited_at
        ),
        "membership": membership_of(
            is_active=bool(row["is_active"]) and row["recipient__is_active"],
            is_muted=bool(row["is_muted"]),
            is_banned=bool(row["is_banned"]),
        ),
    }


def marked_row(row: OwnRow) -> MarkedAnswer:
    """The response to a mark: the recipient's own row, with what only they may know.

    ``received_at`` is when it first reached them, privately or not.
    """
    return {
        "message": row["message_id"],
        "conversation": row["conversation_id"],
        **recipient_shape(row),
        "received_at": row["received_at"] or row["delivered_at"],
        "seen_at": row["seen_at"],
    }


def notifications_of(enabled: bool | None) -> str | None:
    """A user's own wish in one conversation; None where they do not take part."""
    return None if enabled is None else (Notifications.ON if enabled else Notifications.OFF).value


def participant_shape(
    participant: ConversationParticipant,
    *,
    watermarks: bool,
    to: Shown,
    wishes: bool,
    names: Mapping[int | None, str],
) -> ParticipantAnswer:
    """A membership; ``watermarks`` and ``wishes``: whether the caller may see them, else null.

    Of watermarks those that ``to`` shows: without deliveries, the delivered one is that of reads.
    ``names`` are the external ids of their messages.
    """
    user = participant.user
    reads = to.reads and watermarks
    read = participant.last_read_message_id if reads else None
    state = "delivered" if to.deliveries else "read"
    delivers = watermarks and (to.deliveries or reads)
    delivered = getattr(participant, f"last_{state}_message_id") if delivers else None
    return {
        "user": user.username,
        "user_name": user.get_full_name(),
        "user_avatar_url": user.avatar_url,
        "role": participant.role,
        "membership": membership_of(
            is_active=participant.is_active and user.is_active,
            is_muted=participant.is_muted,
            is_banned=participant.is_banned,
        ),
        "joined_at": participant.joined_at,
        "left_at": participant.left_at,
        "muted": participant.is_muted,
        "banned": participant.is_banned,
        "notifications": notifications_of(participant.notifications_enabled) if wishes else None,
        "last_delivered_message": delivered,
        "last_delivered_message_external_id": names.get(delivered),
        "last_delivered_at": getattr(participant, f"last_{state}_at") if delivers else None,
        "last_read_message": read,
        "last_read_message_external_id": names.get(read),
        "last_read_at": participant.last_read_at if reads else None,
    }
