"""Distributing the tables: everything in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable

from django.db import DatabaseError, connection, transaction

from receipts.sql.distributed import forget_what_was_found
from receipts.upkeep.distributing.checks import NotDistributable, check_database, check_tables
from receipts.upkeep.distributing.statements import statements


def distribute(say: Callable[[str], object], *, dry_run: bool = False) -> int:
    """Distribute what is not distributed yet; return how many statements that took, or would take.

    ``say`` is given each statement before it runs. With ``dry_run`` none runs. Raises
    ``NotDistributable`` with nothing changed.
    """
    check_database()
    check_tables()
    todo = statements()
    if dry_run:
        for statement in todo:
            say(f"{statement};")
        return len(todo)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in todo:
                say(f"{statement};")
                cursor.execute(statement)
    except DatabaseError as error:
        (reason, *_) = str(error).splitlines()
        raise NotDistributable(f"Nothing was changed: {reason}") from error
    finally:
        forget_what_was_found()
    return len(todo)
