"""Runs a state machine beside a model, whose tests own the clock."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.dealing import examples


def run_lives(machine: Any, monkeypatch: pytest.MonkeyPatch, *, count: int) -> None:
    """Try lives of 25 steps, the same ones each time; ``clock`` sets the time.

    ``count`` is how many one leg alone tries (``tests.support.dealing``).
    """
    machine.clock = staticmethod(
        lambda now: monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    )
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples(count),
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
