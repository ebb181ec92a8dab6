"""Close codes of RFC 6455."""

from __future__ import annotations

NORMAL, GOING_AWAY, GARBLED, TOO_BIG, FAILED = 1000, 1001, 1007, 1009, 1011
