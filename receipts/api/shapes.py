"""What the API answers, as the schema declares it; and the functions that make it from rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from chat.models import (
    ConversationKind,
    ConversationParticipant,
    OverallStatus,
    ReceiptPolicy,
    ReceiptVisibility,
    Role,
    Tracking,
    User,
)
from receipts.api.fields import RowSerializer
from receipts.permissions import discloses_receipts
from receipts.privacy import hides_reads_from, without_reads
from receipts.status import State, state_of, summary_of

SHARES = [("none", "None"), ("some", "Some"), ("all", "All")]
MEMBERSHIPS = [("active", "Active"), ("left", "Left"), ("muted", "Muted"), ("banned", "Banned")]


class Summary(RowSerializer):
    """A message's receipts over all its recipients."""

    message = serializers.IntegerField()
    conversation = serializers.IntegerField()
    tracked = serializers.BooleanField()
    overall_status = serializers.ChoiceField(OverallStatus.choices)
    summary_text = serializers.CharField()
    total_recipients = serializers.IntegerField()
    delivered_count = serializers.IntegerField()
    read_count = serializers.IntegerField()
    failed_count = serializers.IntegerField()
    delivered = serializers.ChoiceField(SHARES)
    read = serializers.ChoiceField(SHARES)


class MessageShape(RowSerializer):
    """A message; ``receipts`` is null for those who may not see them."""

    id = serializers.IntegerField()
    conversation = serializers.IntegerField()
    sender = serializers.CharField()
    sender_name = serializers.CharField()
    body = serializers.CharField()
    client_id = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    deleted_at = serializers.DateTimeField(allow_null=True)
    tracked = serializers.BooleanField()
    untracked_reason = serializers.ChoiceField(
        [choice for choice in Tracking.choices if choice[0] != Tracking.TRACKED], allow_null=True
    )
    receipts = Summary(allow_null=True)


class Recipient(RowSerializer):
    """One recipient's row."""

    user = serializers.CharField()
    user_name = serializers.CharField()
    user_avatar_url = serializers.CharField()
    state = serializers.ChoiceField(State.choices)
    status_text = serializers.CharField()
    delivered_at = serializers.DateTimeField(allow_null=True)
    read_at = serializers.DateTimeField(allow_null=True)
    failed_at = serializers.DateTimeField(allow_null=True)
    failure_reason = serializers.CharField(allow_null=True)
    content = serializers.CharField(allow_null=True)


class ListedRecipient(Recipient):
    """One recipient's row, and what part they take in the conversation now."""

    membership = serializers.ChoiceField(MEMBERSHIPS)


class MarkedRow(Recipient):
    """The caller's own row, with their own ``seen_at``."""

    message = serializers.IntegerField()
    conversation = serializers.IntegerField()
    seen_at = serializers.DateTimeField(allow_null=True)


class ConversationShape(RowSerializer):
    """A conversation as the caller sees it; ``role`` is null for who takes no part."""

    id = serializers.IntegerField()
    external_id = serializers.CharField(allow_null=True)
    kind = serializers.ChoiceField(ConversationKind.choices)
    title = serializers.CharField()
    receipt_policy = serializers.ChoiceField(ReceiptPolicy.choices)
    receipts_visible_to = serializers.ChoiceField(ReceiptVisibility.choices)
    created_at = serializers.DateTimeField()
    role = serializers.ChoiceField(Role.choices, allow_null=True)
    unread_count = serializers.IntegerField()
    first_unread_message = serializers.IntegerField(allow_null=True)
    last_message = MessageShape(allow_null=True)


class ParticipantShape(RowSerializer):
    """A membership. The watermarks are null where they are none of the caller's business."""

    user = serializers.CharField()
    user_name = serializers.CharField()
    user_avatar_url = serializers.CharField()
    role = serializers.ChoiceField(Role.choices)
    membership = serializers.ChoiceField(MEMBERSHIPS)
    joined_at = serializers.DateTimeField()
    left_at = serializers.DateTimeField(allow_null=True)
    muted = serializers.BooleanField()
    banned = serializers.BooleanField()
    last_delivered_message = serializers.IntegerField(allow_null=True)
    last_delivered_at = serializers.DateTimeField(allow_null=True)
    last_read_message = serializers.IntegerField(allow_null=True)
    last_read_at = serializers.DateTimeField(allow_null=True)


