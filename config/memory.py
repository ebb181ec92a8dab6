"""How a server process returns memory to the system (docs/decisions/0016)."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

#: New objects minus freed ones between two collections; the number of those per collection of the
#: middle generation, and of these per full collection.
COLLECT = (5_000, 10, 10)
#: Parameters of glibc's ``mallopt``: how much free memory at the end of the heap is returned to the
#: system; from which size on blocks are mapped, so that freeing returns them; the most arenas.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_BLOCK = 128 * 1024


def settle() -> None:
    """Call once, after loading: exempts all loaded objects from garbage collection."""
    gc.collect()
    gc.freeze()
    # Frozen objects would still count as part of the heap, and a full collection waits until a
    # quarter of that is new.
    gc.collect()
    gc.set_threshold(*COLLECT)
    with suppress(AttributeError, OSError):  # other C libraries do without
        libc = ctypes.CDLL(None)
        for option, value in (
            (_TRIM_THRESHOLD, _BLOCK), (_MMAP_THRESHOLD, _BLOCK), (_ARENA_MAX, 2),
        ):  # fmt: skip
            libc.mallopt(option, value)
