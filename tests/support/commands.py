"""Management commands as an operator runs them: their output, and how they end."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection


def run(*command: str) -> list[str]:
    """The standard output of a command that exits with 0."""
    out = io.StringIO()
    call_command(*command, stdout=out)
    return out.getvalue().splitlines()


def run_fails(*command: str, code: int) -> tuple[list[str], str]:
    """The output of a command that exits with ``code``, and its last error message."""
    out = io.StringIO()
    with pytest.raises(CommandError) as error:
        call_command(*command, stdout=out)
    assert error.value.returncode == code
    return out.getvalue().splitlines(), str(error.value)


def run_refused(*command: str) -> str:
    """The error for a refused argument. The parser would exit with 2 outside tests."""
    with pytest.raises(CommandError) as error:
        call_command(*command)
    return str(error.value)


class Killed(BaseException):
    """Cannot be caught."""


class Statements:
    """Counts statements, and raises ``error`` at one of them, such as a kill or Ctrl-C."""

    def __init__(self, last: int = 0, error: type[BaseException] = Killed) -> None:
        self.count, self.last, self.error = 0, last, error

    def __call__(self, execute: Any, *call: Any) -> Any:
        self.count += 1
        if self.count == self.last:
            raise self.error
        return execute(*call)


def statements_of(*command: str) -> int:
    """How many statements a command takes."""
    counted = Statements()
    with connection.execute_wrapper(counted):
        run(*command)
    return counted.count
