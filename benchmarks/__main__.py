"""Run the benchmarks on a temporary PostgreSQL: `python -m benchmarks [name ...]`.

`scale=1000000` runs `scale` at that size.
BENCH_DATABASE_URL names another database instead; it must be empty, and is emptied afterwards.
"""

from __future__ import annotations

import argparse
import os
import platform
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from tests.support.postgres import NoPostgres, Server, running_postgres, server_version

#: Command-line name → module whose ``run`` measures it.
BENCHMARKS = {
    "bulk": "benchmarks.bulk",
    "threads": "benchmarks.threads",
    "send": "benchmarks.send",
    "http": "benchmarks.marks_over_http",
    "greenlets": "benchmarks.greenlets",
    "ways": "benchmarks.ways",
    "batches": "benchmarks.batches",
    "pages": "benchmarks.pages",
    "feed": "benchmarks.feed",
    "storms": "benchmarks.storms",
    "sockets": "benchmarks.sockets",
    "announcing": "benchmarks.announcing",
    "positions": "benchmarks.positions",
    "members": "benchmarks.members",
    "losses": "benchmarks.losses",
    "admin": "benchmarks.admin",
    "commands": "benchmarks.commands",
    "erasing": "benchmarks.erasing",
    "webhooks": "benchmarks.webhooks",
    "sendbird": "benchmarks.sendbird",
    "dawdlers": "benchmarks.dawdlers",
    "bad": "benchmarks.bad_requests",
    "names": "benchmarks.names",
    "versions": "benchmarks.versions",
    "scale": "benchmarks.scale",
    "nodes": "benchmarks.nodes",
    "rollup": "benchmarks.rollup",
}


@contextmanager
def database() -> Iterator[Server]:
    """The server to measure on: temporary, with durable commits, or BENCH_DATABASE_URL."""
    if url := os.environ.get("BENCH_DATABASE_URL"):
        yield Server(url, f"PostgreSQL {server_version(url)} from BENCH_DATABASE_URL")
        return
    # ejabberd connects over TCP only.
    with running_postgres(durable=True, tcp="BENCH_EJABBERD" in os.environ) as server:
        yield server


def set_up(url: str) -> None:
    """Load Django on this database, with settings close to production's, and migrate it."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": url,
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DEMO": "1",  # plain HTTP on this machine
        "LOG_LEVEL": "WARNING",
        "THROTTLE_USER_READS": "0",
        "THROTTLE_USER_WRITES": "0",
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=" ".join(BENCHMARKS))
    given = [name.partition("=") for name in parser.parse_args().names or BENCHMARKS]
    if unknown := {name for name, _, _ in given} - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    with database() as server:
        print(f"{server.description}; Python {platform.python_version()}; {os.cpu_count()} cores")
        set_up(server.url)
        from benchmarks.world import clear, refuse_strangers

        refuse_strangers()
        try:
            for name, _, size in given:
                load, started = os.getloadavg()[0], time.monotonic()
                print(f"\n{name} (load before: {load:.1f})", flush=True)
                import_module(BENCHMARKS[name]).run(*([int(size)] if size else []))
                print(f"  ({time.monotonic() - started:.0f} s)", flush=True)
        finally:
            clear()


if __name__ == "__main__":
    try:
        main()
    except NoPostgres as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
