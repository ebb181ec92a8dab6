"""Text that only this service can read, with keys that are derived from ``SECRET_KEY``.

What was sealed with a key of ``SECRET_KEY_FALLBACKS`` can still be read, so that ``SECRET_KEY`` can
be changed without losing anything.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class BadSeal(Exception):
    """Not sealed for this purpose, or with a ``SECRET_KEY`` that is not known any more."""


def seal(purpose: str, text: str) -> str:
    """Encrypt and sign a text. What is sealed for one purpose cannot be used for another."""
    return _cipher(purpose, _keys()).encrypt(text.encode()).decode()


def unseal(purpose: str, sealed: str) -> str:
    """The text; raises ``BadSeal``."""
    try:
        return _cipher(purpose, _keys()).decrypt(sealed.encode()).decode()
    except (InvalidToken, ValueError) as error:
        raise BadSeal from error


def is_sealed_with_current_key(purpose: str, sealed: str) -> bool:
    """Whether it can be read without ``SECRET_KEY_FALLBACKS``."""
    try:
        _cipher(purpose, _keys()[:1]).decrypt(sealed.encode())
    except (InvalidToken, ValueError):
        return False
    return True


def _keys() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@lru_cache(maxsize=8)
def _cipher(purpose: str, keys: tuple[str, ...]) -> MultiFernet:
    """Encrypts with the first key, and decrypts with any."""
    digests = [hashlib.sha256(f"{purpose} {key}".encode()).digest() for key in keys]
    return MultiFernet([Fernet(urlsafe_b64encode(digest)) for digest in digests])
