"""Which public keys may verify users' tokens."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

#: Algorithms allowed with public keys; never those of shared secrets.
ALGORITHMS = ["RS256", "ES256", "EdDSA"]
MIN_RSA_BITS = 2048


def weakness(key: object) -> str:
    """Why a public key cannot be used for RS256, ES256 or EdDSA; empty if it can."""
    if isinstance(key, rsa.RSAPublicKey):
        is_short = key.key_size < MIN_RSA_BITS
        return f"has {key.key_size} bits; RSA needs {MIN_RSA_BITS}." if is_short else ""
    if isinstance(key, ec.EllipticCurvePublicKey):
        is_other = not isinstance(key.curve, ec.SECP256R1)
        return f"is on the curve {key.curve.name}; ES256 needs P-256." if is_other else ""
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return ""
    return "is of an unsupported type: use RSA, P-256 or Ed25519."
