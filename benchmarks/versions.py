"""This version beside another one, in the folder that BENCH_BEFORE names: CPU per operation.

Both run on one PostgreSQL, each with a database of its own, and take turns. BENCH_OPERATIONS names
some of the operations instead of all, BENCH_ROUNDS how many rounds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.processes import running_worker
from benchmarks.timing import Rival, compare, take_turns, times
from benchmarks.world import execute

HERE = Path(__file__).resolve().parent
#: Operation and its number: messages, recipients, or repetitions.
OPERATIONS = (
    ("bulk", 10_000), ("bulk", 1_000), ("bulk", 100), ("bulk_of_one", 50), ("everywhere", 5_000),
    ("single", 100), ("single_known", 100), ("batch", 100),
    ("send", 1_000), ("send", 100), ("send", 10), ("send", 1),
    ("page", 10), ("feed", 10), ("participants", 5), ("held", 5),
    ("post", 30), ("status", 30), ("statuses", 10), ("recipients", 10), ("me", 30),
    ("conversations", 20), ("conversation", 20),
)  # fmt: skip
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "11"))
BUDGET = 4.0 * ROUNDS


def run() -> None:
    before = os.environ.get("BENCH_BEFORE")
    if not before:
        print("  BENCH_BEFORE names no other version: nothing to compare.")
        return
    with ExitStack() as stack:
        rivals = {
            name: stack.enter_context(_version(folder, f"bench_{name}"))
            for name, folder in (("before", Path(before)), ("now", HERE.parent))
        }
        wanted = os.environ.get("BENCH_OPERATIONS", "").split()
        for operation, number in OPERATIONS:
            if wanted and operation not in wanted:
                continue
            turns: dict[str, Rival] = {
                name: lambda _, ask=ask, line=f"{operation} {number}": ask(line)
                for name, ask in rivals.items()
            }
            taken = take_turns(turns, rounds=ROUNDS, budget=BUDGET)
            label = f"{operation} {number:,}"
            times(label, taken)
            compare(label, taken, "now", "before")


@contextmanager
def _version(folder: Path, database: str) -> Iterator[Callable[[str], float]]:
    """A worker of this version; call it with an operation, and it returns seconds of CPU."""
    execute(f"DROP DATABASE IF EXISTS {database}")
    execute(f"CREATE DATABASE {database}")
    url = os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{database}"
    environment = {"DATABASE_URL": url, "PYTHONPATH": str(folder)}
    try:
        with running_worker([str(HERE / "version_worker.py")], folder, environment) as ask:
            yield lambda line: float(ask(line))
    finally:
        execute(f"DROP DATABASE {database}")
