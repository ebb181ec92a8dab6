"""The plan of docs/architecture.md: which folder may import which, checked over all modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

from tests.support import ROOT

#: From the top down. A folder imports from those below it; folders of one line do not import each
#: other.
PLAN = (
    ("config",),
    ("receipts.management", "receipts.templatetags"),
    ("receipts.admin", "receipts.gateways", "receipts.demo"),
    ("receipts.api",),
    ("receipts.webhooks",),
    ("receipts.feed",),
    ("receipts.services", "receipts.importing"),
    ("receipts.upkeep",),
    ("receipts.ledger", "receipts.reads"),
    ("receipts.rules", "receipts.sql"),
    ("receipts.models",),
    ("chat", "receipts.metrics"),
)
#: Not a layer: what Django loads by itself.
APART = ("receipts.apps", "receipts.formats", "receipts.migrations", "chat.migrations")
#: Reasons for an import against the plan. None today.
ALLOWED: set[tuple[str, str]] = set()

LEVELS = {folder: level for level, folders in enumerate(PLAN) for folder in folders}


def modules() -> dict[str, Path]:
    """All modules of the service by their dotted names."""
    found = {}
    for top in ("chat", "config", "receipts"):
        for path in (ROOT / top).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def folder_of(module: str) -> str | None:
    """The folder of the plan that a module is in; None for what stands apart."""
    if module == "receipts" or module.startswith(APART):
        return None
    return next((name for name in LEVELS if f"{module}.".startswith(f"{name}.")), module)


def imports_of(module: str) -> Iterator[str]:
    """The modules of the service that a module imports, inside functions too."""
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else node.module for name in names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


IMPORTS = {module: {name for name in imports_of(module) if name in MODULES} for module in MODULES}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_imports_from_its_own_folder_or_from_below(module: str) -> None:
    """docs/architecture.md: imports run one way."""
    folder = folder_of(module)
    if folder is None:
        return
    assert folder in LEVELS, f"{module} is in no folder of the plan"
    below = {name for name, level in LEVELS.items() if level > LEVELS[folder]} | {folder, None}
    wrong = {
        name
        for name in IMPORTS[module]
        if folder_of(name) not in below and (module, name) not in ALLOWED
    }
    assert not wrong, f"{module} may not import {wrong}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Packages count through their modules; a package's own __init__ re-exports what is in it."""
    graph = {
        module: {name for name in names if not f"{module}.".startswith(f"{name}.")}
        for module, names in IMPORTS.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"A circle of imports: {' -> '.join(error.args[1])}")


def test_every_folder_of_the_plan_exists_and_says_what_it_is_for() -> None:
    """A folder's docstring is the sentence that docs/architecture.md repeats."""
    plan = (ROOT / "docs" / "architecture.md").read_text()
    for folder in LEVELS:
        assert folder in MODULES, f"{folder} is in the plan and not in the tree"
        assert f"`{folder.replace('.', '/')}/`" in plan, f"{folder} is not in docs/architecture.md"


#: Names that frameworks, or the sockets' door, look up in several modules.
LOOKED_UP = {"VENDOR", "application", "logger", "register", "urlpatterns"}


def public_names(module: str) -> set[str]:
    """What a module defines at its top level."""
    names: set[str] = set()
    for node in ast.parse(MODULES[module].read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return {name for name in names if not name.startswith("_")} - LOOKED_UP


def test_a_public_name_is_defined_once() -> None:
    """One name, one thing: a search for it finds one definition."""
    homes: dict[str, list[str]] = {}
    for module in sorted(MODULES):
        if ".commands." in module or ".migrations." in module:
            continue
        for name in public_names(module):
            homes.setdefault(name, []).append(module)
    assert {name: modules for name, modules in homes.items() if len(modules) > 1} == {}


def test_no_module_is_too_long() -> None:
    """At most 250 lines each."""
    too_long = {
        module: lines
        for module, path in MODULES.items()
        if ".migrations." not in module and (lines := len(path.read_text().splitlines())) > 250
    }
    assert too_long == {}


def test_no_test_module_imports_another() -> None:
    """Tests share what is in tests/support/, and benchmarks use nothing else of tests/."""
    wrong = {
        (str(path.relative_to(ROOT)), name)
        for top in ("tests", "benchmarks")
        for path in (ROOT / top).rglob("*.py")
        for name in imported_names(path)
        if is_test_module(name) or (top == "benchmarks" and is_outside_support(name))
    }
    assert wrong == set()


def imported_names(path: Path) -> Iterator[str]:
    """All modules that a file imports and all names from them, inside functions too."""
    package = ".".join(path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), package)
            yield from (origin, *(f"{origin}.{alias.name}" for alias in node.names))


def is_test_module(name: str) -> bool:
    """Whether a dotted name is a test module's, rather than that of something in one."""
    path = ROOT.joinpath(*name.split("."))
    return path.name.startswith("test_") and path.with_name(f"{path.name}.py").is_file()


def is_outside_support(name: str) -> bool:
    """Whether a dotted name is in tests/ and not in tests/support/."""
    return name.startswith("tests.") and not f"{name}.".startswith("tests.support.")
