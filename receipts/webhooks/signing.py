"""Signatures of deliveries, in two schemes, so that existing libraries verify them.

Both are HMAC-SHA256 and cover the time, so that a receiver can refuse a replay of an old delivery.
They differ in their key: Stripe's scheme uses the text of a secret, Standard Webhooks the bytes
that it encodes. While a secret is replaced there are two signatures, one with each.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence

_PREFIX = "whsec_"


def signed_headers(
    secrets: Sequence[str], delivery: str, body: bytes, timestamp: int
) -> dict[str, str]:
    """The headers that sign a body; ``timestamp`` in Unix seconds."""
    return {
        "Seenby-Signature": stripe_signature(secrets, body, timestamp),
        "webhook-id": delivery,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": standard_signature(secrets, delivery, body, timestamp),
    }


def stripe_signature(secrets: Sequence[str], body: bytes, timestamp: int) -> str:
    """``t=<Unix seconds>,v1=<hex>``, with one ``v1`` for each secret."""
    signed = b"%d." % timestamp + body
    digests = (hmac.new(each.encode(), signed, hashlib.sha256).hexdigest() for each in secrets)
    return ",".join([f"t={timestamp}", *(f"v1={digest}" for digest in digests)])


def standard_signature(secrets: Sequence[str], delivery: str, body: bytes, timestamp: int) -> str:
    """``v1,<base64>`` for each secret, separated by blanks."""
    signed = f"{delivery}.{timestamp}.".encode() + body
    digests = (hmac.digest(_key(each), signed, "sha256") for each in secrets)
    return " ".join(f"v1,{b64encode(digest).decode()}" for digest in digests)


def _key(secret: str) -> bytes:
    """The bytes of a secret. An older one may be URL-safe base64 without padding."""
    text = secret.removeprefix(_PREFIX).translate(str.maketrans("-_", "+/")).rstrip("=")
    return b64decode(text + "=" * (-len(text) % 4))
