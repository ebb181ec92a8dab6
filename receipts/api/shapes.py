"""Response shapes as the schema declares them; ``answers`` builds them from rows."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema_field
from rest_framework import serializers

from chat.errors import Conflict
from chat.models import (
    ConversationKind,
    MessageKind,
    Notifications,
    OverallStatus,
    ReceiptPolicy,
    ReceiptVisibility,
    Role,
    ThreadRecipients,
    Tracking,
)
from receipts.api.components import ERROR
from receipts.api.fields import RowSerializer
from receipts.rules.membership import Membership
from receipts.rules.status import State
from receipts.rules.threads import MAIN
from receipts.rules.tracking import RECEIPTS_BY

_BY = [("rows", "A row for each recipient"), ("position", "How far each has come")]
_BY_HELP = "How receipts are kept; null for a message without receipts."
SHARES = [("none", "None"), ("some", "Some"), ("all", "All")]


def gone(code: str, description: str) -> dict[int, OpenApiResponse]:
    """For ``extend_schema``: the 410 response for data that is no longer kept."""
    return {410: OpenApiResponse(ERROR, f"`{code}`: {description}")}


def conflict(description: str) -> dict[int, OpenApiResponse]:
    """For ``extend_schema``: the 409 response for a name that is already taken."""
    return {409: OpenApiResponse(ERROR, f"`{Conflict.code}`: {description}")}


class Summary(RowSerializer):
    """A message's receipts over all its recipients."""

    message = serializers.IntegerField()
    message_external_id = serializers.CharField(allow_null=True)
    conversation = serializers.IntegerField()
    conversation_external_id = serializers.CharField(allow_null=True)
    tracked = serializers.BooleanField()
    receipts_by = serializers.ChoiceField(_BY, allow_null=True, help_text=_BY_HELP)
    overall_status = serializers.ChoiceField(OverallStatus.choices)
    summary_text = serializers.CharField()
    total_recipients = serializers.IntegerField()
    delivered_count = serializers.IntegerField()
    read_count = serializers.IntegerField()
    read_since_edit_count = serializers.IntegerField(
        allow_null=True,
        help_text="How many have read the present text: reads since the last edit, if there is one."
        " Null for an edited message whose receipts are kept by position.",
    )
    failed_count = serializers.IntegerField()
    delivered = serializers.ChoiceField(SHARES)
    read = serializers.ChoiceField(SHARES)
    archived_at = serializers.DateTimeField(
        allow_null=True,
        help_text="When its recipient rows were archived; only its counts are kept.",
    )


class MessageShape(RowSerializer):
    """A message as one user may see it."""

    id = serializers.IntegerField()
    external_id = serializers.CharField(allow_null=True)
    conversation = serializers.IntegerField()
    conversation_external_id = serializers.CharField(allow_null=True)
    kind = serializers.ChoiceField(MessageKind.choices)
    sender = serializers.CharField()
    sender_name = serializers.CharField()
    body = serializers.CharField()
    client_id = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(
        allow_null=True, help_text="When its text was last changed; null if it never was."
    )
    deleted_at = serializers.DateTimeField(allow_null=True)
    thread = serializers.IntegerField(
        allow_null=True, help_text="The message to which it is a reply; null in the main line."
    )
    thread_external_id = serializers.CharField(allow_null=True)
    reply_count = serializers.IntegerField(help_text="Its replies that are not deleted.")
    last_reply = serializers.IntegerField(allow_null=True)
    last_reply_external_id = serializers.CharField(allow_null=True)
    last_reply_at = serializers.DateTimeField(allow_null=True)
    unread_replies = serializers.IntegerField(
        allow_null=True, help_text="The caller's; null in events, and for replies."
    )
    following = serializers.BooleanField(
        allow_null=True, help_text="Whether the caller follows its thread; null likewise."
    )
    tracked = serializers.BooleanField()
    untracked_reason = serializers.ChoiceField(
        [choice for choice in Tracking.choices if choice[0] not in RECEIPTS_BY], allow_null=True
    )
    receipts_by = serializers.ChoiceField(_BY, allow_null=True, help_text=_BY_HELP)
    receipts = Summary(
        allow_null=True,
        help_text="Null for those who may not see it, and where receipts are kept by position:"
        " then `/status/` counts them.",
    )


class _Receipt(RowSerializer):
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


