"""Ids as numbers: the largest one, and how text names one."""

from __future__ import annotations

#: The largest id: both databases store a signed 64-bit integer.
MAX_ID = 2**63 - 1


def whole_number(given: str, largest: int) -> int | None:
    """The number that ``given`` spells in plain ASCII digits, from 0 to ``largest``; else None."""
    # The length comes first: Python refuses to convert thousands of digits.
    if not (given.isascii() and given.isdigit() and len(given) <= len(str(largest))):
        return None
    number = int(given)
    return number if number <= largest else None
