"""Counts that differ, in words."""

from __future__ import annotations

from receipts.ledger.counting import COUNTS

#: For a count whose rows are missing, so that its correct value is not known.
ROWLESS_WORDS = "{} is {}"


def difference_in_words(counts: list[int], wrong: str = "{} is {} and should be {}") -> str:
    """The difference in words, from the stored and the counted value of each count."""
    pairs = zip(COUNTS, counts[::2], counts[1::2], strict=True)
    return ", ".join(
        wrong.format(count, stored, counted)
        for count, stored, counted in pairs
        if stored != counted
    )
