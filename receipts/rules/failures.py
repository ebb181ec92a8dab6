"""The reason of a failed delivery, as it is kept (rule 11)."""

from __future__ import annotations

import re

#: The longest reason that is kept, in characters. A longer one is cut, and ends with ``…``.
MAX_REASON = 1_000
#: Control characters and line separators: a reason is one line.
_NO_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def kept_reason(given: str | None) -> str | None:
    """A provider's reason of any length as one line of at most ``MAX_REASON`` characters.

    None for a blank one. NUL characters are refused before, since no JSON here may hold them.
    """
    line = _NO_TEXT.sub(" ", given or "").strip()
    return (f"{line[: MAX_REASON - 1]}…" if len(line) > MAX_REASON else line) or None
