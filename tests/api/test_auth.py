"""Who is calling: tokens, service keys, sessions, and whom one acts for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from django.test import Client
from django.utils import timezone

from chat.models import Conversation, Scope, ServiceKey, User
from receipts.models import MessageStatus
from tests.support.cast import say

SECRET, OTHER = "s" * 40, "o" * 40
PRIVATE_KEYS = {
    "RS256": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
PUBLIC_KEYS = {
    algorithm: key.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
    for algorithm, key in PRIVATE_KEYS.items()
}


@pytest.fixture(autouse=True)
def known_keys(settings: Any) -> None:
    settings.JWT_SECRET, settings.JWT_PUBLIC_KEYS = SECRET, PUBLIC_KEYS


def token(
    key: Any = SECRET, algorithm: str = "HS256", kid: str | None = None, **claims: Any
) -> str:
    """A token as a chat backend mints it, for bob; a claim that is None is left out."""
    now = int(time.time())
    claims = {"sub": "bob", "iss": "seenby", "aud": "seenby", "exp": now + 60} | claims
    told = {name: value for name, value in claims.items() if value is not None}
    header = {"kid": kid} if kid else None
    return jwt.encode(told, key, algorithm=algorithm, headers=header)


def by_hand(header: dict[str, Any], key: bytes = b"") -> str:
    """A token that no honest library would make: signed with ``key``, or not at all."""
    claims = {"sub": "bob", "iss": "seenby", "aud": "seenby", "exp": int(time.time()) + 60}
    parts = [
        base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in (header, claims)
    ]
    signed = hmac.digest(key, b".".join(parts), hashlib.sha256) if key else b""
    return b".".join([*parts, base64.urlsafe_b64encode(signed).rstrip(b"=")]).decode()


def test_a_backend_mints_tokens_of_its_own(api: Any, bob: User) -> None:
    """Subject, issuer, audience, expiry; signed with the shared secret."""
    assert api(token()).get("/me/")["username"] == "bob"
    assert api(token(aud=["seenby", "feed"], kid="unknown")).get("/me/")["username"] == "bob"


@pytest.mark.parametrize("algorithm", PRIVATE_KEYS)
def test_a_public_key_is_chosen_by_its_id(api: Any, bob: User, algorithm: str) -> None:
    """Public keys by ``kid``."""
    signed = token(PRIVATE_KEYS[algorithm], algorithm, kid=algorithm)
    assert api(signed).get("/me/")["username"] == "bob"


@pytest.mark.parametrize("algorithm", PRIVATE_KEYS)
def test_no_key_is_taken_for_another(api: Any, bob: User, algorithm: str) -> None:
    """A public key is no secret: what is signed with its text, or another key, says nothing."""
    private, text = PRIVATE_KEYS[algorithm], PUBLIC_KEYS[algorithm].encode()
    forged = [by_hand({"alg": "HS256", "kid": algorithm}, text), by_hand({"alg": "HS256"}, text)]
    forged += [token(kid=algorithm), token(private, algorithm), token(private, algorithm, "nobody")]
    forged += [token(private, algorithm, kid=other) for other in PRIVATE_KEYS if other != algorithm]
    for each in forged:
        assert api(each).get("/me/", status=401)["code"] == "token_invalid"


@pytest.mark.parametrize(
    ("made", "code"),
    [
        ({"exp": 1}, "token_expired"),
        ({"exp": None}, "token_invalid"),
        ({"exp": "soon"}, "token_invalid"),
        ({"exp": float("inf")}, "token_invalid"),
        ({"nbf": 2**40}, "token_invalid"),
        ({"sub": None}, "token_invalid"),
        ({"sub": ""}, "token_invalid"),
        ({"sub": "bob\x00"}, "token_invalid"),
        ({"sub": "bob\n"}, "token_invalid"),
        ({"iss": "elsewhere"}, "token_invalid"),
        ({"iss": None}, "token_invalid"),
        ({"aud": "elsewhere"}, "token_invalid"),
        ({"aud": None}, "token_invalid"),
        ({"key": OTHER}, "token_invalid"),
        ({"key": "", "algorithm": "none"}, "token_invalid"),
        ({"key": SECRET * 2, "algorithm": "HS512"}, "token_invalid"),
        ({"sub": "nobody"}, "authentication_failed"),
        ({"sub": "backend"}, "authentication_failed"),
    ],
)  # fmt: skip
def test_a_wrong_token_is_refused(
    api: Any, bob: User, service_key: str, made: dict[str, Any], code: str
) -> None:
    """401 with a code that says whether to fetch a new one; a service account has keys instead."""
    answer = api(token(**made)).client.get("/api/v1/me/")
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer a b", "Bearer x", "Bearer a.b.c", "Bearer \xe9", "Bearer sk_\xe9",
     "Basic x", "Bearer sk_", f"Bearer {by_hand({'alg': 'HS256', 'kid': [1]}, b'x')}",
     f"Bearer {by_hand({'alg': 'none'})}", f"Bearer {'W1tb' * 9_000}.e30.AA"],
    ids=range(12),
)  # fmt: skip
def test_a_broken_header_is_refused(api: Any, bob: User, header: str) -> None:
    """Never a 500, and never an answer that leaves a client without a hint."""
    answer = api(None).client.get("/api/v1/me/", HTTP_AUTHORIZATION=header)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert set(answer.json()) == {"detail", "code"}


def test_a_deactivated_user_marks_nothing(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """Rule 2: a token outlives its user's account, and then opens nothing."""
    message, caller = say(alice, group), api(bob)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    for path in (f"/messages/{message.pk}/read/", f"/conversations/{group.pk}/mark-read/"):
        caller.post(path, status=401)
    caller.get("/me/", status=401)
    assert not MessageStatus.objects.exclude(delivered_at=None).exists()


