"""Where settings come from: environment variables, files that ``…_FILE`` names, and ``.env``."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from dotenv import dotenv_values

#: Beginnings of names that only this service uses, save those that Kubernetes gives to services.
_OURS = (
    "BATCH_", "DB_", "EVENTS_", "JWT_", "METRICS_", "RECEIPTS_", "SERVER_", "THROTTLE_",
    "WEBHOOKS_",
)  # fmt: skip
_KUBERNETES = ("_SERVICE_HOST", "_SERVICE_PORT", "_PORT", "_TCP", "_UDP", "_ADDR", "_PROTO")
#: Shorter names resemble too many others. The ratio is that of ``difflib``: 0.9 is one letter of
#: eight.
_COMPARED_LENGTH, _ALIKE = 8, 0.9

_known: set[str] = set()


def load_dotenv_file(file: Path) -> None:
    """Add the variables of a file to the environment, which wins where it has them already.

    Not in tests, whose outcome would depend on it.
    """
    if "PYTEST_VERSION" in os.environ or not file.is_file():
        return
    try:
        found = dotenv_values(file, interpolate=False)
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"{file} cannot be read: {error}.") from error
    before = set(os.environ)
    for name, value in found.items():
        other = name.removesuffix("_FILE") if name.endswith("_FILE") else f"{name}_FILE"
        if value is not None and not before.intersection((name, other)):
            os.environ[name] = value


def variable(name: str) -> str | None:
    """A variable, or the content of the file that ``<name>_FILE`` names; None if neither is set."""
    _known.add(name)
    value, file = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if not file:
        return value
    if value:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set; set one of them.")
    try:
        return Path(file).read_text().rstrip("\r\n")
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"{name}_FILE: {file!r} cannot be read: {error}.") from error


def unknown_variables() -> list[str]:
    """A sentence for each variable that looks like one of ours and was not asked for.

    Call it when all settings have been read.
    """
    known = _known | {f"{name}_FILE" for name in _known}
    told = []
    for name in sorted(os.environ.keys() - known):
        alike = get_close_matches(name, known, 1, _ALIKE) if len(name) >= _COMPARED_LENGTH else []
        if alike:
            told.append(f"{name} is not a setting of Seenby; is it meant to be {alike[0]}?")
        elif name.startswith(_OURS) and not name.endswith(_KUBERNETES):
            told.append(f"{name} is not a setting of Seenby; docs/operating.md lists them all.")
    return told
