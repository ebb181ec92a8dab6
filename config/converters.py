"""Ids in addresses."""

from __future__ import annotations


class IdConverter:
    """A whole number that an id can be; a larger one matches nothing, so the answer is 404."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > 2**63 - 1:
            raise ValueError(value)
        return number

    def to_url(self, value: int) -> str:
        return str(value)
