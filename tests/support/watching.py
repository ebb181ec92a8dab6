"""Searches everything that is logged during the tests for secrets."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jwt
import pytest

from config.logs import JSONFormatter, TextFormatter

#: The characters of a secret; service keys and webhook secrets have a prefix.
_CANDIDATE = re.compile(r"[\w-]{16,}")
_PREFIXES = ("sk_", "whsec_", "tkt_")
_FORMATTERS = (JSONFormatter(), TextFormatter())


class Watch(logging.Handler):
    """Formats every record as in production, and keeps those that contain an issued secret."""

    def __init__(self) -> None:
        super().__init__()
        self.random: set[str] = set()
        self.chosen: set[str] = set()
        self.leaks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        for formatter in _FORMATTERS:
            text = formatter.format(record)
            if self.found_in(text):
                self.leaks.append(text)

    def found_in(self, text: str) -> set[str]:
        """The secrets that a text contains."""
        words = set(_CANDIDATE.findall(text))
        words |= {word.removeprefix(each) for word in words for each in _PREFIXES}
        return (words & self.random) | {each for each in self.chosen if each in text}

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Record every random secret, token and password that is created."""
        from django.contrib.auth.base_user import AbstractBaseUser
        from django.contrib.sessions.backends import base as sessions

        from receipts.models import webhook

        def note(value: str) -> None:
            self.random.add(value.rpartition(".")[2])  # of a token, its signature

        def note_password(_: Any, raw: Any) -> None:
            if isinstance(raw, str) and len(raw) >= 8:
                self.chosen.add(raw)

        with pytest.MonkeyPatch.context() as patch:
            _after(patch, secrets, "token_urlsafe", note)
            _after(patch, jwt, "encode", note)
            _after(patch, webhook, "new_secret", self.chosen.add)
            _after(patch, sessions, "get_random_string", note)
            _before(patch, AbstractBaseUser, "set_password", note_password)
            logging.getLogger().addHandler(self)
            yield
            logging.getLogger().removeHandler(self)


def _after(patch: pytest.MonkeyPatch, where: Any, name: str, note: Callable[[str], None]) -> None:
    """Also pass what a function returns to ``note``."""
    make: Callable[..., str] = getattr(where, name)

    def noted(*args: Any, **options: Any) -> str:
        made = make(*args, **options)
        note(made)
        return made

    patch.setattr(where, name, noted)


def _before(patch: pytest.MonkeyPatch, where: Any, name: str, note: Callable[..., None]) -> None:
    """Also pass a method's arguments to ``note``, first."""
    do = getattr(where, name)

    def noted(*args: Any, **options: Any) -> Any:
        note(*args)
        return do(*args, **options)

    patch.setattr(where, name, noted)
