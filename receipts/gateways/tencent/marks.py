"""One command: a member has read some messages."""

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
from receipts.gateways.tencent.reading import message_sequences, required_text
from receipts.gateways.tencent.shapes import envelope
from receipts.services.batch import APPLIED, READ, UNCHANGED, BatchMark

#: The most messages that one call marks.
MOST_READ = 50


class ReadView(TencentView):
    """A write whose answer has nothing but the envelope, so ``write`` alone is enough."""

    answers_reads = False

    def read(self, request: Request) -> Response:
        """``group_msg_receipt``: a member has read these messages of the group.

        Messages that the member is no recipient of are skipped, as Tencent's own SDK does; if
        none is left, that is an error.
        """
        fields = self.fields("GroupId", "From_Account", "MsgSeqList")
        given = message_sequences(fields["MsgSeqList"], MOST_READ)
        name = required_text("From_Account", fields["From_Account"])
        [reader] = known_users("From_Account", [name])
        found = messages_of_group(self.group_of(fields), (pk for _, pk in given))
        if missing := [name for name, pk in given if pk not in found]:
            raise ValidationError({"MsgSeq": [f"{each} is not in this group." for each in missing]})
        items = [
            BatchMark(message=MessageReference(number=pk), username=reader.username, state=READ)
            for pk in found
        ]
        if not {APPLIED, UNCHANGED} & set(services.mark_batch(items)):
            raise NotRecipient("None of these messages is From_Account's to read.")
        return Response(envelope())
