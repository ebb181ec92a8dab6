"""Ids of new messages where tables are distributed: one sequence, whichever node is asked (Citus).

Ids of a conversation grow in the order of arrival (rules 2 and 28). A worker's own sequence would
give them from a range of its own, so a send that enters there takes the coordinator's. What decides
is a function, evaluated on the node that the connection leads to: a process need not know which
one that is, and it may be another one for each connection.
"""

from __future__ import annotations

from functools import lru_cache

from django.db import connection

from receipts.sql.run import fetch_rows

#: A table of the coordinator, with one row: what is read with it is evaluated there, in a session
#: that Citus keeps for further statements.
_AT_COORDINATOR = "receipts_coordinator"
_FUNCTION = "seenby_message_id()"
_DRAWN = "seenby_drawn_message_id()"
_SEQUENCE = "pg_get_serial_sequence('chat_message', 'id')"

#: Workers may have given ids from their ranges before there was this function.
GO_ON = f"""
SELECT setval({_SEQUENCE}, GREATEST(nextval({_SEQUENCE}), (SELECT MAX(id) FROM chat_message)))
""".strip()
#: In PL/pgSQL, which is not inlined: PostgreSQL would look for the table before Citus does.
_STATEMENTS = (
    f"CREATE TABLE {_AT_COORDINATOR} (id integer PRIMARY KEY)",
    f"INSERT INTO {_AT_COORDINATOR} VALUES (1)",
    f"SELECT citus_add_local_table_to_metadata('{_AT_COORDINATOR}')",
    f"""CREATE FUNCTION {_DRAWN} RETURNS bigint LANGUAGE plpgsql AS $id$
BEGIN
    RETURN nextval({_SEQUENCE});
END $id$""",
    f"""CREATE FUNCTION {_FUNCTION} RETURNS bigint LANGUAGE plpgsql AS $id$
BEGIN
    IF (SELECT groupid FROM pg_catalog.pg_dist_local_group) = 0 THEN
        RETURN nextval({_SEQUENCE});
    END IF;
    RETURN (SELECT {_DRAWN} FROM {_AT_COORDINATOR});
END $id$""",
    GO_ON,
)
_DEFINED = f"SELECT to_regprocedure('{_FUNCTION}') IS NOT NULL"


def message_id_statements() -> list[str]:
    """What creates the function on all nodes; empty if it is there. For ``distribute``."""
    return [] if fetch_rows(_DEFINED)[0][0] else list(_STATEMENTS)


def message_id_sql() -> str | None:
    """SQL: the next id, where tables are distributed.

    None if ``distribute`` has not run yet since the upgrade: then the column's own default gives
    it, which is right at the coordinator alone.
    """
    return _FUNCTION if _is_defined(str(connection.settings_dict["NAME"])) else None


@lru_cache(maxsize=10)
def _is_defined(database: str) -> bool:
    """A process asks once, so it restarts after ``distribute``."""
    return bool(fetch_rows(_DEFINED)[0][0])
