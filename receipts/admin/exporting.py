"""Recipients as a CSV file: streamed, and with no cell that a spreadsheet runs as a formula."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Literal, get_args

from receipts.reads.answer_types import ListedAnswer

CsvColumn = Literal[
    "user",
    "user_name",
    "state",
    "delivered_at",
    "read_at",
    "read_before_edit",
    "failed_at",
    "failure_reason",
    "content",
    "membership",
]
#: The columns of the file, by their names in the API's recipient list.
CSV_COLUMNS: tuple[CsvColumn, ...] = get_args(CsvColumn)
#: First characters of cells that a spreadsheet may run (OWASP, "CSV injection").
_FORMULA = frozenset("=+-@\u2212")
#: Categories that may precede them invisibly: controls, format characters, blanks.
_UNSEEN = ("Cc", "Cf", "Zs", "Zl", "Zp")
#: Characters that a spreadsheet may take for the end of a cell, even inside quotes.
_SEPARATORS = re.compile(r"([;\t\r\n])")
#: Most texts: they begin with an ASCII letter or digit, and have no separator.
_PLAIN = re.compile(r"(?:[A-Za-z0-9][^;\t\r\n]*)?")
#: Without it Excel reads UTF-8 as if it were Latin-1.
BYTE_ORDER_MARK = "\ufeff"
#: Lines per streamed chunk.
_PIECE = 200


class _Line:
    """The file that ``csv`` writes to: returns the line instead of storing it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(recipients: Iterable[ListedAnswer]) -> Iterator[str]:
    """Yield the file in chunks; each recipient has the keys in ``CSV_COLUMNS``."""
    write = csv.writer(_Line(), quoting=csv.QUOTE_ALL).writerow
    piece = [BYTE_ORDER_MARK + write(CSV_COLUMNS)]
    for recipient in recipients:
        piece.append(write([_cell(_told(recipient, name)) for name in CSV_COLUMNS]))
        if len(piece) == _PIECE:
            yield "".join(piece)
            piece = []
    yield "".join(piece)


def _told(recipient: ListedAnswer, column: CsvColumn) -> Any:
    """Who has no display name is named once: by the username."""
    value = recipient[column]
    return "" if column == "user_name" and value == recipient["user"] else value


def _cell(value: Any) -> str:
    """A value as text: times in ISO 8601, formulas after an apostrophe, None as empty.

    ``true`` and ``false`` as in the API.

    A spreadsheet whose separator is a semicolon splits quoted cells, too, so the text after each
    separator is checked as well.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    text = str(value)
    if _PLAIN.fullmatch(text):
        return text
    pieces = _SEPARATORS.split(text)
    safe = "".join(f"'{piece}" if _is_formula(piece) else piece for piece in pieces)
    return f"'{safe}" if text.lstrip(" ").startswith(("\t", "\r", "\n")) else safe


def _is_formula(text: str) -> bool:
    """Whether text starts like a formula; full-width and small forms are normalized first."""
    for character in text:
        if unicodedata.category(character) not in _UNSEEN:
            return unicodedata.normalize("NFKC", character)[0] in _FORMULA
    return False
