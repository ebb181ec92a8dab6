"""The messages of a group that commands name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from chat.models import Message
from receipts import services
from receipts.api.outages import Busy
from receipts.gateways.frame import message_ids_given
from receipts.gateways.tencent.reading import MsgSeq
from receipts.reads.messages import rows_of
from receipts.rules.rows import MessageRow


class NumberedRow(MessageRow):
    """A message, with its number in its conversation; null if it was not asked for yet."""

    numbered__number: int | None


def messages_of_group(group: int, given: Iterable[MsgSeq]) -> dict[MsgSeq, NumberedRow]:
    """The messages of a group that are given so; what is unknown is omitted.

    Raises ``Busy`` while a very long group is being numbered.
    """
    given = list(given)
    names = [each for each in given if isinstance(each, str)]
    named = dict(zip(names, message_ids_given(names), strict=True)) if names else {}
    numbers = [each for each in given if isinstance(each, int)]
    found = _found(group, named, numbers)
    if any(number not in found for number in numbers):
        number_all([group])
        found = _found(group, named, numbers)
    return found


def number_all(groups: Iterable[int]) -> None:
    """See to it that all messages of these groups have numbers. Raises ``Busy`` if that is long."""
    if not services.number_messages(groups):
        raise Busy("The messages of this group are being numbered; try again at once.")


def _found(group: int, named: dict[str, Any], numbers: list[int]) -> dict[MsgSeq, NumberedRow]:
    asked = Q(numbered__conversation=group, numbered__number__in=numbers)
    if named:
        asked |= Q(pk__in=list(named.values()))
    rows = list(rows_of(Message.objects.filter(asked, conversation_id=group), NumberedRow))
    by_id = {row["id"]: row for row in rows}
    found: dict[MsgSeq, NumberedRow] = {
        row["numbered__number"]: row for row in rows if row["numbered__number"] is not None
    }
    return found | {name: by_id[pk] for name, pk in named.items() if pk in by_id}
