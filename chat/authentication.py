"""Who is calling: a user by a signed token, a service account by its key, moderators by session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from time import time
from typing import Any

import jwt
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from chat.models import ServiceKey, User
from chat.validators import username_validator

#: What a public key may have signed; never the algorithms of shared secrets.
_PUBLIC_KEY_ALGORITHMS = ["RS256", "ES256", "EdDSA"]


#: Tokens that were found valid, with their usernames and until when that may be believed.
#: Checking one costs a tenth of a mark, and a device sends the same one again and again.
_SUBJECTS: dict[str, tuple[str, float]] = {}
_MOST_SUBJECTS = 10_000
_REMEMBERED_SECONDS = 60


#: 9999-12-31T23:59:59Z: later times are none that Python can show.
_LAST_SECOND = 253_402_300_799
#: What reading a token raises: claims may be of any type, of any size, and nested to any depth.
_NOT_VALID = (
    jwt.PyJWTError,
    ValidationError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)

#: How far the clock of a backend that mints tokens may be off.
CLOCK_LEEWAY_SECONDS = 5
#: After so long, who is still connected shows their key or session again.
ASKED_AGAIN_SECONDS = 300.0


@dataclass(frozen=True)
class Credential:
    """How a caller was recognised. ``scopes`` is None for a user, who has no other limits."""

    username: str
    scopes: frozenset[str] | None = None


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer``: a user's token (JWT) or a service key (``sk_…``).

    A token is checked without a query; its user is looked up where something asks for it.
    """

    def authenticate(self, request: Request) -> tuple[Any, Credential] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        if len(parts) != 2:
            raise AuthenticationFailed("The Authorization header is not 'Bearer' and one token.")
        token = parts[1].decode("latin-1")
        if token.startswith(ServiceKey.PREFIX):
            user: Any
            user, credential = service_account(token)
        else:
            credential = Credential(username=_subject(token))
            user = SimpleLazyObject(lambda: _active_user(credential.username))
        note_caller(request, credential.username)
        return user, credential

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def note_caller(request: Request, username: str) -> None:
    """Name the authenticated caller for the log of requests (``config/logs.py``)."""
    request._request.caller_name = username  # type: ignore[attr-defined]


def issue_token(user: User) -> tuple[str, datetime]:
    """A token for ``user``, and when it stops working."""
    now = timezone.now().replace(microsecond=0)
    expires_at = now + timedelta(seconds=settings.TOKEN_LIFETIME_SECONDS)
    claims = {
        "sub": user.username,
        "iss": settings.JWT_ISSUER,
        "aud": settings.JWT_AUDIENCE,
        "iat": now,
        "exp": expires_at,
    }
    return jwt.encode(claims, settings.JWT_SECRET, algorithm="HS256"), expires_at


def token_holder(token: str) -> tuple[User, float]:
    """Whose token this is, and until when it is one; it is refused unless it is valid."""
    username, expires_at = _checked(token)
    return _active_user(username), expires_at


def seconds_left(request: Request) -> float:
    """How long the caller may be believed: until a token ends, which nobody can withdraw.

    Keys and sessions can be withdrawn, so they are asked for again.
    """
    parts = get_authorization_header(request).split()
    if not isinstance(request.auth, Credential) or request.auth.scopes is not None:
        return ASKED_AGAIN_SECONDS
    claims = jwt.decode(parts[1], options={"verify_signature": False})  # it has been verified
    return _expiry(claims) - time()


def _subject(token: str) -> str:
    """The username that a valid token speaks for; a token is looked into once a minute."""
    known = _SUBJECTS.get(token)
    now = time()
    if known is not None and now < known[1]:
        return known[0]
    subject, expires_at = _checked(token)
    if len(_SUBJECTS) >= _MOST_SUBJECTS:
        _SUBJECTS.clear()
    _SUBJECTS[token] = subject, min(now + _REMEMBERED_SECONDS, expires_at)
    return subject


def _checked(token: str) -> tuple[str, float]:
    """Whom a token speaks for, and until when; it is refused unless it is valid."""
    try:
        key_id = jwt.get_unverified_header(token).get("kid")
        key, algorithms = settings.JWT_SECRET, ["HS256"]
        if key_id in settings.JWT_PUBLIC_KEYS:
            key, algorithms = settings.JWT_PUBLIC_KEYS[key_id], _PUBLIC_KEY_ALGORITHMS
        claims = jwt.decode(
            token,
            key,
            algorithms=algorithms,
            audience=settings.JWT_AUDIENCE,
            issuer=settings.JWT_ISSUER,
            options={"require": ["exp", "sub"]},
            leeway=CLOCK_LEEWAY_SECONDS,
        )
        username_validator(claims["sub"])
        claims["sub"].encode()  # a lone surrogate is no text
        return claims["sub"], _expiry(claims)
    except jwt.ExpiredSignatureError as error:
        raise AuthenticationFailed("The token has expired.", code="token_expired") from error
    except _NOT_VALID as error:
        raise AuthenticationFailed("The token is not valid.", code="token_invalid") from error


def _expiry(claims: dict[str, Any]) -> float:
    """Until when a token says that it is valid; it is refused where that is no time."""
    expires_at = float(claims["exp"])
    if expires_at > _LAST_SECOND:
        raise ValueError("The token expires after the last time that there is.")
    return expires_at


def _active_user(username: str) -> User:
    """The person; a service account has keys, whose scopes a token would get around."""
    user = User.objects.filter(username=username, is_active=True, is_service=False).first()
    if user is None:
        raise AuthenticationFailed("The token's user is unknown or deactivated.")
    return user


def service_account(key: str) -> tuple[User, Credential]:
    """The account whose key this is, and what the key may be used for."""
    found = (
        ServiceKey.objects.filter(
            key_hash=ServiceKey.hash(key), revoked_at=None, user__is_active=True,
            user__is_service=True,
        )
        .select_related("user")
        .first()
    )  # fmt: skip
    if found is None:
        raise AuthenticationFailed("The service key is unknown or revoked.", code="key_invalid")
    return found.user, Credential(username=found.user.username, scopes=frozenset(found.scopes))
