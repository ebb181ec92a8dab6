"""One PostgreSQL beside a Citus cluster: the same requests in turns, with the CPU of each server.

BENCH_CITUS_URL names a database of the cluster's coordinator with the extension and its nodes, but
without tables. The CPU is that of servers on this machine, by /proc.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from statistics import median

import psycopg

from benchmarks.processes import running_worker
from benchmarks.timing import compare, times

HERE = Path(__file__).resolve().parent
OPERATIONS = (
    "read", "reads", "bulk", "send", "batch", "everywhere", "me", "conversations", "messages",
    "recipients", "feed",
)  # fmt: skip
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
_NODES = "SELECT nodename, nodeport FROM pg_dist_node ORDER BY groupid"
_PID = "SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)"
_TICK = os.sysconf("SC_CLK_TCK")


def run() -> None:
    cluster = os.environ.get("BENCH_CITUS_URL")
    if not cluster:
        print("  BENCH_CITUS_URL names no cluster: nothing to compare.")
        return
    plain = os.environ["DATABASE_URL"]
    with psycopg.connect(cluster) as coordinator:
        login = {"user": coordinator.info.user, "password": coordinator.info.password or None}
        nodes = coordinator.execute(_NODES).fetchall()
    servers = {"plain": [_postmaster(plain)]}
    addresses = [{"host": host, "port": port, "dbname": "postgres"} | login for host, port in nodes]
    pids = [_postmaster("", **address) for address in addresses]
    servers |= {"coordinator": pids[:1], "workers": pids[1:]}
    with ExitStack() as stack:
        ask = {
            "plain": stack.enter_context(_worker(plain)),
            "citus": stack.enter_context(_worker(cluster, "distribute")),
        }
        for operation in OPERATIONS:
            _measure(operation, ask, servers)


def _measure(
    operation: str, ask: dict[str, Callable[[str], str]], servers: dict[str, list[int]]
) -> None:
    taken: dict[str, list[float]] = {name: [] for name in ask}
    used: dict[str, list[float]] = {name: [] for name in servers}
    order = list(ask)
    for turn in range(ROUNDS + 1):
        for name in order if turn % 2 else reversed(order):
            assert ask[name](f"{operation} {turn}") == "prepared"
            before = {server: _cpu(pids) for server, pids in servers.items()}
            spent = float(ask[name]("go"))
            if turn:  # the first one prepares statements
                taken[name].append(spent)
                for server in ("plain",) if name == "plain" else ("coordinator", "workers"):
                    used[server].append(_cpu(servers[server]) - before[server])
    times(operation, taken)
    compare(operation, taken, "citus", "plain")
    told = ", ".join(f"{name} {median(each) * 1000:.0f} ms" for name, each in used.items())
    print(f"  {operation:34} CPU: {told}", flush=True)


def _postmaster(url: str, **address: object) -> int:
    with psycopg.connect(url, **address) as server:  # type: ignore[arg-type]
        ((pid,),) = server.execute(_PID).fetchall()
        return int(pid)


def _cpu(postmasters: list[int]) -> float:
    """CPU seconds of these servers: of their processes, and of those that have ended."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:  # it has just ended
            continue
        fields = text.rpartition(")")[2].split()
        pid, parent = int(stat.parent.name), int(fields[1])
        if pid in postmasters:
            ticks += sum(map(int, fields[11:15]))
        elif parent in postmasters:
            ticks += sum(map(int, fields[11:13]))
    return ticks / _TICK


def _worker(url: str, *arguments: str) -> AbstractContextManager[Callable[[str], str]]:
    command = ["-m", "benchmarks.node_worker", *arguments]
    return running_worker(command, HERE.parent, {"DATABASE_URL": url})
