"""The client as it is built: in step with its sources, small, and right by its own tests."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import ROOT

CLIENT = ROOT / "clients" / "js"
SERVED = ROOT / "receipts" / "static" / "seenby"
BUILT = ("seenby.js", "seenby-ticks.js")
#: Bytes of the client, compressed.
MOST_BYTES = 8_000


def run(*command: str) -> None:
    program = shutil.which(command[0])
    assert program, "Install Node.js 18 or later: https://nodejs.org/"
    done = subprocess.run([program, *command[1:]], cwd=CLIENT, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_the_built_files_are_in_step_with_their_sources(tmp_path: Path) -> None:
    """They are kept in the repository, so that nothing else needs Node."""
    run("node", "build.mjs", str(tmp_path))
    for name in BUILT:
        same = (tmp_path / name).read_bytes() == (SERVED / name).read_bytes()
        assert same, f"receipts/static/seenby/{name} is old: make client-js"


def test_the_types_fit_the_api() -> None:
    """Made from docs/openapi.yaml; the compiler checks all calls against them."""
    run("npm", "run", "--silent", "types")
    run("npm", "run", "--silent", "check")


def test_the_client_is_right_by_its_own_tests() -> None:
    run("npm", "test", "--silent")


@pytest.mark.parametrize("name", BUILT)
def test_a_page_loads_little(name: str) -> None:
    size = len(gzip.compress((SERVED / name).read_bytes(), 9))
    assert size <= MOST_BYTES, f"{name}: {size} bytes compressed"