@pytest.mark.parametrize(
    ("account", "key"),
    [
        ({}, {"key_hash": "another's"}),
        ({}, {"revoked_at": timezone.now()}),
        ({"is_active": False}, {}),
        ({"is_service": False}, {}),
    ],
)
def test_a_key_that_is_no_longer_good_is_refused(
    api: Any, service_key: str, account: dict[str, Any], key: dict[str, Any]
) -> None:
    """Unknown or revoked; its account deactivated, or a person's by now."""
    api(service_key).get("/users/")
    User.objects.filter(username="backend").update(**account)
    ServiceKey.objects.update(**key)
    assert api(service_key).get("/users/", status=401)["code"] == "key_invalid"


@pytest.mark.parametrize("scope", Scope.values)
def test_a_key_does_what_its_scope_says(
    api: Any, group: Conversation, bob: User, service_key: str, scope: str
) -> None:
    """Reading, writing, and keeping users are three scopes."""
    ServiceKey.objects.update(scopes=[scope])
    calls = {
        "read": [("GET", f"/conversations/{group.pk}/", 200), ("GET", "/users/", 200)],
        "write": [("POST", f"/conversations/{group.pk}/messages/", 201),
                  ("POST", f"/conversations/{group.pk}/mark-read/", 200)],
        "users": [("POST", "/users/", 201), ("PATCH", "/users/bob/", 200),
                  ("POST", "/users/bob/tokens/", 201)],
    }  # fmt: skip
    bodies = {"messages": {"sender": "bob", "body": "hi"}, "mark-read": {"user": "bob"},
              "users": {"username": "erin"}}  # fmt: skip
    for needed, each in calls.items():
        for method, path, ok in each:
            body = bodies.get(path.rstrip("/").split("/")[-1], {}) if method == "POST" else None
            answer = api(service_key)(method, path, body, ok if needed == scope else 403)
            assert needed == scope or answer["code"] == "scope_missing"


