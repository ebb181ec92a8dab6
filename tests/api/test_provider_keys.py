"""Tokens of an identity provider: its keys come from JWT_JWKS_URL, and serve while it is away."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.utils import timezone

from chat import provider_keys
from chat.authentication import issue_token
from chat.models import Conversation, User
from chat.provider_keys import ProviderKeys
from receipts import services
from tests.support.authority import Authority
from tests.support.cast import Api, say
from tests.support.provider import NEW_KEY, Answer, Provider, jwk_of


@pytest.fixture
def provider(
    authority: Authority, settings: Any, monkeypatch: pytest.MonkeyPatch, bob: User
) -> Iterator[Provider]:
    """One with a key "one", whose certificate the service trusts."""
    context = authority.client()
    monkeypatch.setattr(provider_keys, "_tls", lambda: context)
    with Provider(authority.server("127.0.0.1")) as there:
        there.new_key("one")
        settings.JWT_JWKS_URL = there.url
        yield there


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    provider_keys._keys_of.cache_clear()
    yield
    provider_keys._keys_of.cache_clear()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next attempt to fetch may follow at once."""
    monkeypatch.setattr(provider_keys, "PAUSE_SECONDS", 0)


def status(token: str) -> int:
    return Api(token).call("GET", "/me/").status_code


def known() -> ProviderKeys:
    keys = provider_keys.provider_keys()
    assert keys is not None
    return keys


def forget_keys() -> None:
    """The lifetime of what was fetched is over."""
    cache = known().jwk_set_cache
    assert cache is not None
    cache.lifespan = -0.5


def end_fetches() -> None:
    for thread in threading.enumerate():
        if thread.name == "provider-keys":
            thread.join(10)


# --- Keys ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", NEW_KEY)
def test_a_token_of_the_provider_is_accepted(provider: Provider, algorithm: str) -> None:
    provider.new_key("other", algorithm)
    assert Api(provider.token("other", algorithm)).get("/me/")["username"] == "bob"
    assert Api(provider.token("one")).get("/me/")["username"] == "bob"


def test_keys_are_fetched_once_for_many_tokens(provider: Provider) -> None:
    for number in range(5):
        assert status(provider.token("one", nonce=number)) == 200
    assert provider.asked == 1


def test_our_own_tokens_and_keys_ask_nobody(
    provider: Provider, bob: User, service_key: str, settings: Any
) -> None:
    """Also a key that is known under this id here."""
    key = NEW_KEY["ES256"]()
    settings.JWT_PUBLIC_KEYS = {
        "one": key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    }
    provider.private["one"] = key
    assert status(issue_token(bob)[0]) == 200
    assert Api(service_key).call("GET", "/users/").status_code == 200
    assert status(provider.token("one")) == 200
    assert status("no.token.at-all") == 401
    assert provider.asked == 0


def test_a_new_key_needs_no_restart(provider: Provider, impatient: None) -> None:
    assert status(provider.token("one")) == 200
    provider.new_key("two")
    assert status(provider.token("two")) == 200
    assert provider.asked == 2


def test_a_withdrawn_key_is_refused_as_soon_as_the_set_was_fetched(
    provider: Provider, impatient: None
) -> None:
    """A token that was verified a moment ago may be remembered; this one was not."""
    assert status(provider.token("one")) == 200
    provider.withdraw("one")
    provider.new_key("two")
    assert status(provider.token("two")) == 200
    assert Api(provider.token("one", nonce=1)).get("/me/", 401)["code"] == "token_invalid"


