"""The command line: `manage.py` in a checkout, `seenby` where the package is installed.

What an operator can mend is one line: a setting, or a database that is missing, away or not
migrated. `--traceback` shows where it came from.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from config.version import VERSION


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command. Ctrl-C exits with 130, also while all that is needed is still imported."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    given = list(arguments or sys.argv)
    if given[1:] in (["--version"], ["version"]):
        sys.stdout.write(f"seenby {VERSION}\n")
        return
    try:
        _run(given)
    except KeyboardInterrupt:  # before or after the work of a command, which says what it has done
        sys.exit(130)


def _run(given: list[str]) -> None:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import Error

    try:
        execute_from_command_line(given)
    except (Error, ImproperlyConfigured) as error:
        trouble = "" if "--traceback" in given else _trouble(error)
        if not trouble:
            raise
        sys.exit(trouble)


def _trouble(error: Exception) -> str:
    """What the operator has to mend; empty for a fault of ours."""
    from django.core.exceptions import ImproperlyConfigured
    from django.db import connection

    from config.redacting import redacted

    reason = redacted(" ".join(str(error).split()))
    if isinstance(error, ImproperlyConfigured):
        return reason
    # Only now can these be imported: the settings may have been what is wrong.
    from config.readiness import NOT_MIGRATED, trouble
    from receipts.api.outages import outage

    if (answer := outage(error)) is not None:
        return f"The database is {answer.default_code}: {reason}"
    connection.close()  # its transaction may have failed
    if trouble(connection) == NOT_MIGRATED:
        return "The database is not migrated: run the command `migrate` first."
    return ""
