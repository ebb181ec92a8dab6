"""Statements over participants, each conversation by itself where rows are distributed.

A node plans sub-selects with limits, unions or functions only if they all lie in one place, so the
conversation is then a constant for every table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from receipts.sql.distributed import is_distributed
from receipts.sql.run import among_ids, execute, fetch_rows, id_list

_PARTICIPANTS = "SELECT DISTINCT conversation_id FROM chat_conversationparticipant AS participant"
#: SQL condition: the participant is in that conversation.
_IN_ONE = "participant.conversation_id = %(in_one)s"


def constant_sql(sql: str) -> str:
    """A part of a stamp with the constant ``lies_in`` in place of the conversation of ``status``.

    A node does not infer it in a sub-select from an outer query.
    """
    return sql.replace("= status.conversation_id", "= %(lies_in)s")


def conversations_sql(changed: str) -> str:
    """SELECT: the conversations of the rows that a stamp would change, in the order of locks."""
    return f"SELECT DISTINCT conversation_id FROM ({changed}) AS changed ORDER BY conversation_id"


def in_one(sql: str, *relations: str) -> str:
    """The statement with the constant ``in_one`` in place of the conversation of ``relations``."""
    for relation in ("participant", *relations):
        sql = sql.replace(f"= {relation}.conversation_id", "= %(in_one)s")
    return sql


def execute_in_each(
    sql: str, ids: Iterable[int], params: Mapping[str, object] | None = None, *relations: str
) -> None:
    """Run a statement over the participants with these ids, for which it says ``{those}``."""
    for statement, values in _listed(sql, ids, params or {}, relations):
        execute(statement, values)


def fetch_in_each(sql: str, ids: Iterable[int], *relations: str) -> list[tuple[Any, ...]]:
    """The rows of a SELECT over the participants with these ids."""
    found = _listed(sql, ids, {}, relations)
    return [row for statement, values in found for row in fetch_rows(statement, values)]


def execute_of_user(sql: str, user_id: int, *relations: str) -> None:
    """Run a statement over all participations of a user, for which it says ``{those}``."""
    those = "participant.user_id = %(user)s"
    for statement, values in _each(sql, those, {"user": user_id}, relations):
        execute(statement, values)


def _listed(
    sql: str, ids: Iterable[int], params: Mapping[str, object], relations: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, object]]]:
    listed = list(ids)
    if listed:
        values = {**params, "ids": id_list(listed)}
        yield from _each(sql, among_ids("participant.id"), values, relations)


def _each(
    sql: str, those: str, params: Mapping[str, object], relations: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, object]]]:
    if not is_distributed():
        yield sql.replace("{those}", those), {**params}
        return
    statement = in_one(sql, *relations).replace("{those}", f"{those} AND {_IN_ONE}")
    for (conversation,) in fetch_rows(f"{_PARTICIPANTS} WHERE {those} ORDER BY 1", params):
        yield statement, {**params, "in_one": conversation}
