"""Is the process alive; can it do its work."""

from __future__ import annotations

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

_migrated = False


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The database answers, and its schema is the one this code was written for."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _is_migrated():
            return JsonResponse({"status": "unavailable", "reason": "not migrated"}, status=503)
    except Error:
        return JsonResponse({"status": "unavailable", "reason": "no database"}, status=503)
    return JsonResponse({"status": "ok"})


def _is_migrated() -> bool:
    """Asked of the database until it is so: a schema does not un-migrate under a process."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated
