"""The functions of marks: one for each kind of mark that others may know of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from receipts.ledger.at_once import own_statement
from receipts.ledger.delegating import function_statements
from receipts.ledger.marks import Mark
from receipts.reads.selectors import own_row_in_conversation_sql


def mark_functions() -> list[str]:
    """What creates the functions that are missing; the tables must be distributed."""
    sql, constants = own_row_in_conversation_sql()
    return [
        statement
        for mark in _kinds()
        for statement in function_statements(own_statement(mark, sql, in_one=True), constants)
    ]


def _kinds() -> Iterator[Mark]:
    at = timezone.now()
    for backdated in (False, True):
        yield Mark(at=at, backdated=backdated)
        for explicit in (False, True):
            for content in (None, ""):
                how: dict[str, Any] = {"backdated": backdated, "explicit": explicit, "read": True}
                yield Mark(at=at, content=content, **how)
