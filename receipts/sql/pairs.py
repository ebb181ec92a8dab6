"""Any number of pairs of a user and a conversation as one relation of a statement."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from django.db import connection

#: The relation ``pair``: from arrays, or from a JSON text.
PAIRS = {
    "postgresql": "unnest(CAST(%(users)s AS bigint[]), CAST(%(conversations)s AS bigint[]))"
    " WITH ORDINALITY AS pair (user_id, conversation_id, place)",
    "sqlite": "(SELECT value ->> 0 AS user_id, value ->> 1 AS conversation_id"
    " FROM json_each(%(pairs)s)) AS pair",
}


def pair_params(pairs: Collection[tuple[int, int]]) -> dict[str, Any]:
    """The parameters of ``PAIRS``."""
    if connection.vendor == "sqlite":
        return {"pairs": json.dumps([*pairs])}
    return {
        "users": [user for user, _ in pairs],
        "conversations": [conversation for _, conversation in pairs],
    }