class BulkMark(RowSerializer):
    """What a mark up to a message did."""

    conversation = serializers.IntegerField()
    user = serializers.CharField()
    up_to_message = serializers.IntegerField(allow_null=True)
    marked = serializers.IntegerField()
    at = serializers.DateTimeField()
    unread_count = serializers.IntegerField()


class Unmarked(RowSerializer):
    """What marking unread did."""

    conversation = serializers.IntegerField()
    user = serializers.CharField()
    from_message = serializers.IntegerField()
    marked = serializers.IntegerField()
    unread_count = serializers.IntegerField()


class AllMarked(RowSerializer):
    """What a mark over all conversations did so far; repeat it until it is complete."""

    marked = serializers.IntegerField()
    complete = serializers.BooleanField()
    unread_count = serializers.IntegerField()


def message_shape(row: Mapping[str, Any], user: User) -> dict[str, Any]:
    """A message from its ``MESSAGE_COLUMNS``, as ``user`` may see it."""
    hidden = row["deleted_at"] is not None and not user.is_staff
    own = row["sender_id"] == user.pk or user.sees_everything
    tracked = row["tracking"] == Tracking.TRACKED
    return {
        "id": row["id"],
        "conversation": row["conversation_id"],
        "sender": row["sender__username"],
        "sender_name": row["sender__display_name"] or row["sender__username"],
        "body": "" if hidden else row["body"],
        "client_id": row["client_id"] if own else None,
        "created_at": row["created_at"],
        "deleted_at": row["deleted_at"],
        "tracked": tracked,
        "untracked_reason": None if tracked else row["tracking"],
        "receipts": summary_for(row, user) if discloses_receipts(row, user) else None,
    }


def summary_for(row: Mapping[str, Any], user: User) -> dict[str, Any]:
    """A message's receipts as ``user``, who may see them, is told of them (rule 14)."""
    return summary_of(without_reads(row) if hides_reads_from(user) else row)


def recipient_shape(row: Mapping[str, Any]) -> dict[str, Any]:
    """One recipient's row from its ``ROW_COLUMNS``, as others see it: ``seen_at`` is not in it."""
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


def membership_of(*, is_active: bool, is_muted: bool, is_banned: bool) -> str:
    """What part somebody takes now, in one word."""
    if is_banned:
        return "banned"
    if not is_active:
        return "left"
    return "muted" if is_muted else "active"


def listed_recipient(row: Mapping[str, Any], *, reads: bool) -> dict[str, Any]:
    """A row of the recipient list; without ``reads`` a read looks like its delivery."""
    return recipient_shape(row if reads else {**row, "read_at": None}) | {
        "membership": membership_of(
            is_active=bool(row["is_active"]) and row["recipient__is_active"],
            is_muted=bool(row["is_muted"]),
            is_banned=bool(row["is_banned"]),
        )
    }


def marked_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a mark."""
    return {
        "message": row["message_id"],
        "conversation": row["conversation_id"],
        **recipient_shape(row),
        "seen_at": row["seen_at"],
    }


def participant_shape(
    participant: ConversationParticipant, *, watermarks: bool, reads: bool
) -> dict[str, Any]:
    """A membership, with its watermarks where the caller may see them, and the read one too."""
    user = participant.user
    told = {
        "last_delivered_message": participant.last_delivered_message_id,
        "last_delivered_at": participant.last_delivered_at,
        "last_read_message": participant.last_read_message_id,
        "last_read_at": participant.last_read_at,
    }
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
        **{
            name: value if watermarks and (reads or "read" not in name) else None
            for name, value in told.items()
        },
    }
