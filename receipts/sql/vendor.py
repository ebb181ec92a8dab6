"""Which database this is. Django asks the thread's connection, which takes longer."""

from __future__ import annotations

from functools import cache

from django.db import connection


@cache
def is_postgresql() -> bool:
    """Whether it is PostgreSQL; it stays what it is."""
    return connection.vendor == "postgresql"
