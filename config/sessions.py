"""Sessions in the database; a cookie that no session can have is not looked up there.

A cookie may spell a NUL (``"\\000"``), with which PostgreSQL does not even compare.
"""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """Keys are lower-case letters and digits, as Django makes them."""

    def _validate_session_key(self, key: Any) -> bool:
        valid = super()._validate_session_key(key)  # type: ignore[misc]
        return bool(valid and key.isascii() and key.isalnum())
