"""Management commands as an operator calls them: what they say, and how they end."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection


def run(*command: str) -> list[str]:
    """What a command says on the standard output when it exits with 0."""
    out = io.StringIO()
    call_command(*command, stdout=out)
    return out.getvalue().splitlines()


def run_fails(*command: str, code: int) -> tuple[list[str], str]:
    """What a command says when it exits with ``code``, and its last words."""
    out = io.StringIO()
    with pytest.raises(CommandError) as error:
        call_command(*command, stdout=out)
    assert error.value.returncode == code
    return out.getvalue().splitlines(), str(error.value)


def run_refused(*command: str) -> str:
    """Why a command refuses an argument. Its parser exits with 2 when no test is calling."""
    with pytest.raises(CommandError) as error:
        call_command(*command)
    return str(error.value)


class Killed(BaseException):
    """Nothing may catch it."""


class Statements:
    """Counts statements, and at one of them ``error`` comes, such as a kill or a Ctrl-C."""

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
