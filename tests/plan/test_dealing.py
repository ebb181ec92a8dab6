"""Tests that run on one leg only: named rightly, and none of them on neither."""

from __future__ import annotations

import pytest

from tests.support import ROOT, dealing


@pytest.mark.parametrize("path", dealing.DEALT_OUT)
def test_what_is_dealt_out_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_nothing_is_dealt_out_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A leg alone has all tests."""
    nodeid = f"{dealing.DEALT_OUT[0]}::test_anything"
    for dealt in (False, True):
        monkeypatch.setattr(dealing, "DEALT", dealt)
        assert dealing.is_dealt_out(nodeid) == dealt
        assert not dealing.is_dealt_out("tests/rules/test_marking.py::test_anything")
