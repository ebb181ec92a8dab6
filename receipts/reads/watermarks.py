"""The watermarks that are shown: a participant's columns, unless they are held back."""

from __future__ import annotations

from collections.abc import Iterable

from chat.models import ConversationParticipant
from receipts.rules.watermarks import SHOWN_SQL, SHOWN_WITHOUT_PRIVATE_DELIVERIES_SQL
from receipts.sql.in_one import fetch_in_each
from receipts.sql.run import as_time


def show_watermarks(participants: Iterable[ConversationParticipant]) -> None:
    """Set the watermarks of these instances to those that are shown (rule 7).

    The instances are then for display only and must not be saved. One statement for each state, and
    none where nobody is held back, which is the rule.
    """
    held = {each.pk: each for each in participants if each.held_back}
    if not held:
        return
    some_private = any(each.has_private_deliveries for each in held.values())
    statements = SHOWN_SQL if some_private else SHOWN_WITHOUT_PRIVATE_DELIVERIES_SQL
    for state, shown_sql in statements.items():
        for participant, message, at, _ in fetch_in_each(shown_sql, held, "stopped"):
            setattr(held[participant], f"last_{state}_message_id", message)
            setattr(held[participant], f"last_{state}_at", as_time(at))
