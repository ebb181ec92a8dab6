"""Issuing keys of applications, by the command and in the admin."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction

from chat.models import ServiceKey, User


@transaction.atomic
def issue_key(*, account: str, scopes: Collection[str]) -> str:
    """A new key for a service account, which is created if there is none; it cannot be shown again.

    Raises ``ValidationError`` for a username that is not valid, a person's, or a deactivated
    account's.
    """
    user = User.objects.filter(username=account).first()
    if user is None:
        user = User(username=account, is_service=True)
        user.set_unusable_password()
        user.full_clean()
        user.save()
    elif not user.is_service:
        raise ValidationError(f"{user.username!r} is a person, not a service account.")
    elif not user.is_active:
        raise ValidationError(f"{user.username!r} is deactivated.")
    # A username may be longer than the name of a key.
    return ServiceKey.issue(user=user, name=user.username[:100], scopes=list(scopes))
