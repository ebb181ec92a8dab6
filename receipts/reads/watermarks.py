"""The watermarks that are shown: a participant's columns, unless they are held back."""

from __future__ import annotations

from collections.abc import Iterable

from chat.models import ConversationParticipant
from receipts.rules.watermarks import SHOWN_SQL, SHOWN_WITHOUT_PRIVATE_DELIVERIES_SQL
from receipts.sql.run import among_ids, as_time, fetch_rows, id_list


def show_watermarks(participants: Iterable[ConversationParticipant]) -> None:
    """Set the watermarks of these instances to those that are shown (rule 7).

    The instances are then for display only and must not be saved. One statement for each state, and
    none where nobody is held back, which is the rule.
    """
    held = {each.pk: each for each in participants if each.held_back}
    if not held:
        return
    ids = {"ids": id_list(list(held))}
    some_private = any(each.has_private_deliveries for each in held.values())
    statements = SHOWN_SQL if some_private else SHOWN_WITHOUT_PRIVATE_DELIVERIES_SQL
    for state, shown_sql in statements.items():
        found = fetch_rows(shown_sql.format(those=among_ids("participant.id")), ids)
        for participant, message, at in found:
            setattr(held[participant], f"last_{state}_message_id", message)
            setattr(held[participant], f"last_{state}_at", as_time(at))
