"""Reading messages of a group: one command of a backend, and of a device."""

from __future__ import annotations

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.errors import NotRecipient
from chat.names import MessageReference
from receipts import services
from receipts.api.fields import known_users
from receipts.gateways.tencent.base import TencentView
from receipts.gateways.tencent.messages import messages_of_group
from receipts.gateways.tencent.reading import MsgSeq, message_sequences, required_text
from receipts.gateways.tencent.shapes import envelope
from receipts.services.batch_items import APPLIED, READ, UNCHANGED, BatchMark

#: The most messages that one call marks.
MOST_READ = 50


class ReadView(TencentView):
    """A write whose answer has nothing but the envelope, so ``write`` alone is enough."""

    answers_reads = False

    def read(self, request: Request) -> Response:
        """``group_msg_receipt``: a member has read these messages of the group."""
        fields = self.fields("GroupId", "From_Account", "MsgSeqList")
        given = message_sequences(fields["MsgSeqList"], MOST_READ)
        name = required_text("From_Account", fields["From_Account"])
        [reader] = known_users("From_Account", [name])
        read_in_group(reader.username, self.group_of(fields), given)
        return Response(envelope())


def read_in_group(reader: str, group: int, given: list[MsgSeq]) -> None:
    """A member has read these messages.

    Messages that the member is no recipient of are skipped, as Tencent's own SDK does; if none is
    left, that is an error. Raises ``ValidationError`` for a message that is not in the group.
    """
    found = messages_of_group(group, given)
    if missing := [name for name in given if name not in found]:
        raise ValidationError({"MsgSeq": [f"{each} is not in this group." for each in missing]})
    if not read_messages(reader, {row["id"] for row in found.values()}):
        raise NotRecipient("None of these messages is From_Account's to read.")


def read_messages(reader: str, ids: set[int]) -> bool:
    """Mark messages read; whether any of them is the reader's to read."""
    items = [
        BatchMark(message=MessageReference(number=pk), username=reader, state=READ)
        for pk in sorted(ids)
    ]
    return bool({APPLIED, UNCHANGED} & set(services.mark_batch(items)))
