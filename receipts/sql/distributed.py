"""Whether the tables lie on several nodes: Citus, after ``manage.py distribute``."""

from __future__ import annotations

from django.db import connection

from receipts.sql.run import fetch_rows

#: By the name of the database. A process reads it once, so it restarts after ``distribute``.
_found: dict[str, bool] = {}

_HAS_CITUS = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')"
_IS_DISTRIBUTED = """
    SELECT EXISTS (SELECT FROM pg_dist_partition
                    WHERE logicalrelid = CAST('chat_message' AS regclass) AND partmethod = 'h')"""


def is_distributed() -> bool:
    """Whether messages, their rows and their events are distributed by conversation."""
    if connection.vendor != "postgresql":
        return False
    name = str(connection.settings_dict["NAME"])
    if name not in _found:
        ((has_citus,),) = fetch_rows(_HAS_CITUS)
        _found[name] = bool(has_citus and fetch_rows(_IS_DISTRIBUTED)[0][0])
    return _found[name]
