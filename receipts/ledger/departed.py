"""When a row's recipient left, as SQL over ``status``."""

from __future__ import annotations

_FIRST_DEPARTURE_SQL = """SELECT MIN(departure.at) FROM chat_departure AS departure
         WHERE departure.user_id = status.recipient_id
           AND departure.conversation_id = status.conversation_id
           AND (departure.up_to >= status.message_id
                OR (departure.up_to IS NULL AND departure.at > status.sent_at))"""
#: When the recipient first left, or lost their account, after the message was sent; null if they
#: never did. A read that stops being disclosed is withdrawn from then on, as if it had never been
#: made (rules 2 and 13). Leaving writes these rows; see ``chat.models.Departure``.
DEPARTED_AT_SQL = f"({_FIRST_DEPARTURE_SQL})"
#: The same, without deactivations that may be undone.
LEFT_AT_SQL = f"({_FIRST_DEPARTURE_SQL} AND NOT departure.is_deactivation)"
