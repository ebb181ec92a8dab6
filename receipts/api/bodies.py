"""Request bodies of the API, strict about fields and types."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework import serializers

from chat.models import (
    ConversationKind,
    MessageKind,
    Notifications,
    ReceiptPolicy,
    ReceiptVisibility,
    Role,
    ThreadRecipients,
)
from receipts.api.fields import (
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictListField,
    StrictSerializer,
    TimeField,
    external_id_field,
    username_field,
)
from receipts.api.references import MessageReferenceField, ThreadReferenceField

#: Characters of an acknowledgement (rule 12).
MAX_CONTENT = 2_000


class ProfileChange(StrictSerializer):
    """The fields of their own profile that a user may change."""

    display_name = StrictCharField(max_length=200, allow_blank=True, required=False)
    avatar_url = serializers.URLField(max_length=500, allow_blank=True, required=False)
    read_receipts_enabled = StrictBooleanField(required=False)
    delivery_receipts_enabled = StrictBooleanField(required=False)


class NewUser(ProfileChange):
    """A user; the username is your own id for them."""

    username = username_field()


class UserChange(ProfileChange):
    """The fields of a user that a service account may change; `is_active` closes the account."""

    is_active = StrictBooleanField(required=False)


class ConversationChange(StrictSerializer):
    """The fields of a conversation that may be changed."""

    title = StrictCharField(max_length=255, allow_blank=True, required=False)
    receipt_policy = StrictChoiceField(ReceiptPolicy.choices, required=False)
    receipts_visible_to = StrictChoiceField(ReceiptVisibility.choices, required=False)
    thread_recipients = StrictChoiceField(ThreadRecipients.choices, required=False)


class NewConversation(ConversationChange):
    """A conversation; `owner` and `external_id` are for service accounts."""

    kind = StrictChoiceField(ConversationKind.choices)
    external_id = external_id_field()
    participants = StrictListField(child=username_field(), max_length=10_000)
    owner = username_field(required=False)


class TwoMembers(StrictSerializer):
    """Two people, by their usernames; a user may omit their own. ``external_id`` is for services.

    It is that of a conversation that is made now.
    """

    members = StrictListField(child=username_field(), min_length=1, max_length=2)
    external_id = external_id_field()


class NewParticipant(StrictSerializer):
    """Who takes part from now on."""

    user = username_field()
    role = StrictChoiceField(Role.choices, required=False)


class ParticipantChange(StrictSerializer):
    """``muted``: others do not let the user write. ``notifications``: the user's own wish."""

    role = StrictChoiceField(Role.choices, required=False)
    muted = StrictBooleanField(required=False)
    banned = StrictBooleanField(required=False)
    notifications = StrictChoiceField(Notifications.choices, required=False)


class MessageText(StrictSerializer):
    """The text of a message."""

    body = StrictCharField()

    def validate_body(self, body: str) -> str:
        if len(body) > settings.MAX_BODY_CHARACTERS:
            raise serializers.ValidationError(
                f"At most {settings.MAX_BODY_CHARACTERS} characters; these are {len(body)}.",
                code="too_long",  # by a setting; `max_length` is a limit of the schema
            )
        return body


class NewMessage(MessageText):
    """A message; all but its text and ``client_id``, and a wish for receipts, is for services.

    A system line has no recipients. With ``activity`` it is the newest message of its conversation.
    """

    kind = StrictChoiceField(MessageKind.choices, required=False)
    activity = StrictBooleanField(required=False)

    client_id = external_id_field()
    external_id = external_id_field()
    request_receipts = StrictBooleanField(required=False)
    mark_read = StrictBooleanField(required=False)
    sender = username_field(required=False)
    sent_at = TimeField(required=False)
    thread = MessageReferenceField(required=False, allow_null=True)

    def validate_sent_at(self, sent_at: datetime) -> datetime:
        if sent_at > timezone.now():
            raise serializers.ValidationError("Must not be in the future.")
        return sent_at

    def validate(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Refuse what the kind of message does not have."""
        is_system = fields.get("kind") == MessageKind.SYSTEM
        wrong = {"request_receipts", "mark_read", "thread"} if is_system else {"activity"}
        what = "A system line has no such field." if is_system else "Only a system line has this."
        if errors := {name: [what] for name in sorted(wrong) if fields.get(name)}:
            raise serializers.ValidationError(errors)
        return fields


class ActingBody(StrictSerializer):
    """The user a service account acts for."""

    user = username_field(required=False)


class MarkBody(ActingBody):
    """A mark. ``at`` is for a device that was offline, ``user`` for service accounts."""

    at = TimeField(required=False)


class PrivateBody(ActingBody):
    """A read; if private, others see it as a delivery.

    With ``false`` it is open by request, and an earlier private read is disclosed, too.
    """

    private = StrictBooleanField(required=False)

    def validate_private(self, private: bool) -> bool:
        if private and settings.RECEIPTS_MANDATORY:
            raise serializers.ValidationError("Read receipts are mandatory here.")
        return private


class EverythingReadBody(PrivateBody, MarkBody):
    """A read of everything, or of what was sent by ``at``."""


class ReadBody(PrivateBody, MarkBody):
    """A read; ``content`` is an acknowledgement text."""

    content = StrictCharField(max_length=MAX_CONTENT, required=False)


class FailureBody(StrictSerializer):
    """A delivery that failed, as a service account reports it.

    Of a longer ``reason`` the first 1,000 characters are kept, as one line.
    """

    user = username_field()
    reason = StrictCharField(required=False, allow_null=True, allow_blank=True)
    at = TimeField(required=False)


class BulkMarkBody(MarkBody):
    """A mark up to a message, by default the newest, or with `at` the newest sent by then.

    `thread`: `"main"` for what stands outside threads, or a root for its replies; else everything.
    """

    up_to_message = MessageReferenceField(required=False, allow_null=True)
    thread = ThreadReferenceField(required=False, allow_null=True)


class BulkReadBody(PrivateBody, BulkMarkBody):
    """A read up to a message; if `private`, others see it as a delivery."""


class UnreadBody(ActingBody):
    """The first message that is to be unread, with all after it, in `thread` if that is given."""

    from_message = MessageReferenceField()
    thread = ThreadReferenceField(required=False, allow_null=True)
