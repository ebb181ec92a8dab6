"""A mark of one message as a function, which Citus runs whole on the node of its rows.

Statement by statement the coordinator plans each of a mark's two statements and commits on two
nodes. Called by the conversation, a function is passed on as it is, and commits there. Its body is
the text of today's statements (``ledger.at_once``); its name contains a hash of it, so a process
never calls one of another version. ``distribute`` creates what is missing; until then marks go
statement by statement (docs/decisions/0028).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any, cast

import orjson
from django.db import connection

from chat.sql.prepared import fetch_prepared
from receipts.ledger.announcing import WRITTEN_COLUMNS
from receipts.models import ReceiptEvent
from receipts.sql.run import fetch_rows

#: A function's parameters, in order; the first one decides where it runs.
_PARAMETERS = {
    "lies_in": "bigint",
    "message": "bigint",
    "username": "text",
    "at": "timestamptz",
    "content": "text",
}
_TYPES = ", ".join(_PARAMETERS.values())
_CALL = ", ".join(f"CAST(%({name})s AS {kind})" for name, kind in _PARAMETERS.items())
#: What the conversation is called in the parts of the statement.
_CONVERSATION = ("lies_in", "conversation")
_PREFIX = "seenby_mark_"
_EVENT = [column.strip() for column in WRITTEN_COLUMNS.split(",")]

_FUNCTION = """
CREATE FUNCTION {name}({types}) RETURNS text LANGUAGE plpgsql AS $mark$
DECLARE
    seenby_marked record;
    seenby_event record;
BEGIN
    {statement} INTO seenby_marked;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    FOR seenby_event IN
        SELECT * FROM jsonb_to_recordset(CAST(seenby_marked.events AS jsonb)) AS event ({event})
    LOOP
        INSERT INTO receipts_receiptevent ({columns}) VALUES ({values});
    END LOOP;
    RETURN CAST(to_jsonb(seenby_marked) - 'events' AS text);
END $mark$"""
_DEFINED = f"SELECT CAST(proname AS text) FROM pg_proc WHERE starts_with(proname, '{_PREFIX}')"


def function_statements(statement: str, constants: Mapping[str, Any]) -> list[str]:
    """What creates the function of a statement on all nodes; empty if it is there."""
    name, body = _function(statement, tuple(constants.items()))
    if (name,) in fetch_rows(_DEFINED):
        return []
    created = _FUNCTION.format(
        name=name,
        types=_TYPES,
        statement=body,
        event=", ".join(f"{column} {kind}" for column, kind in _event_types().items()),
        columns=WRITTEN_COLUMNS,
        values=", ".join("$1" if c == "conversation_id" else f"seenby_event.{c}" for c in _EVENT),
    )
    distributed = (
        f"SELECT create_distributed_function('{name}({_TYPES})', '$1',"
        " colocate_with => 'chat_message')"
    )
    return [created.strip(), distributed]


def call_function(
    statement: str, params: Mapping[str, Any], constants: Mapping[str, Any]
) -> tuple[Mapping[str, Any] | None, bool]:
    """Call the function of a statement: its row by names, and whether there is such a function.

    Times in the row are texts.
    """
    name, _ = _function(statement, tuple(constants.items()))
    if name not in _defined(str(connection.settings_dict["NAME"])):
        return None, False
    values = {parameter: params.get(parameter) for parameter in _PARAMETERS}
    [(answer,)] = fetch_prepared(f"SELECT {name}({_CALL})", values)
    return None if answer is None else orjson.loads(answer), True


@lru_cache(maxsize=100)
def _function(statement: str, constants: tuple[tuple[str, Any], ...]) -> tuple[str, str]:
    """A statement's function: its name, and the statement with a function's own placeholders."""
    places = {name: f"${place}" for place, name in enumerate(_PARAMETERS, start=1)}
    places |= dict.fromkeys(_CONVERSATION, "$1")
    body = statement % (places | {name: str(int(value)) for name, value in constants})
    return _PREFIX + sha256(body.encode()).hexdigest()[:16], body


@lru_cache(maxsize=10)
def _defined(database: str) -> frozenset[str]:
    """The functions of a database; a process reads them once, so it restarts after others come."""
    return frozenset(name for (name,) in fetch_rows(_DEFINED))


def _event_types() -> dict[str, str]:
    fields = {field.column: field for field in ReceiptEvent._meta.concrete_fields}
    return {column: cast(str, fields[column].db_type(connection)) for column in _EVENT}
