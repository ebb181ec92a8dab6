"""Users and the keys of service accounts."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.functional import cached_property

from chat.ids import MAX_USERNAME
from chat.models.naming import freed_among, tokens_valid_from
from chat.validators import username_validator

#: The group, created by a migration, whose members moderate.
MODERATORS = "Moderators"
#: The password column of users without a password: no hash starts with this, so none matches.
#: ``set_password`` would add random text, which only matters where a password existed before.
UNUSABLE_PASSWORD = UNUSABLE_PASSWORD_PREFIX


class UserManager(BaseUserManager["User"]):
    """Creates users; most have no password, since the chat product signs them in."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person in the chat product, a moderator, or an application's backend (``is_service``)."""

    username = models.CharField(
        max_length=MAX_USERNAME,
        unique=True,
        validators=[username_validator],
        help_text="The id that other systems use for this person.",
    )
    display_name = models.CharField(max_length=200, blank=True)
    avatar_url = models.URLField(max_length=500, blank=True)
    read_receipts_enabled = models.BooleanField(
        default=True, help_text="Off: this person's reads count as delivered for everybody else."
    )
    delivery_receipts_enabled = models.BooleanField(
        default=True,
        db_default=True,
        help_text="Off: others see nothing of this person's deliveries until an open read.",
    )
    is_service = models.BooleanField(
        "service account", default=False, help_text="An application's backend; acts for any user."
    )
    is_staff = models.BooleanField(
        "staff", default=False, help_text="May log in to the admin; moderates with the group."
    )
    is_active = models.BooleanField("active", default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    #: Set where the username belonged to another account before: no token that was issued earlier,
    #: or states neither when nor for which account, is this account's.
    tokens_valid_from = models.DateTimeField(null=True, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "username"

    class Meta:
        ordering = ["username"]

    def __str__(self) -> str:
        return self.username

    def clean(self) -> None:
        """Raise ``ValidationError`` for a username that is held (``FreedName``)."""
        super().clean()
        freed = freed_among([self.username]).get(self.username)
        if freed is not None and freed.is_held:
            raise ValidationError({"username": freed.held_text})

    def save(self, *args: Any, **options: Any) -> None:
        """A new account that gets a freed username takes no tokens of the earlier one.

        Raises ``Conflict`` while the username is held.
        """
        if not self._state.adding:
            super().save(*args, **options)
            return
        with transaction.atomic():
            super().save(*args, **options)
            self.claim_username()

    def claim_username(self) -> None:
        """Set ``tokens_valid_from`` for a stored username. Raises ``Conflict`` if it is held."""
        valid_from, freed = tokens_valid_from([self.username])
        if freed:
            self.tokens_valid_from = valid_from
            User.objects.filter(pk=self.pk).update(tokens_valid_from=valid_from)

    def get_full_name(self) -> str:
        return self.display_name or self.username

    get_short_name = get_full_name

    @cached_property
    def is_moderator(self) -> bool:
        """The definition of a moderator: staff in the group, or a superuser; no service account.

        Nothing is stored, so nothing can be out of date: removal from the group takes effect with
        the next request. It costs a query for staff only, never for other users.
        """
        if self.is_service or self.is_superuser or not self.is_staff:
            return self.is_superuser and not self.is_service
        return self.groups.filter(name=MODERATORS).exists()

    @property
    def is_protected(self) -> bool:
        """Whether service keys may neither change this account nor issue tokens for it."""
        return self.is_staff or self.is_superuser or self.is_service

    @property
    def sees_everything(self) -> bool:
        """Service accounts and moderators see every conversation."""
        return self.is_service or self.is_moderator

    @property
    def sees_only(self) -> int | None:
        """Whose conversations this user sees: their own, by their id. None: everybody's."""
        return None if self.sees_everything else self.pk


def moderator_q() -> Q:
    """The condition of ``User.is_moderator`` for queries."""
    memberships = User.groups.through.objects.filter(user=OuterRef("pk"), group__name=MODERATORS)
    return Q(is_service=False) & (Q(is_superuser=True) | Q(Exists(memberships), is_staff=True))


def look_up_moderators(users: Iterable[User]) -> None:
    """Set ``is_moderator`` of many users with one query, or none if no user is staff."""
    staff = [user for user in users if user.is_staff and not user.is_superuser]
    if not staff:
        return
    found = User.objects.filter(moderator_q(), pk__in=[user.pk for user in staff])
    moderators = set(found.values_list("pk", flat=True))
    for user in staff:
        user.is_moderator = user.pk in moderators


class Scope(models.TextChoices):
    """What a service key may be used for."""

    READ = "read", "Read everything"
    WRITE = "write", "Conversations, messages and marks, for any user"
    USERS = "users", "Users and their tokens"


def every_scope() -> list[str]:
    """The scopes of a key that was created without naming any."""
    return list(Scope.values)


class ServiceKey(models.Model):
    """A secret with which a service account calls the API: stored as a hash, shown once."""

    PREFIX = "sk_"

    user = models.ForeignKey(User, models.CASCADE, related_name="service_keys")
    name = models.CharField(max_length=100)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=every_scope)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def issue(cls, *, user: User, name: str, scopes: list[str]) -> str:
        """Store a new key's hash and return the key, which cannot be recovered later."""
        key = cls.PREFIX + secrets.token_urlsafe(32)
        cls.objects.create(user=user, name=name, scopes=scopes, key_hash=cls.hash(key))
        return key

    @staticmethod
    def hash(key: str) -> str:
        """A plain SHA-256 is enough: the key is 256 random bits, which cannot be guessed."""
        return hashlib.sha256(key.encode()).hexdigest()
