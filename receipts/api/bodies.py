"""Request bodies of the API, strict about fields and types."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils import timezone
from rest_framework import serializers

from chat.models import IMPORTED, ConversationKind, ReceiptPolicy, ReceiptVisibility, Role
from chat.validators import external_id_validator
from receipts.api.fields import (
    IdField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictListField,
    StrictSerializer,
    TimeField,
    username_field,
)

#: Characters of an acknowledgement (rule 12).
MAX_CONTENT = 2_000


class Profile(StrictSerializer):
    """The fields of their own profile that a user may change."""

    display_name = StrictCharField(max_length=200, allow_blank=True, required=False)
    avatar_url = serializers.URLField(max_length=500, allow_blank=True, required=False)
    read_receipts_enabled = StrictBooleanField(required=False)
    delivery_receipts_enabled = StrictBooleanField(required=False)


class NewUser(Profile):
    username = username_field()


class UserChange(Profile):
    is_active = StrictBooleanField(required=False)


class ConversationChange(StrictSerializer):
    title = StrictCharField(max_length=255, allow_blank=True, required=False)
    receipt_policy = StrictChoiceField(ReceiptPolicy.choices, required=False)
    receipts_visible_to = StrictChoiceField(ReceiptVisibility.choices, required=False)


class NewConversation(ConversationChange):
    kind = StrictChoiceField(ConversationKind.choices)
    external_id = StrictCharField(
        max_length=255, required=False, allow_null=True, validators=[external_id_validator]
    )
    participants = StrictListField(child=username_field(), max_length=10_000)
    owner = username_field(required=False)


class NewParticipant(StrictSerializer):
    user = username_field()
    role = StrictChoiceField(Role.choices, required=False)


class ParticipantChange(StrictSerializer):
    role = StrictChoiceField(Role.choices, required=False)
    muted = StrictBooleanField(required=False)
    banned = StrictBooleanField(required=False)


class MessageText(StrictSerializer):
    """The text of a message."""

    body = StrictCharField()

    def validate_body(self, body: str) -> str:
        if len(body) > settings.MAX_BODY_CHARACTERS:
            raise serializers.ValidationError(
                f"At most {settings.MAX_BODY_CHARACTERS} characters; these are {len(body)}."
            )
        return body


class NewMessage(MessageText):
    """A message; ``sender`` and ``sent_at`` are for service accounts."""

    client_id = StrictCharField(
        max_length=100, required=False, allow_null=True, validators=[external_id_validator]
    )
    request_receipts = StrictBooleanField(required=False)
    mark_read = StrictBooleanField(required=False)
    sender = username_field(required=False)
    sent_at = TimeField(required=False)

    def validate_client_id(self, client_id: str | None) -> str | None:
        if client_id is not None and client_id.startswith(IMPORTED):
            raise serializers.ValidationError(f"Must not begin with {IMPORTED!r}.")
        return client_id

    def validate_sent_at(self, sent_at: datetime) -> datetime:
        if sent_at > timezone.now():
            raise serializers.ValidationError("Must not be in the future.")
        return sent_at


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
    """A delivery that failed, as a service account reports it."""

    user = username_field()
    reason = StrictCharField(max_length=200)
    at = TimeField(required=False)


class BulkMarkBody(MarkBody):
    up_to_message = IdField(required=False, allow_null=True)


class BulkReadBody(PrivateBody, BulkMarkBody):
    pass


class UnreadBody(ActingBody):
    from_message = IdField()
