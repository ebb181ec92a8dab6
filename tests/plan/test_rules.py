"""docs/rules.md, the code and the tests cite the same rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import ROOT

RULES = (ROOT / "docs" / "rules.md").read_text()

#: "rule 7", "Rules 2 and 13", "rules 4, 17, 18 and 21".
CITATION = re.compile(r"\brules? (\d+(?:(?:, and |, | and )\d+)*)\b", re.IGNORECASE)
HEADINGS = {int(number) for number in re.findall(r"^### Rule (\d+)\. ", RULES, re.MULTILINE)}
SECTIONS = re.split(r"^### Rule ", RULES, flags=re.MULTILINE)[1:]
SOURCES = [
    path
    for top in ("benchmarks", "chat", "config", "docs", "receipts", "tests")
    for path in sorted((ROOT / top).rglob("*"))
    if path.suffix in (".css", ".html", ".js", ".md", ".py") and "node_modules" not in path.parts
]


def cited(text: str) -> set[int]:
    """The numbers of all rules that a text cites."""
    return {
        int(number)
        for found in CITATION.finditer(text)
        for number in found[1].replace("and", ",").split(",")
        if number.strip()
    }


def test_every_rule_that_is_cited_is_in_the_contract() -> None:
    """In code, tests, documents, templates and scripts."""
    unknown = {
        str(path.relative_to(ROOT)): missing
        for path in SOURCES
        if (missing := cited(path.read_text()) - HEADINGS)
    }
    assert not unknown


@pytest.mark.parametrize("rule", sorted(HEADINGS))
def test_every_rule_is_named_by_a_test(rule: int) -> None:
    """A promise without a test is a wish."""
    tests = [path for path in SOURCES if path.name.startswith("test_") and path != Path(__file__)]
    assert any(rule in cited(path.read_text()) for path in tests)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.split(".")[0])
def test_a_rule_names_files_that_exist(section: str) -> None:
    """Where it is kept, and where it is tested."""
    assert "**Kept by**" in section
    assert "**Tested by**" in section
    paths = re.findall(r"`((?:chat|config|receipts|tests)/[\w/.]+)`", section)
    assert any(path.startswith("tests/") for path in paths)
    missing = [path for path in paths if not (ROOT / path).exists()]
    assert not missing


@pytest.mark.parametrize(
    "document", sorted((ROOT / "docs").glob("openapi*.yaml")), ids=lambda path: path.stem
)
def test_no_schema_cites_a_rule(document: Path) -> None:
    """Customers read the documents of the API without this repository."""
    assert not cited(document.read_text())


def test_no_text_refers_to_a_document_that_is_not_in_the_repository() -> None:
    """Anyone with a clone can read every cited document."""
    strange = re.compile(r"\b(DESIGN|ECOSYSTEM|STYLE|vendors|aesthetics) §|the proposal\b")
    wrong = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path != Path(__file__) and strange.search(path.read_text())
    ]
    assert not wrong