class Recipient(_Receipt):
    """A recipient of a message: their receipt, and their membership in the conversation now."""

    read_before_edit = serializers.BooleanField(
        allow_null=True,
        help_text="Whether the read is of an earlier text; null without a read.",
    )
    membership = serializers.ChoiceField(Membership.choices)


class OwnReceipt(_Receipt):
    """The recipient's own receipt, with what only they may know: `received_at` and `seen_at`."""

    message = serializers.IntegerField()
    conversation = serializers.IntegerField()
    received_at = serializers.DateTimeField(
        allow_null=True, help_text="When it first reached the recipient, privately or not."
    )
    seen_at = serializers.DateTimeField(allow_null=True)


class ConversationShape(RowSerializer):
    """A conversation as the caller sees it; their own part in it is null for non-participants."""

    id = serializers.IntegerField()
    external_id = serializers.CharField(allow_null=True)
    kind = serializers.ChoiceField(ConversationKind.choices)
    title = serializers.CharField()
    receipt_policy = serializers.ChoiceField(ReceiptPolicy.choices)
    receipts_visible_to = serializers.ChoiceField(ReceiptVisibility.choices)
    thread_recipients = serializers.ChoiceField(ThreadRecipients.choices)
    created_at = serializers.DateTimeField()
    role = serializers.ChoiceField(Role.choices, allow_null=True)
    notifications = serializers.ChoiceField(
        Notifications.choices,
        allow_null=True,
        help_text="Whether the caller wants to be notified of messages.",
    )
    unread_count = serializers.IntegerField()
    unread_count_main = serializers.IntegerField(help_text="Those outside threads.")
    first_unread_message = serializers.IntegerField(allow_null=True)
    first_unread_message_external_id = serializers.CharField(allow_null=True)
    last_message = MessageShape(allow_null=True)


class ParticipantShape(RowSerializer):
    """A membership. The watermarks are null if the caller may not see them."""

    user = serializers.CharField()
    user_name = serializers.CharField()
    user_avatar_url = serializers.CharField()
    role = serializers.ChoiceField(Role.choices)
    membership = serializers.ChoiceField(Membership.choices)
    joined_at = serializers.DateTimeField()
    left_at = serializers.DateTimeField(allow_null=True)
    muted = serializers.BooleanField()
    banned = serializers.BooleanField()
    notifications = serializers.ChoiceField(
        Notifications.choices,
        allow_null=True,
        help_text="Whether the user wants to be notified; null for others than the user.",
    )
    last_delivered_message = serializers.IntegerField(allow_null=True)
    last_delivered_message_external_id = serializers.CharField(allow_null=True)
    last_delivered_at = serializers.DateTimeField(allow_null=True)
    last_read_message = serializers.IntegerField(allow_null=True)
    last_read_message_external_id = serializers.CharField(allow_null=True)
    last_read_at = serializers.DateTimeField(allow_null=True)


@extend_schema_field({"oneOf": [{"type": "integer"}, {"const": MAIN}, {"type": "null"}]})
class MarkedThread(serializers.Field[Any, Any, Any, Any]):
    """Which line was marked: ``main``, the root of a thread, or null for everything."""

    def to_representation(self, value: Any) -> Any:
        return value


class Following(RowSerializer):
    """Whether a user follows a thread."""

    message = serializers.IntegerField()
    conversation = serializers.IntegerField()
    user = serializers.CharField()
    following = serializers.BooleanField()


class BulkMark(RowSerializer):
    """What a mark up to a message did."""

    conversation = serializers.IntegerField()
    conversation_external_id = serializers.CharField(allow_null=True)
    user = serializers.CharField()
    up_to_message = serializers.IntegerField(allow_null=True)
    up_to_message_external_id = serializers.CharField(allow_null=True)
    thread = MarkedThread()
    marked = serializers.IntegerField()
    at = serializers.DateTimeField()
    unread_count = serializers.IntegerField()


class Unmarked(RowSerializer):
    """The result of marking messages unread."""

    conversation = serializers.IntegerField()
    conversation_external_id = serializers.CharField(allow_null=True)
    user = serializers.CharField()
    from_message = serializers.IntegerField()
    from_message_external_id = serializers.CharField(allow_null=True)
    thread = MarkedThread()
    marked = serializers.IntegerField()
    unread_count = serializers.IntegerField()


class AllMarked(RowSerializer):
    """Progress of a mark over all conversations; repeat the request until it is complete."""

    marked = serializers.IntegerField()
    complete = serializers.BooleanField()
    unread_count = serializers.IntegerField()
