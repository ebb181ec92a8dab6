"""Recipients as a CSV file: streamed, and with no cell that a spreadsheet takes for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

#: The columns of the file, by their names in the API's recipient list.
COLUMNS = (
    "user",
    "user_name",
    "state",
    "delivered_at",
    "read_at",
    "failed_at",
    "failure_reason",
    "content",
    "membership",
)
#: How a cell begins that a spreadsheet may run (OWASP, "CSV injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
#: Without it Excel reads UTF-8 as if it were Latin-1.
BYTE_ORDER_MARK = "\ufeff"
#: Lines that leave in one piece.
_PIECE = 200


class _Line:
    """What ``csv`` writes to: a line is given back, not kept."""

    def write(self, line: str) -> str:
        return line


def csv_lines(recipients: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The file, piece by piece."""
    write = csv.writer(_Line()).writerow
    piece = [BYTE_ORDER_MARK + write(COLUMNS)]
    for recipient in recipients:
        piece.append(write([_cell(recipient[name]) for name in COLUMNS]))
        if len(piece) == _PIECE:
            yield "".join(piece)
            piece = []
    yield "".join(piece)


def _cell(value: Any) -> str:
    """A value as text: times in ISO 8601, formulas behind an apostrophe, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
