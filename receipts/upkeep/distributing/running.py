"""Distributing the tables: everything in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable

from django.db import DatabaseError, connection, transaction

from receipts.sql.distributed import forget_what_was_found, is_distributed
from receipts.upkeep.distributing.checks import NotDistributable, check_database, check_tables
from receipts.upkeep.distributing.functions import mark_functions
from receipts.upkeep.distributing.statements import statements

#: They are made from the statements of marks, which depend on where the tables lie.
_FUNCTIONS_LATER = "-- And the functions of marks, when the tables are distributed"


def distribute(say: Callable[[str], object], *, dry_run: bool = False) -> int:
    """Distribute what is not distributed yet; return how many statements that took, or would take.

    ``say`` is given each statement before it runs. With ``dry_run`` none runs. Raises
    ``NotDistributable`` with nothing changed.
    """
    check_database()
    check_tables()
    todo = statements()
    if dry_run:
        todo += mark_functions() if is_distributed() else [_FUNCTIONS_LATER]
        for statement in todo:
            say(f"{statement};")
        return len(todo)
    try:
        with transaction.atomic():
            _run(todo, say)
            # Their text is that of statements over distributed tables.
            forget_what_was_found()
            functions = mark_functions()
            _run(functions, say)
    except DatabaseError as error:
        (reason, *_) = str(error).splitlines()
        raise NotDistributable(f"Nothing was changed: {reason}") from error
    finally:
        forget_what_was_found()
    return len(todo) + len(functions)


def _run(todo: list[str], say: Callable[[str], object]) -> None:
    with connection.cursor() as cursor:
        for statement in todo:
            say(f"{statement};")
            cursor.execute(statement)
