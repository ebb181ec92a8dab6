"""Run the test suite on SQLite and on PostgreSQL: `python -m tests.legs [pytest arguments]`.

Both legs run at once, since many tests wait for a socket or a process; the output of PostgreSQL's
comes second. With `--deal`, what both would find alike is dealt out to them
(tests/support/dealing.py). The PostgreSQL is TEST_DATABASE_URL if that is set, else one
of our own. A leg that cannot run, or finds no tests, has failed: nothing is skipped in silence. Two
more run only when they are asked for: `--leg partitions`, PostgreSQL with hash partitions
(tests/support/partitions.py), and `--leg citus`, the cluster whose coordinator TEST_CITUS_URL names
(tests/support/distributed.py).
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import parse_qsl, quote, urlencode

import psycopg

from tests.support.postgres import (
    NoPostgres,
    Server,
    running_postgres,
    server_version,
    stop,
    treat_sigterm_as_ctrl_c,
)

# Words that Django understands in a database URL and libpq refuses.
DJANGO_ONLY = {"pool", "isolation_level", "server_side_binding", "assume_role"}


@contextmanager
def sqlite() -> Iterator[Server]:
    """Name a file for SQLite; Django makes its test database beside or without it."""
    with tempfile.TemporaryDirectory(prefix="seenby-") as folder:
        yield Server(f"sqlite:///{folder}/test.sqlite3", f"SQLite {sqlite3.sqlite_version}")


@contextmanager
def postgresql() -> Iterator[Server]:
    """Use the PostgreSQL we were given, or start our own."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield _given("TEST_DATABASE_URL", url)
        return
    with running_postgres() as server:
        yield server


@contextmanager
def citus() -> Iterator[Server]:
    """Use the cluster we were given; there is none of our own."""
    if not (url := os.environ.get("TEST_CITUS_URL")):
        raise NoPostgres(
            "TEST_CITUS_URL is not set: the address of a database with the extension citus, whose"
            " nodes the tests may use"
        )
    yield _given("TEST_CITUS_URL", url)


def _given(variable: str, url: str) -> Server:
    """The server that an environment variable names."""
    if not url.startswith(("postgres://", "postgresql://")):
        raise NoPostgres(f"{variable} does not start with postgresql://")
    address, _, query = url.partition("?")
    options = [(word, value) for word, value in parse_qsl(query) if word not in DJANGO_ONLY]
    try:
        version = server_version(f"{address}?{urlencode(options, quote_via=quote)}")
    except psycopg.Error as error:
        raise NoPostgres(f"{variable} does not answer: {error}") from error
    return Server(url, f"PostgreSQL {version} from {variable}")


LEGS = {"sqlite": sqlite, "postgresql": postgresql}
#: Legs that run only when they are asked for.
MORE_LEGS = {"partitions": postgresql, "citus": citus}


def run_leg(leg: str, arguments: list[str]) -> tuple[bool, str]:
    """Run the suite on one database; tell whether it passed, and one line about it."""
    name, started = leg, time.monotonic()
    try:
        with (LEGS | MORE_LEGS)[leg]() as server:
            name = server.description if leg in LEGS else f"{server.description}, {leg}"
            print(f"\n=== Testing on {name} ===", flush=True)
            code = run_pytest(leg, server.url, arguments)
    except Exception as error:  # whatever stops this leg, the other one still runs
        return False, f"{name}: FAILED (could not run: {' '.join(str(error).split())})"
    if code:
        return False, f"{name}: FAILED ({'no tests found' if code == 5 else f'exit {code}'})"
    return True, f"{name}: passed in {time.monotonic() - started:.0f} s"


def run_pytest(leg: str, url: str, arguments: list[str]) -> int:
    """Run pytest in a process of its own and return its exit code."""
    ours = {"TEST_LEG": leg, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}
    ours["DEMO"] = "1"  # tests speak plain HTTP, which without it is sent to HTTPS
    ours["DB_LOCK_TIMEOUT_MS"] = "0"  # a slow machine is no fault; tests of it set their own
    command = [sys.executable, "-m", "pytest", *arguments]
    pytest = subprocess.Popen(command, env=os.environ | ours)
    try:
        return pytest.wait()
    except KeyboardInterrupt:
        # A Ctrl-C has reached pytest too, a SIGTERM has not; either way it drops its databases.
        with suppress(subprocess.TimeoutExpired):
            pytest.wait(2)
        stop(pytest)
        raise


@contextmanager
def beside(leg: str, arguments: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a leg in another process; its output is printed when the block is done."""
    command = [sys.executable, "-m", "tests.legs", "--leg", leg, "--beside", *arguments]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield process
            written = 0
            while process.poll() is None or written < os.fstat(output.fileno()).st_size:
                found = os.pread(output.fileno(), 1 << 20, written)
                written += len(found)
                sys.stdout.write(found.decode(errors="replace"))
                sys.stdout.flush()
                time.sleep(0 if found else 0.1)
        except KeyboardInterrupt:
            # As in run_pytest; it ends its own pytest and its server first.
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            raise
        finally:
            stop(process)


def run_both(arguments: list[str]) -> int:
    """Run both legs at once; 1 if any failed."""
    with beside("postgresql", arguments) as other:
        passed, line = run_leg("sqlite", arguments)
        print(f"\n{line}", flush=True)
    print(line)
    return 0 if passed and other.returncode == 0 else 1


def main() -> int:
    """Run the legs asked for and sum them up; 1 if any failed."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--leg", choices=LEGS | MORE_LEGS, help="run only this one")
    parser.add_argument(
        "--deal", action="store_true", help="run what both would find alike on one of them only"
    )
    parser.add_argument("--beside", action="store_true", help=argparse.SUPPRESS)
    options, arguments = parser.parse_known_args()
    if options.deal and options.leg:
        parser.error("--deal is for both legs")
    treat_sigterm_as_ctrl_c()
    if not options.beside:
        os.environ["TEST_DEALT"] = "1" if options.deal else ""
    if options.leg is None:
        return run_both(arguments)
    passed, line = run_leg(options.leg, arguments)
    print(f"\n{line}")
    if not options.beside:
        for leg in LEGS.keys() - {options.leg}:
            print(f"{leg}: NOT RUN, because of --leg")
    return 0 if passed else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted")
