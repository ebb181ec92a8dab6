"""Migrations back and forth."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrate(targets: Any) -> Any:
    """Migrate to these, and return the models as they are there."""
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


def migrate_all() -> None:
    migrate(MigrationExecutor(connection).loader.graph.leaf_nodes())
