"""The steps of forgetting a user, after their account was closed: one batch of each."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.conf import settings

from chat.models import ConversationParticipant, Departure, Erasure, Message
from receipts.ledger.change import Change
from receipts.ledger.settling import settle_watermarks
from receipts.ledger.stamp import stamp
from receipts.ledger.undoing import OPEN_ARMS, withdrawal
from receipts.services.departures import record_departures
from receipts.services.erasing.batch import (
    Step,
    again_if,
    change_rows,
    change_some,
    delete_some,
    some_ids,
)
from receipts.services.erasing.heirs import hand_over
from receipts.services.erasing.log_steps import erase_from_log
from receipts.sql.nulls import NULL_TEXT_SQL
from receipts.sql.run import (
    among_ids,
    as_time,
    fetch_rows,
    id_list,
    lock_in_order,
    lock_values,
)


def _depart(erasure: Erasure) -> int | None:
    """Record that the user is gone from their next conversations, with their watermarks."""
    own = ConversationParticipant.objects.filter(user=erasure.user_id, pk__gt=erasure.position or 0)
    ids = list(own.order_by("pk").values_list("pk", flat=True)[: settings.BATCH_ROWS])
    if not ids:
        return None
    these = ConversationParticipant.objects.filter(pk__in=ids)
    lock_in_order(these)
    record_departures(these.filter(is_active=True), erasure.requested_at)
    # An earlier deactivation is final, and so is what it kept for the account's return.
    kept = Departure.objects.filter(user=erasure.user_id, is_deactivation=True)
    kept.filter(conversation__in=these.values("conversation")).update(
        is_deactivation=False,
        **dict.fromkeys(("delivered_up_to", "delivered_at", "read_up_to", "read_at")),
    )
    return ids[-1]


#: A user's next rows of one partial index, in its order.
_OPEN = """
    SELECT status.id, status.conversation_id, status.sent_at, status.message_id
      FROM receipts_messagestatus AS status
     WHERE status.recipient_id = %(user)s AND {arm}
       AND (status.conversation_id, status.sent_at, status.message_id)
           > (%(conversation)s, %(sent_at)s, %(message)s)
     ORDER BY status.conversation_id, status.sent_at, status.message_id LIMIT %(rows)s"""
_START = [0, "0001-01-02T00:00:00+00:00", 0]
#: Each twice: a mark that was under way may have moved a row to an earlier one.
_ARMS = OPEN_ARMS * 2


def _withdraw(erasure: Erasure) -> list[Any] | None:
    """Withdraw the next open rows, as a deactivation does (rule 2).

    Withdrawn rows hold no watermark back, so the watermarks of their conversations are settled
    first, under the same lock, as they are when somebody leaves.
    """
    arm, (conversation, sent_at, message) = erasure.position or [0, _START]
    place = {"conversation": conversation, "message": message}
    found = fetch_rows(
        _OPEN.format(arm=_ARMS[arm]),
        {
            **place,
            "user": erasure.user_id,
            "sent_at": datetime.fromisoformat(sent_at),
            "rows": settings.BATCH_ROWS,
        },
    )
    if not found:
        return [arm + 1, _START] if arm + 1 < len(_ARMS) else None
    own = ConversationParticipant.objects.filter(
        user=erasure.user_id, conversation__in={row[1] for row in found}
    )
    settle_watermarks(pk for pk, held in lock_values(own, "pk", "held_back") if held)
    params = {"ids": id_list([row[0] for row in found]), "at": erasure.requested_at}
    stamp(withdrawal(among_ids("status.id"), params))
    _, conversation, sent_at, message = found[-1]
    return [arm, [conversation, cast(datetime, as_time(sent_at)).isoformat(), message]]


#: A row with words of the user, or about them.
_HAS_WORDS = "(status.content IS NOT NULL OR status.failure_reason IS NOT NULL)"
_WITH_WORDS = f"""
    SELECT status.id FROM receipts_messagestatus AS status
     WHERE status.recipient_id = %(user)s AND status.id > %(past)s AND {_HAS_WORDS}
     ORDER BY status.id LIMIT %(rows)s"""


def _erase_words(erasure: Erasure) -> int | None:
    """Remove acknowledgements and reasons of failures. Senders are told that a row changed."""
    ids = some_ids(_WITH_WORDS, user=erasure.user_id, past=erasure.position or 0)
    if not ids:
        return None
    stamp(
        Change(
            which=f"{among_ids('status.id')} AND {_HAS_WORDS}",
            becomes={"content": NULL_TEXT_SQL, "failure_reason": NULL_TEXT_SQL},
            params={"ids": id_list(ids)},
        )
    )
    return ids[-1]


_WITH_REASON = """
    SELECT event.id, event.conversation_id FROM receipts_receiptevent AS event
     WHERE event.actor_id = %(user)s AND event.reason IS NOT NULL
     ORDER BY event.id LIMIT %(rows)s"""


def _erase_reasons(erasure: Erasure) -> bool | None:
    """Remove reasons of failures from events that are kept."""
    removed = "UPDATE receipts_receiptevent SET reason = NULL WHERE {those}"
    return again_if(change_some(removed, _WITH_REASON, user=erasure.user_id))


#: By the user's conversations, since the tables have no index on users alone.
_HISTORY = """
    SELECT history.id, history.conversation_id FROM chat_conversationparticipant AS participant
      JOIN {table} AS history ON history.conversation_id = participant.conversation_id
       AND history.user_id = participant.user_id
     WHERE participant.user_id = %(user)s LIMIT %(rows)s"""
_HISTORY_TABLES = (
    "receipts_historystay",
    "receipts_historymember",
    "receipts_historyposition",
)


def _erase_history(erasure: Erasure) -> int | None:
    """Delete what imports have said of the user; the position is the table."""
    place = erasure.position or 0
    if place == len(_HISTORY_TABLES):
        return None
    table = _HISTORY_TABLES[place]
    return place + (not delete_some(table, _HISTORY.format(table=table), user=erasure.user_id))


_FOLLOWING = """
    SELECT follower.id, follower.conversation_id FROM chat_threadfollower AS follower
     WHERE follower.user_id = %(user)s LIMIT %(rows)s"""


def _erase_following(erasure: Erasure) -> bool | None:
    """Delete the record of which threads the user follows."""
    return again_if(delete_some("chat_threadfollower", _FOLLOWING, user=erasure.user_id))


_SENT = """
    SELECT message.id, message.created_at, message.conversation_id
      FROM chat_message AS message
     WHERE message.sender_id = %(user)s
       AND (message.created_at, message.id) > (%(created_at)s, %(past)s)
     ORDER BY message.created_at, message.id LIMIT %(rows)s"""


def _erase_texts(erasure: Erasure) -> list[Any] | None:
    """Empty the user's next messages, which count neither as edited nor as deleted."""
    if not erasure.erases_messages:
        return None
    created_at, past = cast("tuple[str, int]", erasure.position or _START[1:])
    params = {"user": erasure.user_id, "created_at": datetime.fromisoformat(created_at)}
    found = fetch_rows(_SENT, {**params, "past": past, "rows": settings.BATCH_ROWS})
    if not found:
        return None
    lock_in_order(Message.objects.filter(pk__in=[pk for pk, *_ in found]).exclude(body=""))
    emptied = "UPDATE chat_message SET body = '' WHERE {those} AND body <> ''"
    change_rows(emptied, [(pk, conversation) for pk, _, conversation in found])
    past, created_at, _ = found[-1]
    return [cast(datetime, as_time(created_at)).isoformat(), past]


#: In their order. Departures lock all participations once, and wait for edits that were under way,
#: so texts come after them; they are last, so that a repeated request may still ask for them.
USER_STEPS: dict[str, Step] = {
    "owners": hand_over,
    "departures": _depart,
    "rows": _withdraw,
    "words": _erase_words,
    "reasons": _erase_reasons,
    "history": _erase_history,
    "following": _erase_following,
    "log": erase_from_log,
    "texts": _erase_texts,
}
