"""Groups of a user who is forgotten get another owner, as when an owner leaves (decision 7)."""

from __future__ import annotations

from django.conf import settings

from chat.models import Conversation, ConversationParticipant, Erasure, Role
from receipts.services.membership import heir_of
from receipts.sql.in_one import execute_in_each
from receipts.sql.run import lock_in_order

#: At most this many groups in a batch: each takes some queries.
_GROUPS = 50
_GIVE = "UPDATE chat_conversationparticipant AS participant SET role = %(role)s WHERE {those}"


def hand_over(erasure: Erasure) -> int | None:
    """Give the user's next groups to their longest-standing admins, or else members."""
    owned = ConversationParticipant.objects.filter(
        user=erasure.user_id, role=Role.OWNER, is_active=True, pk__gt=erasure.position or 0
    ).order_by("pk")
    found = dict(owned.values_list("pk", "conversation_id")[: min(_GROUPS, settings.BATCH_ROWS)])
    if not found:
        return None
    # Nobody joins, leaves or gets a role meanwhile.
    lock_in_order(Conversation.objects.filter(pk__in=found.values()))
    leavers = owned.filter(pk__in=found).select_related("conversation")
    heirs = [heir_of(leaver, leaver.conversation) for leaver in leavers]
    owners = [heir.pk for heir in heirs if heir]
    lock_in_order(ConversationParticipant.objects.filter(pk__in=owners))
    execute_in_each(_GIVE, owners, {"role": Role.OWNER.value})
    return max(found)
