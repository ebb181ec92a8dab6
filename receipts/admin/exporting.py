"""Recipients as a CSV file: streamed, and with no cell that a spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Literal

from receipts.reads.answer_types import ListedAnswer

#: The columns of the file, by their names in the API's recipient list.
COLUMNS: tuple[
    Literal[
        "user",
        "user_name",
        "state",
        "delivered_at",
        "read_at",
        "failed_at",
        "failure_reason",
        "content",
        "membership",
    ],
    ...,
] = (
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
_FORMULA = frozenset("=+-@\u2212")
#: What stands before that and is not seen: controls, format characters, blanks.
_UNSEEN = ("Cc", "Cf", "Zs", "Zl", "Zp")
#: What a spreadsheet may take for the end of a cell, whatever the file's own separator and quotes.
_SEPARATORS = re.compile(r"([;\t\r\n])")
#: Without it Excel reads UTF-8 as if it were Latin-1.
BYTE_ORDER_MARK = "\ufeff"
#: Lines that leave in one piece.
_PIECE = 200


class _Line:
    """What ``csv`` writes to: a line is given back, not kept."""

    def write(self, line: str) -> str:
        return line


def csv_lines(recipients: Iterable[ListedAnswer]) -> Iterator[str]:
    """The file, piece by piece."""
    write = csv.writer(_Line(), quoting=csv.QUOTE_ALL).writerow
    piece = [BYTE_ORDER_MARK + write(COLUMNS)]
    for recipient in recipients:
        piece.append(write([_cell(recipient[name]) for name in COLUMNS]))
        if len(piece) == _PIECE:
            yield "".join(piece)
            piece = []
    yield "".join(piece)


def _cell(value: Any) -> str:
    """A value as text: times in ISO 8601, formulas behind an apostrophe, nothing for None.

    A spreadsheet whose separator is a semicolon splits cells that quotes hold together, so what
    follows one is looked at as well.
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    text = str(value)
    pieces = _SEPARATORS.split(text)
    safe = "".join(f"'{piece}" if _is_formula(piece) else piece for piece in pieces)
    return f"'{safe}" if text.lstrip(" ").startswith(("\t", "\r", "\n")) else safe


def _is_formula(text: str) -> bool:
    """Whether it begins like one; full-width and small forms count as what they are forms of."""
    for character in text:
        if unicodedata.category(character) not in _UNSEEN:
            return unicodedata.normalize("NFKC", character)[0] in _FORMULA
    return False
