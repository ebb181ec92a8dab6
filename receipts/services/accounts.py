"""Accounts: creating users, changing profiles, deactivating, and appointing moderators."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from chat.errors import Conflict, Invalid
from chat.models import (
    MODERATORS,
    UNUSABLE_PASSWORD,
    Conversation,
    ConversationParticipant,
    User,
)
from chat.permissions import refuse_protected
from receipts.ledger.announcing import announce_closed_account
from receipts.ledger.stamp import stamp
from receipts.services.departures import record_departures, undo_deactivation, withdraw_account
from receipts.services.large_groups import account_was_switched
from receipts.services.locking import lock_users
from receipts.sql.run import lock_in_order


def ensure_user(*, username: str, **profile: Any) -> tuple[User, bool]:
    """Return the user of this name, created with this profile if missing, and whether it is new.

    Concurrent calls create one user, without a password: the chat product signs users in.
    Raises ``AccountProtected`` if the name belongs to staff or a service account.
    """
    user, created = User.objects.get_or_create(
        username=username, defaults={**profile, "password": UNUSABLE_PASSWORD}
    )
    return (user if created else refuse_protected(user)), created


def create_user(*, username: str, **profile: Any) -> tuple[User, bool]:
    """``ensure_user``; raises ``Conflict`` if the user exists with a different profile."""
    user, created = ensure_user(username=username, **profile)
    differs = [name for name, value in profile.items() if getattr(user, name) != value]
    if differs and not created:
        raise Conflict(
            "A user with this username already exists, but differs from the request in:"
            f" {', '.join(differs)}."
        )
    return user, created


def change_profile(*, user: User, **fields: Any) -> None:
    """Set fields of a profile. Only these are saved: a stale instance reverts no other change."""
    for name, value in fields.items():
        setattr(user, name, value)
    if fields:
        user.save(update_fields=list(fields))


@transaction.atomic
def change_account(*, username: str, is_active: bool | None = None, **profile: Any) -> User:
    """Change a profile, and deactivate or reactivate the account, on a backend's behalf (rule 2).

    Raises ``User.DoesNotExist``, and ``AccountProtected`` for staff and service accounts.
    """
    # Locked, so that the user cannot become staff between the check and the change.
    user = User.objects.select_for_update(no_key=True).filter(username=username).first()
    if user is None:
        raise User.DoesNotExist
    refuse_protected(user)
    change_profile(user=user, **profile)
    if is_active is not None and is_active != user.is_active:
        if is_active:
            reactivate_user(user=user)
        else:
            deactivate_user(user=user)
    return user


@transaction.atomic
def deactivate_user(*, user: User) -> bool:
    """Deactivate an account and withdraw its rows (rule 2); return whether it was active."""
    now = timezone.now()
    changed = _set_active(user, active=False)
    if changed:
        # Locked, so that a concurrent change that makes reads private sees the deactivation.
        own = ConversationParticipant.objects.filter(user=user)
        lock_in_order(own)
        record_departures(own.filter(is_active=True), now, is_deactivation=True)
        account_was_switched(user.pk, on=False)
        stamp(withdraw_account(user.pk, now))
        announce_closed_account(user.pk)
    return changed


@transaction.atomic
def reactivate_user(*, user: User) -> bool:
    """Reactivate an account, and give back what deactivating it took (rule 2).

    Returns whether it was inactive. What was sent meanwhile is not theirs. Raises ``Invalid`` for a
    user who was forgotten.
    """
    refuse_forgotten(user)
    changed = _set_active(user, active=True)
    if changed:
        lock_in_order(ConversationParticipant.objects.filter(user=user))
        account_was_switched(user.pk, on=True)
        undo_deactivation(user.pk)
    return changed


def refuse_forgotten(user: User) -> None:
    """Raise ``Invalid`` for the account of a user who was forgotten, which stays closed."""
    if user.erasures.exists():
        raise Invalid("is_active", "This user was forgotten; the account stays closed.")


def appoint_moderators(*, users: Iterable[User]) -> list[User]:
    """Make users staff and members of the moderators' group; return those who were not both."""
    group = Group.objects.get(name=MODERATORS)
    appointed = []
    for user in users:
        if user.is_staff and user.groups.filter(pk=group.pk).exists():
            continue
        User.objects.filter(pk=user.pk).update(is_staff=True)
        user.groups.add(group)
        appointed.append(user)
    return appointed


def dismiss_moderators(*, users: Iterable[User]) -> list[User]:
    """Remove users' staff status and moderators' group; return those who had either."""
    dismissed = []
    for user in users:
        member = user.groups.filter(name=MODERATORS)
        if not user.is_staff and not member.exists():
            continue
        User.objects.filter(pk=user.pk).update(is_staff=False)
        user.groups.remove(*member)
        dismissed.append(user)
    return dismissed


def _set_active(user: User, *, active: bool) -> bool:
    """Set ``is_active`` while no send runs: a send counts its recipients, then inserts them."""
    lock_users([user.pk])
    lock_in_order(Conversation.objects.filter(participants__user=user))
    user.is_active = active
    return bool(User.objects.filter(pk=user.pk, is_active=not active).update(is_active=active))
