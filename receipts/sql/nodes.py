"""What tells the nodes of a cluster apart, where tables are distributed (Citus).

A node is known by the id of its group in Citus, which outlives changes of its address and a
failover, and is never given to another node. Without Citus there is one node, with the id 0.
"""

from __future__ import annotations

from django.db import connection

from receipts.sql.distributed import is_distributed
from receipts.sql.run import fetch_rows

#: Returns the id of the node that runs it. Citus evaluates a function where the rows lie that the
#: statement reads; a sub-select on the same catalog would be evaluated on the coordinator.
_NODE_FUNCTION = """
    CREATE OR REPLACE FUNCTION seenby_node() RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE
        AS 'SELECT groupid FROM pg_catalog.pg_dist_local_group'"""
#: One row for each shard, to read something on each node. Events of no conversation are written
#: beside row 0.
BEACONS = "receipts_beacon"
_SHARD_OF = f"get_shard_id_for_distribution_column('{BEACONS}', {{0}})"
_SHARDS = f"SELECT COUNT(*) FROM pg_dist_shard WHERE logicalrelid = CAST('{BEACONS}' AS regclass)"
#: Of this many numbers for each shard, at least one is in it.
_NUMBERS_PER_SHARD = 100
_FILL = f"""
INSERT INTO {BEACONS}
SELECT DISTINCT ON ({_SHARD_OF.format("place")}) place
  FROM generate_series(0, {_NUMBERS_PER_SHARD} * ({_SHARDS})) AS place
 ORDER BY {_SHARD_OF.format("place")}, place
    ON CONFLICT DO NOTHING""".strip()
#: Of numbers, not of the table: a worker may not know yet that a shard was split.
_FILLED = f"""
    SELECT COUNT(DISTINCT {_SHARD_OF.format("place")})
      FROM unnest(CAST(%(places)s AS bigint[])) AS place"""


def node_sql() -> str:
    """SQL: the node on which a statement reads its rows, or on one node a constant."""
    return "seenby_node()" if is_distributed() else "0"


def node_statements() -> list[str]:
    """What creates, on all nodes, what ``node_sql`` and the feed need; empty if it is there.

    For ``distribute``, after the other tables, and again after a shard was split.
    """
    if not fetch_rows(f"SELECT to_regclass('{BEACONS}') IS NOT NULL")[0][0]:
        return [
            _NODE_FUNCTION.strip(),
            f"CREATE TABLE {BEACONS} (conversation_id bigint PRIMARY KEY)",
            f"SELECT create_distributed_table('{BEACONS}', 'conversation_id',"
            " colocate_with => 'receipts_receiptevent')",
            _FILL,
        ]
    places = [place for (place,) in fetch_rows(f"SELECT conversation_id FROM {BEACONS}")]
    return [] if fetch_rows(_FILLED, {"places": places}) == fetch_rows(_SHARDS) else [_FILL]


def nodes_with_shards() -> set[int]:
    """The nodes on which events may be written now; without Citus none has shards."""
    if connection.vendor != "postgresql" or not is_distributed():
        return set()
    return {node for (node,) in fetch_rows(_HOLDERS)}


_HOLDERS = """
    SELECT DISTINCT placement.groupid FROM pg_dist_placement AS placement
      JOIN pg_dist_shard AS shard ON shard.shardid = placement.shardid
     WHERE shard.logicalrelid = CAST('receipts_receiptevent' AS regclass)"""
