"""Sessions in the database; an impossible session key in a cookie is not queried.

A cookie may contain a NUL (``"\\000"``), which PostgreSQL rejects even in a comparison.
"""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """Accepts only ASCII letters and digits as keys, as Django generates them."""

    def _validate_session_key(self, key: Any) -> bool:
        valid = super()._validate_session_key(key)  # type: ignore[misc]
        return bool(valid and key.isascii() and key.isalnum())
