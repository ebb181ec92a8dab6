"""What keeps tables from being distributed: found before anything is changed."""

from __future__ import annotations

from django.db import connection

from receipts.sql.catalog import constraints, references
from receipts.sql.distributed import HAS_CITUS
from receipts.sql.run import fetch_rows
from receipts.upkeep.distributing.tables import (
    BY_CONVERSATION,
    CONVERSATIONS,
    ON_EVERY_NODE,
    tables_of_project,
)


class NotDistributable(Exception):
    """The tables cannot be distributed here; the message states why, and what to do."""


#: Unique columns whose values are in the table of names of conversations instead.
NAMED = ("external_id", "pair")

_EXISTING = """
    SELECT CAST(relname AS text) FROM pg_class
     WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind IN ('r', 'p')"""
_NODES = """
    SELECT (SELECT groupid FROM pg_dist_local_group) = 0,
           EXISTS (SELECT FROM pg_dist_node WHERE groupid = 0),
           EXISTS (SELECT FROM pg_dist_node WHERE shouldhaveshards AND isactive)"""
_TRIGGERS = """
    SELECT CAST(tgname AS text), CAST(CAST(tgrelid AS regclass) AS text) FROM pg_trigger
     WHERE NOT tgisinternal AND tgrelid = ANY(CAST(CAST(%(tables)s AS text[]) AS regclass[]))
     ORDER BY 2, 1 LIMIT 1"""


def check_database() -> None:
    """Raise ``NotDistributable`` unless this is the coordinator of a cluster that has nodes."""
    if connection.vendor != "postgresql":
        raise NotDistributable(
            f"DATABASE_URL names {connection.display_name}; only PostgreSQL with Citus can"
            " distribute tables."
        )
    ((has_citus,),) = fetch_rows(HAS_CITUS)
    if not has_citus:
        raise NotDistributable(
            "The database has no extension citus; create it on every node, then add the nodes."
        )
    ((is_coordinator, is_listed, has_workers),) = fetch_rows(_NODES)
    if not is_coordinator:
        raise NotDistributable("This is a worker; DATABASE_URL has to name the coordinator.")
    if not is_listed:
        raise NotDistributable(
            "The coordinator has no address for the other nodes: run citus_set_coordinator_host()."
        )
    if not has_workers:
        raise NotDistributable("No node can store rows: add some with citus_add_node().")


def check_tables() -> None:
    """Raise ``NotDistributable`` if the schema is not that of the migrations, or others use it."""
    existing = {name for (name,) in fetch_rows(_EXISTING)}
    ours = [*ON_EVERY_NODE, *BY_CONVERSATION]
    if missing := [table for table in ours if table not in existing]:
        raise NotDistributable(f"There is no table {missing[0]}: run migrate first.")
    for key in references(ours):
        if key.table not in tables_of_project():
            raise NotDistributable(
                f"The table {key.table}, which is not of this project, refers to {key.refers_to}:"
                f" drop its foreign key {key.name} first."
            )
        if key.refers_to in BY_CONVERSATION and key.refers_to != CONVERSATIONS:
            raise NotDistributable(
                f"The foreign key {key.name} of {key.table} does not name the conversation."
            )
    for key in constraints(list(BY_CONVERSATION), "f"):
        if key.refers_to not in ours:
            raise NotDistributable(
                f"The foreign key {key.name} of {key.table} refers to {key.refers_to}, which is"
                " not distributed: drop it first."
            )
    for key in constraints(list(BY_CONVERSATION), "u"):
        is_named = key.table == CONVERSATIONS and key.columns[0] in NAMED
        if BY_CONVERSATION[key.table] not in key.columns and not is_named:
            raise NotDistributable(
                f"The unique constraint {key.name} of {key.table} does not name the conversation:"
                " drop it first."
            )
    for name, table in fetch_rows(_TRIGGERS, {"tables": ours}):
        raise NotDistributable(f"The table {table} has the trigger {name}: drop it first.")
