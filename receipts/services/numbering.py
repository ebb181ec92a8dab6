"""Numbers of a conversation's messages, by arrival, for clients that count them (rule 28).

Ids grow in commit order within a conversation, and messages go only with all of it. So when a
message is visible, all that arrived before it are, and its number follows from what is stored: who
asks at the same moment writes the same numbers, and nobody has to wait for a lock of the
conversation (docs/decisions/0022).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction

from receipts.services.bounded import time_budget
from receipts.sql.distributed import is_distributed
from receipts.sql.run import among_ids, execute, fetch_rows, id_list

#: Messages of each conversation that one statement numbers: on a thread of requests, and for the
#: live feed, which has one thread for everybody.
MOST_NUMBERED, MOST_NUMBERED_LIVE = 100_000, 10_000

#: The last number of each conversation. The lock keeps the conversation's row, and with it the
#: numbers, from being removed in between; neither sends nor marks wait for it.
_LAST = """
    SELECT conversation.id, COALESCE(last.message_id, 0), COALESCE(last.number, 0)
      FROM chat_conversation AS conversation
      LEFT JOIN chat_messagenumber AS last ON last.conversation_id = conversation.id
       AND last.number = (SELECT MAX(number) FROM chat_messagenumber
                           WHERE conversation_id = conversation.id)
     WHERE {those} AND conversation.deleted_at IS NULL
     ORDER BY conversation.id{lock}"""
#: On several nodes a lock needs one conversation, as a constant.
_LAST_OF = "conversation.deleted_at IS NULL"
_LAST_OF_ONE = f"{_LAST_OF} AND conversation.id = %(one)s"
_LOCK = {"postgresql": " FOR KEY SHARE OF conversation", "sqlite": ""}

#: That as a relation: from arrays, or from a JSON text.
_FROM_LAST = {
    "postgresql": "unnest(CAST(%(ids)s AS bigint[]), CAST(%(messages)s AS bigint[]),"
    " CAST(%(numbers)s AS bigint[])) WITH ORDINALITY"
    " AS last (conversation_id, message_id, number, place)",
    "sqlite": "(SELECT value ->> 0 AS conversation_id, value ->> 1 AS message_id,"
    " value ->> 2 AS number FROM json_each(%(last)s)) AS last",
}
#: Numbers the next messages of each. ``least`` is not needed for the result: by it PostgreSQL looks
#: at the newest messages only, where that is less work than looking at all of a conversation.
_NUMBER = """
    INSERT INTO chat_messagenumber (message_id, conversation_id, number)
    SELECT next.id, next.conversation_id, next.last_number + next.place FROM (
           SELECT message.id, message.conversation_id, last.number AS last_number,
                  ROW_NUMBER() OVER (PARTITION BY message.conversation_id ORDER BY message.id)
                  AS place
             FROM chat_message AS message
             JOIN {last} ON last.conversation_id = message.conversation_id
            WHERE {those} AND message.id > %(least)s AND message.id > last.message_id) AS next
     WHERE next.place <= %(most)s
     ORDER BY next.conversation_id, next.place
        ON CONFLICT DO NOTHING"""


def number_some(conversation_ids: Iterable[int], most: int = MOST_NUMBERED) -> bool:
    """Number the next ``most`` messages of each conversation that have no number yet.

    In two statements; on several nodes for each conversation. Returns whether there may be more.
    """
    ids = sorted(set(conversation_ids))
    if not is_distributed():
        return _number(ids, most)
    return sum(_number([pk], most) for pk in ids) > 0


@transaction.atomic
def _number(conversation_ids: list[int], most: int) -> bool:
    vendor = connection.vendor
    asked: dict[str, Any] = {"ids": id_list(conversation_ids)}
    sql = _LAST.format(those=among_ids("conversation.id"), lock=_LOCK[vendor])
    if is_distributed():
        asked["one"] = conversation_ids[0]
        sql = sql.replace("= conversation.id", "= %(one)s").replace(_LAST_OF, _LAST_OF_ONE)
    last = fetch_rows(sql, asked)
    if not last:
        return False
    ids, messages, numbers = map(list, zip(*last, strict=True))
    params: dict[str, Any] = {"ids": id_list(ids), "least": min(messages), "most": most}
    if vendor == "postgresql":
        params |= {"messages": messages, "numbers": numbers}
    else:
        params["last"] = json.dumps(last)
    sql = _NUMBER.format(last=_FROM_LAST[vendor], those=among_ids("message.conversation_id"))
    return execute(sql, params) >= most


def number_messages(conversation_ids: Iterable[int]) -> bool:
    """Number all messages of these conversations, in batches (rule 8); whether it is complete.

    What is numbered stays numbered, and repeating the call finishes.
    """
    ids = list(conversation_ids)
    is_time_left = time_budget()
    while number_some(ids):
        if not is_time_left():
            return False
    return True
