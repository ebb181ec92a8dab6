"""Where a history is read from: a file or a stream, compressed or not, line by line."""

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

#: No record is longer; a line that is holds something else.
MAX_LINE_BYTES = 4_000_000


class Unreadable(Exception):
    """The source cannot be opened, or breaks off; the message says why."""


def lines_of(path: str, standard_input: TextIO) -> Iterator[bytes]:
    """The lines of a file, or of the standard input for ``-``. Raises ``Unreadable``."""
    try:
        with _opened(path, standard_input) as file:
            yield from _lines(_plain(file))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Unreadable(f"{path} is not a whole gzip file: {error}") from error
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or error}") from error


def _opened(path: str, standard_input: TextIO) -> AbstractContextManager[BufferedReader]:
    if path == "-":
        return nullcontext(cast(BufferedReader, standard_input.buffer))
    return Path(path).open("rb")


def _plain(file: BufferedReader) -> IO[bytes]:
    """Its content, told by its first bytes rather than by its name: a stream has none."""
    packed = file.peek(len(_GZIP)).startswith(_GZIP)
    return cast(IO[bytes], gzip.open(file)) if packed else file


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Each line; of one that is too long, so much that it can be told."""
    line = file.readline(MAX_LINE_BYTES + 1).removeprefix(_BYTE_ORDER_MARK)
    while line:
        yield line
        while len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            line = file.readline(MAX_LINE_BYTES + 1)
        line = file.readline(MAX_LINE_BYTES + 1)
