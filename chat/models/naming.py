"""Usernames that were freed: when they may be given out again, and what that means for tokens.

Tokens name an account by its username. So a freed name is remembered, as an HMAC: an account
that gets it later takes no token of the earlier one (``tokens_valid_from``).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac

from chat.errors import Conflict

#: For this long a freed username is not given out again. Servers remember a verified token for half
#: of it, so none of them still takes one for the earlier account when the next one is created.
HELD = timedelta(minutes=2)


def digests_of(username: str) -> list[str]:
    """Keyed hashes of a username: with ``SECRET_KEY``, and with each one before it."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    made = (
        salted_hmac("chat.freed_name", username, secret=key, algorithm="sha256") for key in keys
    )
    return [each.hexdigest() for each in made]


class FreedNameQuerySet(models.QuerySet["FreedName"]):
    """Freeing a name."""

    def free(self, username: str, *, is_pending: bool = False) -> None:
        """Remember that an account gave up this username now."""
        values = {"freed_at": timezone.now(), "is_pending": is_pending}
        self.update_or_create(pk=digests_of(username)[0], defaults=values)


class FreedName(models.Model):
    """A username that an account has given up: it was deleted, or renamed."""

    digest = models.CharField(max_length=64, primary_key=True)
    freed_at = models.DateTimeField()
    #: Whether the erasure that freed it is unfinished. Repeating that must not find a new account.
    is_pending = models.BooleanField(default=False)

    objects = FreedNameQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.digest[:8]

    @property
    def is_held(self) -> bool:
        """Whether it may not be given out yet."""
        return self.is_pending or self.freed_at > timezone.now() - HELD

    @property
    def held_text(self) -> str:
        """Why, and until when, the name is not given out."""
        if self.is_pending:
            return "The account that had this username is still being erased; try again later."
        until = (self.freed_at + HELD).isoformat(timespec="seconds")
        return f"This username was freed a moment ago; it can be given out again from {until} on."


def freed_among(usernames: Iterable[str]) -> dict[str, FreedName]:
    """Those of these usernames that were freed, each with its record."""
    digests = {digest: username for username in usernames for digest in digests_of(username)}
    freed = FreedName.objects.filter(pk__in=digests).order_by("freed_at")
    return {digests[each.pk]: each for each in freed}  # of two records of a name, the later one


def tokens_valid_from(usernames: Iterable[str]) -> tuple[datetime, list[str]]:
    """Those of the usernames of new accounts that were freed, and from when on tokens are theirs.

    Call it in the transaction that stores the accounts, after that: then nobody can free a name in
    between. Raises ``Conflict`` while one of the names is held.
    """
    freed = freed_among(usernames)
    for each in freed.values():
        if each.is_held:
            raise Conflict(each.held_text)
    # Tokens state whole seconds.
    return timezone.now().replace(microsecond=0), list(freed)
