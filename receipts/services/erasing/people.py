"""Forgetting a user: the first transaction, after which nothing shows who they were.

The username is replaced at once: with it go the old name in lists, events and webhooks, and every
token, which names an account by it. The erasure keeps it while it is pending, so that a repeated
request finds it.
"""

from __future__ import annotations

from secrets import token_hex

from django.db import transaction
from django.utils import timezone

from chat.models import UNUSABLE_PASSWORD, Conversation, Erasure, FreedName, User
from chat.permissions import refuse_protected
from receipts.ledger.announcing import announce_closed_account
from receipts.models import DevicePosition, StreamTicket
from receipts.services.erasing.journal import log_erasure
from receipts.services.erasing.user_steps import USER_STEPS
from receipts.services.large_groups import account_was_closed
from receipts.sql.run import lock_in_order


@transaction.atomic
def forget_user(*, username: str, messages: bool = False, actor: User | None = None) -> Erasure:
    """Close an account and remove its name; return the erasure of the rest, for ``run_erasure``.

    ``messages``: the texts of the user's messages go, too. Repeated, it returns the pending
    erasure. ``actor`` is named in the admin's log. Raises ``User.DoesNotExist``, and
    ``AccountProtected`` for staff and service accounts.
    """
    if (pending := _pending(username, messages)) is not None:
        return pending
    # Locked, so that the user cannot become staff between the check and the change.
    user = User.objects.select_for_update(no_key=True).filter(username=username).first()
    if user is None:
        # A concurrent request may have forgotten the user while this one waited for the lock.
        if (pending := _pending(username, messages)) is not None:
            return pending
        raise User.DoesNotExist
    refuse_protected(user)
    if (again := user.erasures.first()) is None:
        FreedName.objects.free(username, is_pending=True)
    # A send counts its recipients and then writes their rows, both under this lock.
    lock_in_order(Conversation.objects.filter(participants__user=user))
    erasure = Erasure.objects.create(
        user=user,
        username=username,
        requested_by=actor,
        requested_at=timezone.now(),
        erases_messages=messages,
        step=next(iter(USER_STEPS)),
    )
    account_was_closed(user.pk, was_active=user.is_active)
    name = username if again else f"forgotten-{token_hex(8)}"
    _close(user, name)
    log_erasure(erasure, name)
    return erasure


def _pending(username: str, messages: bool) -> Erasure | None:
    """The pending erasure, with texts if this request wants them, too: they are its last step."""
    pending = Erasure.objects.select_for_update(no_key=True).filter(username=username).first()
    if pending is not None and messages and not pending.erases_messages:
        pending.erases_messages = True
        pending.save(update_fields=["erases_messages"])
    return pending


def _close(user: User, name: str) -> None:
    User.objects.filter(pk=user.pk).update(
        username=name,
        display_name="",
        avatar_url="",
        is_active=False,
        password=UNUSABLE_PASSWORD,
        last_login=None,
        tokens_valid_from=timezone.now(),
    )
    DevicePosition.objects.filter(user=user).delete()
    StreamTicket.objects.filter(user=user).delete()
    user.groups.clear()
    user.user_permissions.clear()
    announce_closed_account(user.pk)
