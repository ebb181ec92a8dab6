"""Shared by the commands that process all messages: arguments, exit codes and Ctrl-C."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandError

from chat.ids import whole_number
from chat.models import Conversation
from chat.names import reference_in
from receipts.reads.names import conversation_id_of

#: Exit codes other than 0, as documented in the commands' help.
TROUBLE, WRONG_ARGUMENT, STOPPED = 1, 2, 130

MOST_ROWS = 1_000_000


def number_argument(least: int, most: int) -> Callable[[str], int]:
    """An argument type: a whole number from ``least`` to ``most``, in plain digits."""

    def read(given: str) -> int:
        value = whole_number(given, most)
        if value is None or value < least:
            raise ArgumentTypeError(f"must be a whole number from {least} to {most}")
        return value

    return read


def moment(given: str) -> datetime:
    """An argument type: an ISO 8601 date or time, in UTC unless it has another offset."""
    try:
        value = datetime.fromisoformat(given)
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ArgumentTypeError(
            "must be a date or a time, for example 2026-11-21 or 2026-11-21T09:30:00Z"
        ) from None


def add_batch_size(parser: ArgumentParser, default: int, about: str) -> None:
    """``--batch-size``."""
    parser.add_argument(
        "--batch-size",
        type=number_argument(1, MOST_ROWS),
        default=default,
        metavar="N",
        help=f"{about} Default: {default}.",
    )


def reference(given: str) -> int | str:
    """An argument type: an id, or ``ext:`` and an ``external_id``."""
    found = reference_in(given)
    if found is None:
        raise ArgumentTypeError("must be an id, or ext: and an external_id")
    return found


def add_conversation(parser: ArgumentParser) -> None:
    """``--conversation``, validated by ``check_conversation``."""
    parser.add_argument(
        "--conversation",
        type=reference,
        metavar="ID",
        help="Only this conversation: its id, or ext: and its external_id.",
    )


def check_conversation(options: dict[str, Any]) -> int | None:
    """The id of the given conversation, or None. Raises ``CommandError`` if it does not exist."""
    given: int | str | None = options["conversation"]
    if given is None:
        return None
    pk = conversation_id_of(given)
    if not Conversation.objects.filter(pk=pk).exists():
        raise CommandError(
            f"--conversation: there is no conversation {given!r}.", returncode=WRONG_ARGUMENT
        )
    return pk


@contextmanager
def summed_up(sum_up: Callable[[bool], None]) -> Iterator[None]:
    """Call ``sum_up(stopped)`` at the end, also after Ctrl-C, which exits with ``STOPPED``."""
    try:
        yield
    except BaseException as error:
        if not _is_interrupted(error):
            raise
        sum_up(True)
        raise CommandError("stopped; run it again to continue", returncode=STOPPED) from None
    sum_up(False)


def _is_interrupted(error: BaseException | None) -> bool:
    """Whether Ctrl-C caused it: also where cleaning up failed, since a statement was cut off."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None
