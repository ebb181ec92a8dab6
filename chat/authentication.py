"""Authentication: users by a signed token, service accounts by a key, moderators by session."""

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
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from chat.callers import Credential, active_user, service_account
from chat.models import HELD, ServiceKey, User
from chat.provider_keys import verifying_key
from chat.validators import username_validator

#: The claim of our own tokens with the id of the account for which they were issued. A backend that
#: signs tokens itself may omit it.
ACCOUNT_CLAIM = "seenby_account"

#: Cache of valid tokens: the account, and the time at which the entry expires. Verifying a token
#: costs a tenth of a mark and a query, and a device sends the same one repeatedly. Marks trust the
#: username of a cached token, so entries must expire before that name can be another account's.
_HOLDERS: dict[str, tuple[_Holder, float]] = {}
_MOST_HOLDERS, _REMEMBERED_SECONDS = 10_000, HELD.total_seconds() / 2

#: 9999-12-31T23:59:59Z, the last time that Python can represent.
_LAST_SECOND = 253_402_300_799
#: Errors of decoding a token: claims may have any type, size and depth.
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
#: A connection that was opened with a key or session authenticates again after this time.
ASKED_AGAIN_SECONDS = 300.0


@dataclass(frozen=True)
class _Holder:
    """The account that a token was verified for."""

    pk: int
    username: str


@dataclass(frozen=True)
class _Claims:
    """What a token states. Times are in Unix seconds; None where it does not say."""

    username: str
    account: object
    issued_at: float | None
    expires_at: float


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer``: a user's token (JWT) or a service key (``sk_…``).

    A token is checked with one query a minute; then its user is loaded on first access.
    """

    def authenticate(self, request: Request) -> tuple[Any, Credential] | None:
        parts = _authorization(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        if len(parts) != 2:
            raise AuthenticationFailed("The Authorization header must be 'Bearer' and one token.")
        token = parts[1].decode("latin-1")
        if token.startswith(ServiceKey.PREFIX):
            user: Any
            user, credential = service_account(token)
        else:
            username, user = _token_user(token)
            credential = Credential(username=username)
        note_caller(request, credential.username)
        return user, credential

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _authorization(request: Request) -> bytes:
    """The header. REST framework's function reads all headers for it."""
    return str(request._request.META.get("HTTP_AUTHORIZATION", "")).encode("latin-1")


def note_caller(request: Request, username: str) -> None:
    """Name the authenticated caller for the log of requests (``config/logs.py``)."""
    request._request.caller_name = username  # type: ignore[attr-defined]


def issue_token(user: User) -> tuple[str, datetime]:
    """A token for ``user``, and its expiry time."""
    now = timezone.now().replace(microsecond=0)
    expires_at = now + timedelta(seconds=settings.TOKEN_LIFETIME_SECONDS)
    claims = {
        "sub": user.username,
        ACCOUNT_CLAIM: user.pk,
        "iss": settings.JWT_ISSUER,
        "aud": settings.JWT_AUDIENCE,
        "iat": now,
        "exp": expires_at,
    }
    return jwt.encode(claims, settings.JWT_SECRET, algorithm="HS256"), expires_at


def token_holder(token: str) -> tuple[User, float]:
    """The token's user and its expiry in Unix seconds; raises ``AuthenticationFailed``."""
    claims = _checked(token)
    return _holder_of(claims), claims.expires_at


def seconds_left(request: Request) -> float:
    """Seconds until the caller must authenticate again: until a token expires.

    Keys and sessions can be revoked, so they are checked again after a fixed time.
    """
    credential = request.auth
    if not isinstance(credential, Credential) or credential.scopes is not None:
        return ASKED_AGAIN_SECONDS
    if credential.ends_at is not None:
        return credential.ends_at - time()
    parts = _authorization(request).split()
    claims = jwt.decode(parts[1], options={"verify_signature": False})  # it has been verified
    return _expiry(claims) - time()


def _token_user(token: str) -> tuple[str, Any]:
    """The username of a valid token, and its user; a token is verified once a minute."""
    known = _HOLDERS.get(token)
    now = time()
    if known is not None and now < known[1]:
        holder = known[0]
        return holder.username, SimpleLazyObject(lambda: active_user(holder.username, holder.pk))
    claims = _checked(token)
    user = _holder_of(claims)
    if len(_HOLDERS) >= _MOST_HOLDERS:
        _HOLDERS.clear()
    expires_at = min(now + _REMEMBERED_SECONDS, claims.expires_at)
    _HOLDERS[token] = _Holder(user.pk, user.username), expires_at
    return user.username, user


def _holder_of(claims: _Claims) -> User:
    """The active user for whom a token was issued. Raises ``AuthenticationFailed``.

    A username may have belonged to another account before. The account's id decides; without it a
    token has to be newer than the account, where the name has been another's.
    """
    user = active_user(claims.username)
    if claims.account is not None:
        is_theirs = type(claims.account) is int and claims.account == user.pk
    elif user.tokens_valid_from is not None:
        valid_from = user.tokens_valid_from.timestamp()
        is_theirs = claims.issued_at is not None and claims.issued_at >= valid_from
    else:
        is_theirs = True
    if not is_theirs:
        raise AuthenticationFailed(
            "The token was issued for another account, which had this username.",
            code="token_invalid",
        )
    return user


def _checked(token: str) -> _Claims:
    """The claims of a token that is valid by itself.

    Raises ``AuthenticationFailed``, or ``KeysUnavailable`` if that cannot be found out now.
    """
    try:
        key, algorithms = verifying_key(jwt.get_unverified_header(token))
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
        claims["sub"].encode()  # a lone surrogate cannot be encoded
        issued_at = claims.get("iat")
        return _Claims(
            username=claims["sub"],
            account=claims.get(ACCOUNT_CLAIM),
            issued_at=None if issued_at is None else float(issued_at),
            expires_at=_expiry(claims),
        )
    except jwt.ExpiredSignatureError as error:
        raise AuthenticationFailed("The token has expired.", code="token_expired") from error
    except _NOT_VALID as error:
        raise AuthenticationFailed("The token is not valid.", code="token_invalid") from error


def _expiry(claims: dict[str, Any]) -> float:
    """The token's expiry in Unix seconds; raises ``ValueError`` if out of range."""
    expires_at = float(claims["exp"])
    if expires_at > _LAST_SECOND:
        raise ValueError("The token's expiry is out of range.")
    return expires_at