def test_an_older_set_serves_and_is_fetched_beside(
    provider: Provider, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No request waits for it."""
    assert status(provider.token("one")) == 200
    monkeypatch.setattr(provider_keys, "FRESH_SECONDS", 0)
    provider.answers.append(provider.hang)
    provider.withdraw("one")
    provider.new_key("two")
    assert status(provider.token("one", nonce=1)) == 200
    provider.over.set()
    end_fetches()
    provider.over.clear()
    assert status(provider.token("one", nonce=2)) == 200
    end_fetches()
    assert status(provider.token("one", nonce=3)) == 401


def test_forged_key_ids_do_not_hammer_the_provider(provider: Provider) -> None:
    assert status(provider.token("one")) == 200
    for number in range(20):
        answer = Api(provider.token(f"forged-{number}")).get("/me/", 401)
        assert answer["code"] == "token_invalid"
    assert provider.asked == 1


def test_forged_tokens_are_refused(provider: Provider) -> None:
    """Signed with another key, or with what everybody can know, by another algorithm."""
    provider.new_key("rsa", "RS256")
    public = provider.published[0]["x"]
    right = provider.token("one")
    head, claims, _ = right.split(".")
    other = ec.generate_private_key(ec.SECP256R1())
    payload = jwt.decode(right, options={"verify_signature": False})
    forged = [
        f"{head}.{claims}.",
        jwt.encode(payload, other, "ES256", {"kid": "one"}),
        jwt.encode(payload, provider.private["rsa"], "RS256", {"kid": "one"}),
        jwt.encode(payload, provider.private["one"], "ES256", {"kid": "rsa"}),
        jwt.encode(payload, provider.private["one"], "ES256"),
        jwt.encode(payload, public.ljust(64), "HS256", {"kid": "one"}),
        jwt.encode(payload, None, "none", {"kid": "one"}),
    ]
    for each in forged:
        assert Api(each).get("/me/", 401)["code"] == "token_invalid"
    assert status(right) == 200


WEAK = rsa.generate_private_key(65537, 1024)
P384 = ec.generate_private_key(ec.SECP384R1())
P256 = ec.generate_private_key(ec.SECP256R1())
STRONG = rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize(
    ("key", "algorithm", "published"),
    [
        pytest.param(WEAK, "RS256", {}, id="a short RSA key"),
        pytest.param(P384, "ES384", {}, id="another curve"),
        pytest.param(STRONG, "RS512", {"alg": "RS512"}, id="another hash"),
        pytest.param(STRONG, "PS256", {"alg": "PS256"}, id="another padding"),
        pytest.param(P256, "ES256", {"use": "enc"}, id="for encryption"),
        pytest.param(P256, "ES256", {"kid": ["x"]}, id="an id of another type"),
        pytest.param(P256, "ES256", {"alg": ["ES256"]}, id="an algorithm of another type"),
        pytest.param(P256, "ES256", {"x": 5}, id="half a key"),
    ],
)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_key_that_is_not_for_tokens_verifies_none(
    provider: Provider, key: Any, algorithm: str, published: dict[str, Any]
) -> None:
    """The others of its set serve."""
    provider.private["x"] = key
    provider.published.append({**jwk_of(key.public_key(), algorithm, kid="x"), **published})
    assert Api(provider.token("x", algorithm)).get("/me/", 401)["code"] == "token_invalid"
    assert status(provider.token("one")) == 200


def test_a_shared_secret_that_is_published_verifies_nothing(provider: Provider) -> None:
    """Nor does a private key."""
    secret = b"s" * 40
    text = base64.urlsafe_b64encode(secret).decode().rstrip("=")
    provider.published.append({"kty": "oct", "kid": "oct", "k": text, "alg": "HS256"})
    provider.published.append(jwk_of(P256, "ES256", kid="private"))
    claims = jwt.decode(provider.token("one"), options={"verify_signature": False})
    for token in (
        jwt.encode(claims, secret, "HS256", {"kid": "oct"}),
        jwt.encode(claims, P256, "ES256", {"kid": "private"}),
    ):
        assert status(token) == 401


# --- Claims -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": 1}, "token_expired"),
        ({"exp": None}, "token_invalid"),
        ({"iss": "elsewhere"}, "token_invalid"),
        ({"aud": "elsewhere"}, "token_invalid"),
        ({"aud": None}, "token_invalid"),
        ({"sub": None}, "token_invalid"),
        ({"nbf": 2**40}, "token_invalid"),
        ({"sub": "nobody"}, "authentication_failed"),
        ({"sub": "backend"}, "authentication_failed"),
    ],
)
def test_claims_have_to_be_right(
    provider: Provider, service_key: str, claims: dict[str, Any], code: str
) -> None:
    assert Api(provider.token("one", **claims)).get("/me/", 401)["code"] == code


def test_a_token_of_the_account_that_had_this_name_before_opens_nothing(
    provider: Provider, bob: User
) -> None:
    """Rule 18: without ``iat`` it might be an older one."""
    User.objects.filter(pk=bob.pk).update(tokens_valid_from=timezone.now().replace(microsecond=0))
    assert status(provider.token("one")) == 200
    for claims in ({"iat": 1}, {"iat": None}):
        assert Api(provider.token("one", **claims)).get("/me/", 401)["code"] == "token_invalid"


# --- The provider is away -----------------------------------------------------------------------


def test_known_keys_serve_while_the_provider_is_away(
    provider: Provider, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it is time to fetch them again."""
    assert status(provider.token("one")) == 200
    provider.answers.extend([500] * 9)
    monkeypatch.setattr(provider_keys, "FRESH_SECONDS", 0)
    for number in range(3):
        assert status(provider.token("one", nonce=number)) == 200
        end_fetches()
    assert provider.asked > 1


def test_unknown_keys_are_not_refused_but_put_off_while_it_is_away(
    provider: Provider, impatient: None
) -> None:
    """503, which tells a client to try again with the same token."""
    assert status(provider.token("one")) == 200
    provider.answers.append(500)
    answer = Api(provider.token("two")).call("GET", "/me/")
    assert (answer.status_code, answer.json()["code"]) == (503, "keys_unavailable")
    assert answer["Retry-After"] == "5"
    provider.new_key("two")
    assert status(provider.token("two")) == 200


def test_a_provider_that_is_away_is_asked_now_and_then(provider: Provider) -> None:
    provider.answers.extend([500] * 9)
    for number in range(5):
        assert status(provider.token("one", nonce=number)) == 503
    assert provider.asked == 1


def test_keys_serve_no_longer_than_their_lifetime(provider: Provider, impatient: None) -> None:
    assert status(provider.token("one")) == 200
    forget_keys()
    provider.answers.append(500)
    assert status(provider.token("one", nonce=1)) == 503


def test_the_lifetime_is_that_of_the_setting(provider: Provider, settings: Any) -> None:
    settings.JWT_JWKS_LIFETIME_SECONDS = 1_234
    cache = known().jwk_set_cache
    assert cache is not None
    assert cache.lifespan == 1_234


ODD: list[Answer] = [
    b"", b"[]", b"{}", b"null", b'"keys"', b'{"keys": {}}', b'{"keys": 5}', b'{"keys": []}',
    b'{"keys": [5, null, "x", [], {}]}', b'{"keys": [{"kty": []}]}', b"\xff", b"[" * 5_000,
    b'{"keys": [{"kty": "RSA", "kid": "one", "n": 5, "e": {}}]}', 302, 404, 204,
]  # fmt: skip


@pytest.mark.parametrize("answer", [*ODD, "pad", "drip", "hang"], ids=lambda each: str(each)[:20])
def test_an_answer_that_is_no_set_of_keys_leaves_the_known_ones(
    provider: Provider, impatient: None, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    """Of limited size, in limited time, and never from where a redirect leads."""
    monkeypatch.setattr(provider_keys, "LONGEST_FETCH", 0.3)
    assert status(provider.token("one")) == 200
    provider.answers.append(getattr(provider, answer) if isinstance(answer, str) else answer)
    assert status(provider.token("two")) == 503
    assert provider.asked == 2
    assert status(provider.token("one", nonce=1)) == 200


def test_a_certificate_that_is_not_trusted_is_no_provider(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    assert status(provider.token("one")) == 503
    assert provider.asked == 0


def test_nobody_there_is_a_provider_that_is_away(
    settings: Any, bob: User, caplog: pytest.LogCaptureFixture
) -> None:
    """By plain HTTP here; settings allow it in a trial only."""
    with Provider() as there:
        there.new_key("one")
        settings.JWT_JWKS_URL = there.url
    assert status(there.token("one")) == 503
    assert "The keys of JWT_JWKS_URL could not be fetched" in caplog.text


def test_a_slow_provider_does_not_occupy_all_threads(provider: Provider) -> None:
    """Who may not wait for it is told to try again; tokens of known keys do not wait at all."""
    keys = ProviderKeys(provider.url, lifetime=60, most_waiting=1)
    assert keys.key_for("one") is not None
    keys._tried_at = 0
    provider.answers.append(provider.hang)

    def wait() -> None:
        with suppress(provider_keys.KeysUnavailable):
            keys.key_for("two")

    waiting = threading.Thread(target=wait)
    provider.new_key("two")
    waiting.start()
    while not keys._fetching.locked():
        pass
    with pytest.raises(provider_keys.KeysUnavailable):
        keys.key_for("three")
    assert keys.key_for("one") is not None
    provider.over.set()
    waiting.join(10)
    assert not waiting.is_alive()


def test_a_gateway_says_the_same_in_its_vendors_shape(provider: Provider, settings: Any) -> None:
    settings.GATEWAYS = ["socialplus"]
    provider.answers.append(500)
    body = {"userId": "bob", "deviceId": "x", "authToken": provider.token("one")}
    answer = Api(None).call("POST", "http://testserver/api/v5/sessions", body)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_a_mark_with_a_known_token_asks_nobody(
    provider: Provider, alice: User, bob: User, statements: Any
) -> None:
    """Neither the provider nor the database: as with any token that was verified a moment ago."""
    chat: Conversation = services.create_conversation(
        owner=alice, participants=[bob], kind="direct"
    )
    messages = [say(alice, chat) for _ in range(2)]
    own, theirs = Api(issue_token(bob)[0]), Api(provider.token("one"))
    counted = []
    for caller, message in zip((own, theirs), messages, strict=True):
        caller.get("/me/")
        with statements() as counting:
            caller.post(f"/messages/{message.pk}/read/")
        counted.append(len(counting))
    assert counted[0] == counted[1]
    assert provider.asked == 1
