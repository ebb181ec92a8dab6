"""Which tests run on one of the two legs only, when both run: each test still runs once.

What is shaped, authorized or shown is decided in Python, and comes out the same on both; a
gateway's many tests go through the same few statements. Of such tests, half run on SQLite and half
on PostgreSQL, if `make test` runs both (`python -m tests.legs --deal`), and random work tries half
as many examples. Otherwise nothing is dealt out: `make test-long`. What a database may choke on, as
NUL and large numbers are, runs on both.
"""

from __future__ import annotations

import os
from zlib import crc32

#: Whether tests are dealt out to the two legs (tests/legs.py).
DEALT = os.environ.get("TEST_DEALT") == "1"

#: Files, or folders, whose tests are dealt out.
DEALT_OUT = (
    "tests/admin/test_export.py",
    "tests/admin/test_moderators.py",
    "tests/admin/test_privacy.py",
    "tests/admin/test_rights.py",
    "tests/admin/test_signing_in.py",
    "tests/admin/test_site.py",
    "tests/api/test_access.py",
    "tests/api/test_access_table.py",
    "tests/api/test_acting.py",
    "tests/api/test_auth.py",
    "tests/api/test_callbacks.py",
    "tests/api/test_fuzzing.py",
    "tests/api/test_insights_range.py",
    "tests/api/test_invisible.py",
    "tests/api/test_schema.py",
    "tests/api/test_scopes.py",
    "tests/commands/test_demo.py",
    "tests/commands/test_import_migrating.py",
    "tests/config/",
    "tests/demo/",
    "tests/gateways/",
    "tests/rules/test_privacy.py",
    "tests/webhooks/",
)


def examples(number: int) -> int:
    """How many examples of random work to try where one leg alone would try this many."""
    return max(1, number // 2) if DEALT else number


def is_dealt_out(nodeid: str) -> bool:
    """Whether a test runs on one of the two legs only."""
    return DEALT and nodeid.startswith(DEALT_OUT)


def is_for_postgresql(nodeid: str) -> bool:
    """On which: by its name, so that all processes agree."""
    return crc32(nodeid.encode()) % 2 == 0
