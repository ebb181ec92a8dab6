"""Ids: the largest number, the longest names, and parsing a number from text."""

from __future__ import annotations

#: The largest id: both databases store a signed 64-bit integer.
MAX_ID = 2**63 - 1
#: The longest username, in characters.
MAX_USERNAME = 255
#: The longest id of another system, in characters.
MAX_EXTERNAL_ID = 255


def whole_number(given: str, largest: int) -> int | None:
    """Parse a number from 0 to ``largest``, in plain ASCII digits; None for anything else."""
    # The length comes first: Python refuses to convert thousands of digits.
    if not (given.isascii() and given.isdigit() and len(given) <= len(str(largest))):
        return None
    number = int(given)
    return number if number <= largest else None
