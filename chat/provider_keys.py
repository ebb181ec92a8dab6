"""Public keys of an identity provider, from the address of its JSON Web Key Set (``JWT_JWKS_URL``).

A key that is known serves at once, without a lock. The set is fetched again when it is some
minutes old, beside the requests that use it, and when a token names a key that is not in it: at
most once in ``PAUSE_SECONDS`` in each process, so that forged tokens cannot make us hammer the
provider. While the provider is away, known keys serve until their lifetime is over.
"""

from __future__ import annotations

import logging
import ssl
import time
from functools import lru_cache
from threading import BoundedSemaphore, Lock, Thread
from typing import Any
from urllib.parse import urlsplit

import jwt
import orjson
from django.conf import settings
from jwt import PyJWK, PyJWKClient, PyJWKSet
from rest_framework.exceptions import APIException

from chat.hurrying import HurriedConnection, HurriedTLSConnection
from chat.public_keys import ALGORITHMS, weakness
from chat.waiting import run_blocking

logger = logging.getLogger("seenby.tokens")

#: Seconds after which a set is fetched again, though it still serves.
FRESH_SECONDS = 300.0
#: Seconds between two attempts to fetch.
PAUSE_SECONDS = 10.0
#: Seconds from connecting to the end of the response, and the largest set.
LONGEST_FETCH, MOST_BYTES = 5.0, 256 * 1024


class KeysUnavailable(APIException):
    """The identity provider's keys are not available, so the token cannot be verified now."""

    status_code = 503
    default_code = "keys_unavailable"
    default_detail = "The identity provider's keys are not available; try again in a moment."
    #: Seconds, for ``Retry-After``.
    wait = 5


class ProviderKeys(PyJWKClient):
    """The keys of one provider: PyJWT's client, with limits, and with no request in a queue."""

    def __init__(self, url: str, *, lifetime: float, most_waiting: int) -> None:
        super().__init__(url, lifespan=lifetime)
        self._fetching = Lock()
        #: How many threads may wait for a fetch. Others are told to try again, so that a slow
        #: provider never occupies all threads of this process.
        self._waiting = BoundedSemaphore(most_waiting)
        self._tried_at = self._fetched_at = float("-inf")
        self._is_away = False

    def key_for(self, key_id: str) -> PyJWK | None:
        """The key with this id, or None if the provider has none.

        Raises ``KeysUnavailable`` if that cannot be found out now.
        """
        key = self._known(key_id)
        if key is not None:
            if time.monotonic() - self._fetched_at > FRESH_SECONDS:
                self.refresh_aside()
            return key
        if not self._waiting.acquire(blocking=False):
            raise KeysUnavailable
        try:
            run_blocking(self._refresh)
        finally:
            self._waiting.release()
        key = self._known(key_id)
        if key is None and self._is_away:
            raise KeysUnavailable
        return key

    def refresh_aside(self) -> None:
        """Fetch the set in a thread of its own, if it is time for another attempt."""
        if time.monotonic() - self._tried_at >= PAUSE_SECONDS and not self._fetching.locked():
            Thread(target=self._refresh, name="provider-keys", daemon=True).start()

    def _known(self, key_id: str) -> PyJWK | None:
        found = self.jwk_set_cache.get() if self.jwk_set_cache else None
        return self.match_kid(self._get_signing_keys_from_jwk_set(found), key_id) if found else None

    def _refresh(self) -> None:
        """Fetch the set, unless that was tried a moment ago; others wait for the same attempt."""
        with self._fetching:
            if time.monotonic() - self._tried_at < PAUSE_SECONDS:
                return
            try:
                self.get_jwk_set(refresh=True)
                self._is_away, self._fetched_at = False, time.monotonic()
            except Exception as error:  # what comes from outside may have any shape
                self._is_away = True
                logger.warning("The keys of JWT_JWKS_URL could not be fetched: %s", error)
            self._tried_at = time.monotonic()

    def fetch_data(self) -> PyJWKSet:
        """Fetch the set; keys that cannot be used are left out."""
        payload = self._as_jwk_set_payload(orjson.loads(_fetched(self.uri)))
        found = PyJWKSet([key for key in payload.get("keys", []) if _is_well_formed(key)])
        found.keys = [key for key in found.keys if _is_usable(key)]
        if not found.keys:
            raise jwt.PyJWKSetError("It holds no key that can be used.")
        return found


def verifying_key(header: dict[str, Any]) -> tuple[Any, list[str]]:
    """The key that verifies a token with this header, and the algorithms that it may be used with.

    Raises ``KeysUnavailable`` if only the identity provider can tell, which is away.
    """
    key_id = header.get("kid")
    if key_id in settings.JWT_PUBLIC_KEYS:
        return settings.JWT_PUBLIC_KEYS[key_id], ALGORITHMS
    keys = provider_keys()
    if keys is not None and header.get("alg") in ALGORITHMS and isinstance(key_id, str):
        if (found := keys.key_for(key_id)) is None:
            raise jwt.InvalidKeyError("The provider has no such key.")
        return found.key, [found.algorithm_name]
    return settings.JWT_SECRET, ["HS256"]


def provider_keys() -> ProviderKeys | None:
    """The keys of the provider that ``JWT_JWKS_URL`` names, shared by this process."""
    url = settings.JWT_JWKS_URL
    return _keys_of(url, settings.JWT_JWKS_LIFETIME_SECONDS) if url else None


@lru_cache(maxsize=1)
def _keys_of(url: str, lifetime: float) -> ProviderKeys:
    return ProviderKeys(url, lifetime=lifetime, most_waiting=max(1, settings.SERVER_THREADS // 2))


def _is_well_formed(key: object) -> bool:
    """Whether what names a key is text; PyJWT refuses the whole set otherwise."""
    return isinstance(key, dict) and all(
        isinstance(key.get(name, ""), str) for name in ("kid", "kty", "crv", "alg", "use")
    )


def _is_usable(key: PyJWK) -> bool:
    """Whether a key verifies tokens: by its id, its use, its algorithm and its strength."""
    is_for_tokens = key.key_id and key.public_key_use in (None, "sig")
    if not is_for_tokens or key.algorithm_name not in ALGORITHMS:
        return False
    if problem := weakness(key.key):
        logger.warning("A key of JWT_JWKS_URL is not used: %r %s", key.key_id, problem)
    return not problem


def _fetched(url: str) -> bytes:
    """The body at a URL, of limited size and in limited time; redirects are not followed."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: HurriedConnection
    if parts.scheme == "https":
        connection = HurriedTLSConnection(
            host,
            parts.port or 443,
            longest=LONGEST_FETCH,
            timeout=LONGEST_FETCH,
            ssl_context=_tls(),
        )
    else:
        connection = HurriedConnection(
            host, parts.port or 80, longest=LONGEST_FETCH, timeout=LONGEST_FETCH
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Accept": "application/json", "User-Agent": "Seenby"}
    try:
        connection.request("GET", target, headers=headers, preload_content=False)
        answer = connection.getresponse()
        if answer.status != 200:
            raise ValueError(f"It answered {answer.status}.")
        body = answer.read(MOST_BYTES + 1, decode_content=False)
        answer.close()
        if len(body) > MOST_BYTES:
            raise ValueError(f"It is larger than {MOST_BYTES} bytes.")
        return body
    finally:
        connection.close()


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Trust the system's certificates."""
    return ssl.create_default_context()
