"""Two commands: the counts of some messages, and who has read a message or has not."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import Scope
from receipts.api.filters import RecipientFilter
from receipts.api.receipts import MAX_SUMMARIES
from receipts.gateways.tencent.base import TencentView
from receipts.gateways.tencent.errors import NO_RECEIPT
from receipts.gateways.tencent.messages import messages_of_group
from receipts.gateways.tencent.reading import (
    bounded_number,
    member_cursor,
    message_sequence,
    message_sequences,
)
from receipts.gateways.tencent.shapes import envelope, receipt_code, receipt_counts
from receipts.reads.selectors import recipients_of

#: The most members on one page.
MOST_LISTED = 200
#: By ``Filter``: the name of the list, the name of each of its members, and the native filter.
LISTS = (
    ("ReadList", "Read_Account", QueryDict("state=read")),
    ("UnreadList", "Unread_Account", QueryDict("state=unread")),
)


class ReceiptsView(TencentView):
    """Reads that are POST requests; a key with the scope ``read`` is enough."""

    scope = Scope.READ

    def counts(self, request: Request) -> Response:
        """``get_group_msg_receipt``: how many have read each message, and how many have not."""
        fields = self.fields("GroupId", "MsgSeqList")
        given = message_sequences(fields["MsgSeqList"], MAX_SUMMARIES)
        found = messages_of_group(self.group_of(fields), (pk for _, pk in given))
        listed = [receipt_counts(seq, found.get(pk), self.user) for seq, pk in given]
        return Response(envelope(GroupMsgReceiptList=listed))

    def members(self, request: Request) -> Response:
        """``get_group_msg_receipt_detail``: who has read a message, or who has not, by pages."""
        fields = self.fields("GroupId", "MsgSeq", "Filter", "Count", optional=("Cursor",))
        name, account, state = LISTS[bounded_number("Filter", fields["Filter"], 1, least=0)]
        count = bounded_number("Count", fields["Count"], MOST_LISTED)
        after = member_cursor(fields.get("Cursor", ""))
        pk, group = message_sequence(fields["MsgSeq"]), self.group_of(fields)
        message = messages_of_group(group, [pk]).get(pk)
        if code := receipt_code(message, self.user):
            return Response(envelope("FAIL", code, "This message has no receipts."))
        if message is not None and message["archived_at"] is not None:
            return Response(envelope("FAIL", NO_RECEIPT, "Its receipts are archived."))
        rows = recipients_of(pk, group).filter(recipient_id__gt=after)
        found = list(RecipientFilter(state, rows, request=request).qs[: count + 1])
        page, is_last = found[:count], len(found) <= count
        answer: dict[str, Any] = {
            name: [{account: row["recipient__username"]} for row in page],
            "Cursor": "" if is_last else str(page[-1]["recipient_id"]),
            "IsFinish": int(is_last),
        }
        return Response(envelope(**answer))
