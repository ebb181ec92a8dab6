"""Who takes part in a large conversation, compared with its positions and its count (rule 16)."""

from __future__ import annotations

from typing import NamedTuple

from django.db import transaction

from chat.models import Conversation, ConversationParticipant
from receipts.ledger.member_positions import end_stays, open_stay
from receipts.models import Ended
from receipts.sql.run import fetch_rows

_MEMBERS = """
      FROM chat_conversationparticipant AS participant
      JOIN chat_user AS member ON member.id = participant.user_id AND member.is_active
     WHERE participant.conversation_id = %(conversation)s AND participant.is_active"""
_STAYS = """
      FROM receipts_memberposition AS stay
     WHERE stay.conversation_id = %(conversation)s AND stay.until IS NULL"""
_COUNT = f"SELECT COUNT(*) {_MEMBERS}"
_WITHOUT = f"""
    SELECT participant.user_id {_MEMBERS}
       AND NOT EXISTS (SELECT 1 {_STAYS} AND stay.recipient_id = participant.user_id)
     ORDER BY participant.user_id"""
_GONE = f"""
    SELECT stay.recipient_id {_STAYS}
       AND NOT EXISTS (SELECT 1 {_MEMBERS} AND participant.user_id = stay.recipient_id)
     ORDER BY stay.recipient_id"""


class Differences(NamedTuple):
    """Where positions, the count and the participants disagree."""

    #: How many take part, and how many are counted.
    members: int
    counted: int | None
    #: Who takes part without a stay, and whose stay goes on although they do not.
    without: list[int]
    gone: list[int]

    def __bool__(self) -> bool:
        return bool(self.members != self.counted or self.without or self.gone)


def compare_members(conversation_id: int) -> Differences:
    """The differences of a conversation with positions."""
    named = {"conversation": conversation_id}
    counted = Conversation.objects.values_list("member_count", flat=True).get(pk=conversation_id)
    ((members,),) = fetch_rows(_COUNT, named)
    without, gone = ([pk for (pk,) in fetch_rows(sql, named)] for sql in (_WITHOUT, _GONE))
    return Differences(members, counted, without, gone)


@transaction.atomic
def settle_members(conversation_id: int) -> bool:
    """Begin and end stays by who takes part now, and count again; whether anything differed.

    Who gets a stay late receives what is sent from now on.
    """
    locked = Conversation.objects.present().select_for_update(no_key=True)
    if not locked.filter(pk=conversation_id, member_count__isnull=False).exists():
        return False
    found = compare_members(conversation_id)
    here = ConversationParticipant.objects.filter(conversation=conversation_id, is_active=True)
    away = set(here.filter(user__in=found.gone).values_list("user_id", flat=True))
    for user in found.gone:
        ended = Ended.AWAY if user in away else Ended.LEFT
        end_stays(conversation_id, user, was_counted=False, ended=ended)
    for user in found.without:
        open_stay(conversation_id, user)
    if found:
        Conversation.objects.filter(pk=conversation_id).update(member_count=found.members)
    return bool(found)
