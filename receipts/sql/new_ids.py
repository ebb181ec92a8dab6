"""New ids where tables are distributed: one sequence, whichever node is asked (Citus).

Ids of a conversation's messages grow in the order of arrival (rules 2 and 28). A worker's own
sequence would give them from a range of its own, or, if the column is an integer, none. So who
enters by a worker takes the coordinator's. What decides is a function, evaluated on the node that
the connection leads to: a process need not know which one that is, and it may be another one for
each connection.
"""

from __future__ import annotations

from functools import lru_cache

from django.db import connection

from receipts.sql.distributed import is_at_worker
from receipts.sql.run import fetch_rows

#: A table of the coordinator, with one row: what is read with it is evaluated there, in a session
#: that Citus keeps for further statements.
_AT_COORDINATOR = "receipts_coordinator"
_SEQUENCE = "pg_get_serial_sequence('chat_message', 'id')"
_BEHIND = f"""
    SELECT COALESCE(MAX(id), 0)
           > COALESCE(pg_sequence_last_value(CAST({_SEQUENCE} AS regclass)), 0)
      FROM chat_message"""
#: Let ids go on above those that are there: a worker gave them before there was the function, or
#: the coordinator was replaced by a standby that lagged.
GO_ON = f"""
SELECT setval({_SEQUENCE}, GREATEST(nextval({_SEQUENCE}), (SELECT MAX(id) FROM chat_message)))
""".strip()
#: In PL/pgSQL, which is not inlined: what is read with the table has to reach Citus as it is.
_STATEMENTS = (
    f"CREATE TABLE {_AT_COORDINATOR} (id integer PRIMARY KEY)",
    f"INSERT INTO {_AT_COORDINATOR} VALUES (1)",
    f"SELECT citus_add_local_table_to_metadata('{_AT_COORDINATOR}')",
    """CREATE FUNCTION seenby_own_id(relation text) RETURNS bigint LANGUAGE plpgsql AS $id$
BEGIN
    RETURN nextval(pg_get_serial_sequence(relation, 'id'));
END $id$""",
    f"""CREATE FUNCTION seenby_id(relation text) RETURNS bigint LANGUAGE plpgsql AS $id$
BEGIN
    IF (SELECT groupid FROM pg_catalog.pg_dist_local_group) = 0 THEN
        RETURN seenby_own_id(relation);
    END IF;
    RETURN (SELECT seenby_own_id(relation) FROM {_AT_COORDINATOR});
END $id$""",
)
_DEFINED = "SELECT to_regprocedure('seenby_id(text)') IS NOT NULL"


def new_id_statements() -> list[str]:
    """What creates the function on all nodes, or lets ids go on; empty if nothing is to be done.

    For ``distribute``, before or after messages are distributed.
    """
    created = [] if _asked(_DEFINED) else list(_STATEMENTS)
    return [*created, *([GO_ON] if _asked(_BEHIND) else [])]


def message_id_sql() -> str | None:
    """SQL: the id of a new message, where tables are distributed.

    None if ``distribute`` has not run yet since the upgrade: then the column's own default gives
    it, which is right at the coordinator alone.
    """
    name = str(connection.settings_dict["NAME"])
    return "seenby_id('chat_message')" if _is_defined(name) else None


def id_at_worker(table: str) -> int | None:
    """A new id for a table whose ids are integers, of which a worker has none; None elsewhere."""
    if not is_at_worker():
        return None
    ((new,),) = fetch_rows("SELECT seenby_id(%(table)s)", {"table": table})
    return int(new)


@lru_cache(maxsize=10)
def _is_defined(database: str) -> bool:
    """A process asks once, so it restarts after ``distribute``."""
    return _asked(_DEFINED)


def _asked(sql: str) -> bool:
    return bool(fetch_rows(sql)[0][0])
