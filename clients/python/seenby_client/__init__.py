"""A client of Seenby for Python.

``generated`` holds a function for each operation and a class for each shape, made from the OpenAPI
document. Here is what it takes to use them: a caller, errors as exceptions, events, marks.
"""

from __future__ import annotations

from .calling import Refused, connect, ok
from .following import CursorExpired, events
from .marking import mark_all

__all__ = ["CursorExpired", "Refused", "connect", "events", "mark_all", "ok"]
