"""The source of a history: a file or standard input, gzipped or not, read line by line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from io import BufferedReader
from pathlib import Path
from typing import IO, TextIO, cast

_GZIP = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

#: The longest line of a record; anything longer is not a record.
MAX_LINE_BYTES = 4_000_000


class Unreadable(Exception):
    """The source cannot be opened, or read to its end; the message states why."""


def lines_of(path: str, standard_input: TextIO) -> Iterator[bytes]:
    """The lines of a file, or of the standard input for ``-``. Raises ``Unreadable``."""
    try:
        with _opened(path, standard_input) as file:
            yield from _lines(_plain(file))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Unreadable(f"{path} is not a complete gzip file: {error}") from error
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}") from error


def _opened(path: str, standard_input: TextIO) -> AbstractContextManager[BufferedReader]:
    if path == "-":
        return nullcontext(cast(BufferedReader, standard_input.buffer))
    return Path(path).open("rb")


def _plain(file: BufferedReader) -> IO[bytes]:
    """Its content; gzip is detected by the first bytes, since standard input has no name."""
    packed = file.peek(len(_GZIP)).startswith(_GZIP)
    return cast(IO[bytes], gzip.open(file)) if packed else file


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Each line; one that is too long is cut to a length that is still above the limit."""
    line = file.readline(MAX_LINE_BYTES + 1).removeprefix(_BYTE_ORDER_MARK)
    while line:
        yield line
        while len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            line = file.readline(MAX_LINE_BYTES + 1)
        line = file.readline(MAX_LINE_BYTES + 1)
