"""The counts of messages that are tracked by position, computed from positions (rule 16).

Reads of a message are the positions at or after it. Those are counted where they are fewer: the
ones at or after it, or the ones before it, of whom the rest is the complement. What is special is
corrected: who joined later, the sender, who is gone, and whose reads or deliveries there are
private. Every part names the conversation, and is found by an index of its own.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar, cast

from chat.ids import MAX_ID
from chat.models import Tracking
from receipts.models import StretchKind
from receipts.rules.rows import MessageRow
from receipts.rules.status import overall_status_of
from receipts.sql.run import among_ids, fetch_rows, id_list

CountedRow = TypeVar("CountedRow", bound=MessageRow)

_STAYS = "FROM receipts_memberposition AS stay WHERE stay.conversation_id = %(conversation)s"
#: Those who joined later have read, or received, something later, or nothing.
_LATER = f"SELECT COUNT(*) {_STAYS} AND stay.since > 0 AND stay.since >= {{message}}"
_HIGH = f"SELECT COUNT(*) {_STAYS} AND stay.{{column}} >= {{message}}"
#: SQL, by side: how many of those who took part have a position at or after the message; on the
#: last side, how many have received it and not read it. The sender took part, too.
_SIDES = {
    "high": f"({_HIGH}) - ({_LATER} AND stay.{{column}} > 0)",
    "low": f"""%(everybody)s - (SELECT COUNT(*) {_STAYS} AND stay.{{column}} < {{message}})
                 + ({_LATER} AND stay.{{column}} = 0)
                 + (SELECT COUNT(*) {_STAYS} AND stay.until < {{message}})""",
    "between": f"""(SELECT COUNT(*) {_STAYS} AND stay.known_up_to > stay.read_up_to
                      AND stay.known_up_to >= {{message}} AND stay.read_up_to < {{message}})
                 - ({_LATER} AND stay.known_up_to > 0 AND stay.read_up_to = 0)""",
}
_SENDER = f"""(SELECT COUNT(*) {_STAYS} AND stay.recipient_id = {{sender}}
               AND stay.since < {{message}} AND stay.{{column}} >= {{message}})"""

_IN_STAY = """stay.since < {message} AND (stay.until IS NULL OR stay.until >= {message})
                AND stay.recipient_id <> {sender}"""
_PRIVATE = """EXISTS (SELECT 1 FROM receipts_privatestretch AS hidden
                     WHERE hidden.conversation_id = %(conversation)s
                       AND hidden.recipient_id = stay.recipient_id AND hidden.kind = {kind}
                       AND hidden.after < {{message}} AND hidden.up_to >= {{message}})"""
_READ_PRIVATELY = _PRIVATE.format(kind=StretchKind.READ.value)
_GOT_PRIVATELY = _PRIVATE.format(kind=StretchKind.DELIVERY.value)
_READS = f"(stay.read_up_to >= {{message}} AND NOT {_READ_PRIVATELY})"
_GETS = f"(stay.delivered_up_to >= {{message}} AND NOT {_GOT_PRIVATELY})"
#: Recipients who are gone without an open read: withdrawn (rule 2).
_WITHDRAWN = f"""(SELECT COUNT(*) {_STAYS} AND stay.until >= {{message}} AND stay.ended > 0
               AND {_IN_STAY} AND NOT {_READS})"""
#: Those who are counted as readers, or receivers, and are none: gone, or private here.
_GONE = f"stay.until >= {{message}} AND stay.ended > 0 AND {_IN_STAY}"
_HIDING = f"""stay.recipient_id IN (
                SELECT own.recipient_id FROM receipts_privatestretch AS own
                 WHERE own.conversation_id = %(conversation)s
                   AND own.after < {{message}} AND own.up_to >= {{message}})
                AND {_IN_STAY} AND NOT (stay.ended > 0 AND stay.until >= {{message}})"""
_NOT_READ = " + ".join(
    f"(SELECT COUNT(*) {_STAYS} AND {those} AND stay.read_up_to >= {{message}} AND NOT {_READS})"
    for those in (_GONE, _HIDING)
)
_NOT_GOT = f"""(SELECT COUNT(*) {_STAYS} AND {_GONE} AND stay.known_up_to >= {{message}}
                  AND NOT {_READS})
             + (SELECT COUNT(*) {_STAYS} AND {_HIDING} AND stay.known_up_to >= {{message}}
                  AND NOT ({_READS} OR {_GETS}))"""

#: What has to be taken off: who is withdrawn; of readers and of receivers the sender, and others.
_OFF = [
    _WITHDRAWN,
    f"{_SENDER.replace('{column}', 'read_up_to')} + {_NOT_READ}",
    f"{_SENDER.replace('{column}', 'known_up_to')} + {_NOT_GOT}",
]
_ONE = {"message": "%(message)s", "sender": "%(sender)s"}
_EACH = {"message": "asked.id", "sender": "asked.sender_id"}
#: Between each message and the next one, so that no position is counted twice.
_GAPS = [
    f"({_HIGH} AND stay.{{column}} < asked.following)".replace("{column}", column)
    for column in ("read_up_to", "known_up_to")
]
_LATER_ONES = [
    f"({_LATER} AND stay.{{column}} > 0)".replace("{column}", column)
    for column in ("read_up_to", "known_up_to")
]
_MANY = f"""
    WITH asked AS (
        SELECT message.id, message.sender_id,
               LEAD(message.id, 1, {MAX_ID}) OVER (ORDER BY message.id) AS following
          FROM chat_message AS message
         WHERE message.conversation_id = %(conversation)s AND {{those}})
    SELECT asked.id, {", ".join(part.format(**_EACH) for part in [*_GAPS, *_LATER_ONES, *_OFF])}
      FROM asked ORDER BY asked.id DESC"""

#: From this number of recipients on it is worth to find out first which side is smaller.
_WORTH_SAMPLING = 20_000
#: Some positions from some places: enough to see which side is smaller, not to count.
_PLACES, _EACH_PLACE = 8, 50
_SAMPLE = """
    SELECT * FROM (
        SELECT stay.read_up_to, stay.known_up_to FROM receipts_memberposition AS stay
         WHERE stay.conversation_id = %(conversation)s AND stay.recipient_id >= (
               SELECT MIN(bound.recipient_id)
                      + CAST({share} * (MAX(bound.recipient_id) - MIN(bound.recipient_id))
                             AS bigint)
                 FROM receipts_memberposition AS bound
                WHERE bound.conversation_id = %(conversation)s)
         ORDER BY stay.recipient_id LIMIT {rows}) AS part_{number}"""


class Sides(NamedTuple):
    """Which positions are counted: at or after a message, before it, or between the two."""

    read: str = "high"
    known: str = "high"


def with_counts(messages: Sequence[CountedRow]) -> list[CountedRow]:
    """Messages with the counts that others may know of, as their columns would have them.

    One statement for each conversation; none for messages that have rows.
    """
    counted: dict[int, CountedRow] = {}
    by_conversation: dict[int, list[CountedRow]] = defaultdict(list)
    for row in messages:
        if row["tracking"] == Tracking.BY_POSITION:
            by_conversation[row["conversation_id"]].append(row)
    for rows in by_conversation.values():
        counts = _of_one(rows[0]) if len(rows) == 1 else _of_many(rows)
        counted |= {row["id"]: _with(row, counts[row["id"]]) for row in rows}
    return [counted.get(row["id"], row) for row in messages]


def with_count(message: CountedRow) -> CountedRow:
    """``with_counts`` of one message."""
    return with_counts([message])[0]


class _Counts(NamedTuple):
    withdrawn: int
    known: int
    read: int


def _with(row: CountedRow, counts: _Counts) -> CountedRow:
    total = row["recipient_count"] - counts.withdrawn
    status = overall_status_of(recipients=total, delivered=counts.known, read=counts.read)
    columns = {
        "recipient_count": total,
        "delivered_count": counts.known,
        "read_count": counts.read,
        "overall_status": status.value,
    }
    return cast(CountedRow, {**row, **columns})


def _of_one(row: MessageRow) -> dict[int, _Counts]:
    params = {
        "conversation": row["conversation_id"],
        "message": row["id"],
        "sender": row["sender_id"],
        "everybody": row["recipient_count"] + 1,
    }
    sides = _smaller(params) if row["recipient_count"] >= _WORTH_SAMPLING else Sides()
    return {row["id"]: count_on(sides, params)}


def count_on(sides: Sides, params: Mapping[str, object]) -> _Counts:
    """Count on these sides: the result is the same on all, the time is not."""
    counts = (
        _SIDES[side].replace("{column}", column)
        for side, column in ((sides.read, "read_up_to"), (sides.known, "known_up_to"))
    )
    columns = ", ".join(part.format(**_ONE) for part in [*counts, *_OFF])
    ((read, known, withdrawn, not_read, not_known),) = fetch_rows(f"SELECT {columns}", params)
    known += read if sides.known == "between" else 0
    return _Counts(withdrawn, known - not_known, read - not_read)


def _smaller(params: Mapping[str, object]) -> Sides:
    """The sides with fewer positions, as a sample has it."""
    shares = [random.random() * 0.999 for _ in range(_PLACES)]  # noqa: S311
    sample = " UNION ALL ".join(
        _SAMPLE.format(share=f"{share:.6f}", rows=_EACH_PLACE, number=number)
        for number, share in enumerate(shares)
    )
    found = fetch_rows(sample, params)
    message, most = cast(int, params["message"]), max(len(found), 1)
    read = sum(read_up_to >= message for read_up_to, _ in found) / most
    known = sum(known_up_to >= message for _, known_up_to in found) / most
    # Those between are found in an index that is twice as slow.
    costs = {"high": known, "low": 1 - known, "between": 2 * (known - read)}
    return Sides("high" if read <= 0.5 else "low", min(costs, key=lambda side: costs[side]))


def _of_many(rows: Sequence[MessageRow]) -> dict[int, _Counts]:
    params = {
        "conversation": rows[0]["conversation_id"],
        "ids": id_list([row["id"] for row in rows]),
    }
    counts, read, known = {}, 0, 0
    for pk, *found in fetch_rows(_MANY.format(those=among_ids("message.id")), params):
        in_gap, known_in_gap, later, known_later, withdrawn, not_read, not_known = found
        read, known = read + in_gap, known + known_in_gap
        counts[pk] = _Counts(withdrawn, known - known_later - not_known, read - later - not_read)
    return counts