def signed(header: bytes, claims: bytes) -> str:
    """A token whose parts are any bytes, with a valid signature."""
    parts = [base64.urlsafe_b64encode(part).rstrip(b"=") for part in (header, claims)]
    mac = hmac.digest(SECRET.encode(), b".".join(parts), hashlib.sha256)
    return b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


HS256 = b'{"alg": "HS256"}'
DIGITS = b"9" * 400
ODD_CLAIMS = {
    "exp": [DIGITS, b"9" * 5_000, b"1e400", b"Infinity", b"-Infinity", b"NaN", b"[]", b"{}",
            b"null", b'"soon"', b'"' + DIGITS + b'x"', b"[" * 900 + b"]" * 900],
    "sub": [rb'"bo\ud800b"', rb'"bo\u0000b"', b"5", b"null", b"[]", b'["bob"]', b"{}", b'""',
            b"true", DIGITS],
    "iat": [DIGITS, b"1e400", b"NaN", b"[]", b"{}", b'"x"'],
    "nbf": [DIGITS, b"1e400", b"NaN", b"[]", b"{}", b'"x"'],
    "aud": [b"5", b"{}", b"[5]", b"[[]]", b'[{"a": 1}]', rb'"\ud800"'],
    "iss": [b"5", b"{}", b"[]", b"[[]]", rb'"\ud800"'],
}  # fmt: skip
ODD_HEADERS = [b'"kid": 5', b'"kid": []', b'"kid": {}', b'"kid": null', rb'"kid": "\ud800"',
               b'"crit": 5', b'"crit": ["x"]', b'"typ": []', b'"b64": []',
               b'"kid": ' + b"[" * 3_000]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in ODD_CLAIMS.items() for value in values],
    ids=lambda value: str(value)[:30],
)
def test_a_claim_of_another_type_or_size_is_refused(
    api: Any, bob: User, name: str, value: bytes
) -> None:
    """Whoever signs may make mistakes; they are answered 401."""
    claims = {"sub": b'"bob"', "iss": b'"seenby"', "aud": b'"seenby"', "exp": b"4000000000"}
    pairs = {**claims, name: value}.items()
    text = b",".join(b'"%s": %s' % (key.encode(), each) for key, each in pairs)
    forged = signed(HS256, b"{%s}" % text)
    api(forged).get("/me/", status=401)


@pytest.mark.parametrize("pair", ODD_HEADERS, ids=lambda value: str(value)[:30])
def test_a_tokens_header_of_another_type_is_no_500(api: Any, bob: User, pair: bytes) -> None:
    claims = b'{"sub": "bob", "iss": "seenby", "aud": "seenby", "exp": 4000000000}'
    odd = api(signed(b'{"alg": "HS256", %s}' % pair, claims))
    assert odd.client.get("/api/v1/me/").status_code in (200, 401)


def test_a_token_that_expires_after_the_last_day_is_refused(api: Any, bob: User) -> None:
    """A gateway shows when a session ends, and Python ends with the year 9999."""
    login = {"userId": "bob", "deviceId": "x"}
    for exp, status in ((253_402_300_799, 200), (253_402_300_800, 401), (10**18, 401)):
        api(token(exp=exp)).get("/me/", status=status)
        body = {**login, "authToken": token(exp=exp)}
        api(None)("POST", "http://testserver/api/v5/sessions", body, status)


@pytest.mark.parametrize("key", [r'"aaaaaaaa\000b"', r'"aaaaaaaa\355\240\200"', "x" * 5_000, ""])
@pytest.mark.parametrize("address", ["/api/v1/me/", "/admin/"])
def test_a_cookie_that_no_session_can_have_is_none(db: None, key: str, address: str) -> None:
    """PostgreSQL does not even compare with a NUL."""
    client = Client(raise_request_exception=False, headers={"Cookie": f"sessionid={key}"})
    assert client.get(address).status_code == (401 if "api" in address else 302)
