"""The statements that distribute the tables, for those that are not distributed yet."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from chat.models import ConversationName
from receipts.sql.catalog import constraints, key_statements, sequence_statements
from receipts.sql.new_ids import new_id_statements
from receipts.sql.nodes import node_statements
from receipts.sql.run import fetch_rows
from receipts.upkeep.distributing.tables import (
    BY_CONVERSATION,
    CONVERSATIONS,
    ON_EVERY_NODE,
    tables_of_coordinator,
)

#: Reference tables are written, and rows of several conversations read, in one transaction: that
#: takes one connection for each node.
_SEQUENTIAL = "citus.multi_shard_modify_mode TO 'sequential'"
#: All that the other nodes know of.
_KNOWN = "SELECT CAST(CAST(logicalrelid AS regclass) AS text) FROM pg_dist_partition"
#: Distributed tables, and those on every node. Citus itself places those that refer to the latter.
_PLACED = """
    SELECT CAST(CAST(logicalrelid AS regclass) AS text) FROM pg_dist_partition
     WHERE partmethod = 'h' OR (partmethod = 'n' AND repmodel = 't')"""
#: A table of the coordinator, with those that its foreign keys tie to it; again, it does nothing.
_KNOW = "SELECT citus_add_local_table_to_metadata('{}', cascade_via_foreign_keys => true)"

_COPY_NAMES = f"""
INSERT INTO {ConversationName._meta.db_table} (name, conversation_id)
SELECT 'ext:' || external_id, id FROM {CONVERSATIONS} WHERE external_id IS NOT NULL
 UNION ALL
SELECT 'pair:' || pair, id FROM {CONVERSATIONS} WHERE pair IS NOT NULL""".strip()


def statements() -> list[str]:
    """What is left to do, in its order; an empty list if all is distributed."""
    placed = {table for (table,) in fetch_rows(_PLACED)}
    known = {table for (table,) in fetch_rows(_KNOWN)}
    everywhere = [table for table in ON_EVERY_NODE if table not in placed]
    distributed = [table for table in BY_CONVERSATION if table not in placed]
    unknown = [table for table in tables_of_coordinator() if table not in known]
    tables = [*_statements(everywhere, distributed)] if everywhere or distributed else []
    # Citus has placed what refers to users anew, and what other nodes shall know of, and begins the
    # ids of these tables from 1.
    anew = [*ON_EVERY_NODE, *tables_of_coordinator()] if tables else unknown
    return [
        *tables,
        *(_KNOW.format(table) for table in unknown),
        *sequence_statements(anew),
        *node_statements(),
        *new_id_statements(),
    ]


def _statements(everywhere: list[str], distributed: list[str]) -> Iterator[str]:
    yield f"SET LOCAL {_SEQUENTIAL}"
    # Otherwise Citus would give the tables that refer to a reference table a place of its choice.
    foreign_keys = constraints(distributed, "f") if distributed else []
    yield from (key.drop() for key in foreign_keys)
    if CONVERSATIONS in distributed:
        yield _COPY_NAMES
    for table in everywhere:
        yield f"SELECT create_reference_table('{table}')"
    for table in distributed:
        yield from _keys(table, BY_CONVERSATION[table])
        with_ = "none" if table == CONVERSATIONS else CONVERSATIONS
        yield (
            f"SELECT create_distributed_table('{table}', '{BY_CONVERSATION[table]}',"
            f" colocate_with => '{with_}')"
        )
    yield from (key.add() for key in foreign_keys)
    for table in distributed:
        yield f"SELECT truncate_local_data_after_distributing_table('{table}')"
    name = connection.ops.quote_name(str(connection.settings_dict["NAME"]))
    yield f"ALTER DATABASE {name} SET {_SEQUENTIAL}"


def _keys(table: str, conversation: str) -> Iterator[str]:
    """Each unique key of the table contains its conversation; what else was unique has an index."""
    for key in constraints([table], "pu"):
        if conversation in key.columns:
            continue
        yield key.drop()
        if key.definition.startswith("PRIMARY KEY"):
            yield from key_statements(table, conversation, *key.columns)
        else:
            yield f"CREATE INDEX ON {table} ({', '.join(key.columns)})"
