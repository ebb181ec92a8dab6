"""The box: package, image, compose.yaml and systemd units name only what there is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands
from packaging.requirements import Requirement

from config.version import VERSION
from tests.support import ROOT

TOPS = ("chat", "config", "receipts")
SETTINGS = set(re.findall(r"^\| (`[A-Z_`, ]+`)", (ROOT / "docs/operating.md").read_text(), re.M))
VARIABLES = {name for cell in SETTINGS for name in re.findall(r"[A-Z_]+", cell)}
UNITS = ROOT / "deploy" / "systemd"


def files_of_the_service() -> set[str]:
    """All that the service reads: code, templates, static files, migrations."""
    found = (path for top in TOPS for path in (ROOT / top).rglob("*") if path.is_file())
    return {
        str(path.relative_to(ROOT))
        for path in found
        if path.suffix != ".pyc" and "__pycache__" not in path.parts
    }


EXTRAS = ("otel", "sentry")
#: What the package states: what the service runs on, and for each extra.
SETS = ("requirements", *(f"requirements-{extra}" for extra in EXTRAS))


def stated_in(name: str) -> set[Requirement]:
    lines = (ROOT / f"{name}.in").read_text().splitlines()
    return {Requirement(line) for line in lines if line and not line.startswith("#")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Built as `pip install .` builds it, from a copy: a build writes into its folder."""
    source = tmp_path_factory.mktemp("source")
    for top in TOPS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / top, source / top, ignore=ignored)
    for name in ("LICENSE", "README.md", "pyproject.toml", *(f"{each}.in" for each in SETS)):
        shutil.copy(ROOT / name, source)
    build = "from setuptools import build_meta; print(build_meta.build_wheel('.'))"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    [built] = source.glob("*.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_has_every_file_of_the_service(wheel: zipfile.ZipFile) -> None:
    """Templates, static files and migrations too; and nothing besides."""
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == files_of_the_service()


def test_the_wheel_takes_version_and_requirements_from_where_they_stand(
    wheel: zipfile.ZipFile,
) -> None:
    """config/version.py and the .in files; there is no second list."""
    text = wheel.read(f"seenby-{VERSION}.dist-info/METADATA").decode()
    needed = {Requirement(line) for line in re.findall(r"^Requires-Dist: (.*)$", text, re.M)}
    by_extra = {f'extra == "{extra}"': f"requirements-{extra}" for extra in EXTRAS}
    found: dict[str, set[Requirement]] = {name: set() for name in SETS}
    for each in needed:
        name = by_extra.get(str(each.marker), "requirements")
        if name != "requirements":
            each.marker = None
        found[name].add(each)
    assert found == {name: stated_in(name) for name in SETS}


def test_the_wheel_has_the_command(wheel: zipfile.ZipFile) -> None:
    points = wheel.read(f"seenby-{VERSION}.dist-info/entry_points.txt").decode()
    assert "seenby = config.command:main" in points


def test_an_installed_service_writes_where_it_is_started(
    wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    """DATA_DIR; never beside its code."""
    installed, here = tmp_path / "installed", tmp_path / "here"
    wheel.extractall(installed)
    here.mkdir()
    before = set(installed.rglob("*"))
    unset = ("DATA_DIR", "DATABASE_URL", "SECRET_KEY")
    env = {name: value for name, value in os.environ.items() if name not in unset}
    env |= {"PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1", "DEMO": "1"}
    called = "from config.command import main; main(['seenby', 'check'])"
    subprocess.run([sys.executable, "-c", called], cwd=here, env=env, check=True)
    assert set(installed.rglob("*")) == before
    assert [path.name for path in (here / "seenby-data").iterdir()] == ["secret_key"]


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return loaded


def commands_named(text: str) -> set[str]:
    """The commands in a shell's lines that call `seenby`."""
    return set(re.findall(r"\bseenby ([a-z_]+)", text))


def test_compose_names_only_what_there_is() -> None:
    """Commands, settings, files, and services that others wait for."""
    services = compose()["services"]
    for name, service in services.items():
        command = service.get("command", [])
        if "seenby" in service["image"]:
            called = commands_named(command[0]) if "entrypoint" in service else {command[0]}
            assert called <= set(get_commands()), name
            assert set(service.get("environment", {})) <= VARIABLES, name
        assert set(service.get("depends_on", {})) <= set(services), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in compose()["volumes"] or (ROOT / source).is_file(), source


def test_compose_has_no_secret() -> None:
    """They are made at the first start, in volumes."""
    for service in compose()["services"].values():
        for name, value in service.get("environment", {}).items():
            assert name.endswith("_FILE") or not re.search("SECRET|PASSWORD|KEY", name)
            assert not re.search(r"://[^/@]*:[^/@]*@", value)


def test_the_proxy_hides_the_probes() -> None:
    """SECURITY.md, what the proxy has to do."""
    assert re.search(r"@inside path .*/healthz/.*/readyz/", (ROOT / "deploy/Caddyfile").read_text())


def test_the_image_copies_what_is_there_and_runs_as_nobody_special() -> None:
    """And .dockerignore lets it through."""
    text = (ROOT / "Dockerfile").read_text()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.M):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists()
            assert f"!{source}" in ignored
    [variables] = re.findall(r"^ENV (.*?[^\\])$", text, re.M | re.S)
    names = set(re.findall(r"([A-Z_]+)=", variables))
    assert names - {"PATH", "PYTHONUNBUFFERED"} <= VARIABLES
    assert re.search(r"^USER \d+:\d+$", text, re.M)
    assert '--require-hashes -r "$REQUIREMENTS"' in text
    [default] = re.findall(r"^CMD \[\"(\w+)\"", text, re.M)
    assert default in get_commands()


@pytest.mark.parametrize("unit", sorted(UNITS.glob("*.service")), ids=lambda path: path.stem)
def test_a_unit_calls_a_command(unit: Path) -> None:
    [command] = re.findall(r"^ExecStart=/opt/seenby/bin/seenby (\w+)", unit.read_text(), re.M)
    assert command in get_commands()


def test_a_timer_has_its_service() -> None:
    for timer in UNITS.glob("*.timer"):
        assert timer.with_suffix(".service").exists()


def make(folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    """`make` as far as the runtime, where there is nothing but the Makefile."""
    shutil.copy(ROOT / "Makefile", folder)
    lock = folder / "requirements.txt"
    lock.touch()
    os.utime(lock, (0, 0))  # older than any mark of what has been installed
    command = ["make", ".venv/runtime", f"PYTHON={python}"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


def test_a_python_that_is_too_old_is_named_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """An environment of it would be found by the next call, and fail there."""
    old = tmp_path / "python3.6"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    ended = make(tmp_path, str(old))
    assert ended.returncode != 0
    assert ended.stdout == (
        f"Python 3.11 or later is required, and {old} is not; set PYTHON=... to its path.\n"
    )
    assert not (tmp_path / ".venv").exists()


def test_an_environment_that_does_not_work_is_made_anew(tmp_path: Path) -> None:
    """One that an older Python has left, or whose Python is gone, though it counts as installed."""
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(tmp_path / "gone")
    (tmp_path / ".venv" / "runtime").touch()
    ended = make(tmp_path, sys.executable)
    assert ended.returncode == 0, ended.stderr
    python = tmp_path / ".venv" / "bin" / "python"
    assert subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0
