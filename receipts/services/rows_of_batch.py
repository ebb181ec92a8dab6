"""The rows of a batch as a relation: each with its mark's time, its text, and who gave the time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection

from receipts.sql.run import adapt

#: A JOIN of each row with its mark.
SOURCE = {
    "postgresql": """JOIN unnest(CAST(%(rows)s AS bigint[]), CAST(%(times)s AS timestamptz[]),
                 CAST(%(contents)s AS text[]), CAST(%(given)s AS boolean[]))
              AS mark (row_id, at, content, given)
            ON mark.row_id = status.id""",
    "sqlite": """JOIN (SELECT value ->> 0 AS row_id, value ->> 1 AS at, value ->> 2 AS content,
                            value ->> 3 AS given
                     FROM json_each(%(marks)s)) AS mark ON mark.row_id = status.id""",
}


def mark_params(rows: Iterable[tuple[int, datetime, str | None, bool]]) -> dict[str, Any]:
    """The parameters of ``SOURCE``: of each row its id, time and text, and if it was given."""
    ids, times, contents, given = zip(*rows, strict=True)
    if connection.vendor == "sqlite":
        marks = zip(ids, map(adapt, times), contents, given, strict=True)
        return {"marks": json.dumps(list(marks))}
    return {
        "rows": list(ids),
        "times": list(times),
        "contents": list(contents),
        "given": list(given),
    }
