"""Two commands: the counts of some messages, and who has read a message or has not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import Scope, User
from receipts.api.filters import RecipientFilter
from receipts.api.receipts import MAX_SUMMARIES
from receipts.gateways.tencent.base import TencentView
from receipts.gateways.tencent.errors import NO_RECEIPT, NoReceipts
from receipts.gateways.tencent.messages import messages_of_group
from receipts.gateways.tencent.reading import (
    MsgSeq,
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
        listed = counts_in_group(self.user, self.group_of(fields), given)
        return Response(envelope(GroupMsgReceiptList=listed))

    def members(self, request: Request) -> Response:
        """``get_group_msg_receipt_detail``: who has read a message, or who has not, by pages."""
        fields = self.fields("GroupId", "MsgSeq", "Filter", "Count", optional=("Cursor",))
        which = bounded_number("Filter", fields["Filter"], 1, least=0)
        count = bounded_number("Count", fields["Count"], MOST_LISTED)
        after = member_cursor(fields.get("Cursor", ""))
        seq, group = message_sequence(fields["MsgSeq"]), self.group_of(fields)
        try:
            page = page_of_members(self.user, group, seq, which=which, count=count, after=after)
        except NoReceipts as error:
            return Response(envelope("FAIL", error.code, str(error)))
        return Response(envelope(**page))


def counts_in_group(user: User, group: int, given: list[MsgSeq]) -> list[dict[str, Any]]:
    """The counts of each of these messages as ``user`` may see them, or why there are none."""
    found = messages_of_group(group, given)
    return [receipt_counts(seq, found.get(seq), user) for seq in given]


def page_of_members(
    user: User, group: int, seq: MsgSeq, *, which: int, count: int, after: int
) -> dict[str, Any]:
    """``count`` of those who have read a message (``which`` is 0), or have not (1).

    They come after the recipient with the id ``after``. Raises ``NoReceipts``.
    """
    name, account, state = LISTS[which]
    message = messages_of_group(group, [seq]).get(seq)
    if code := receipt_code(message, user):
        raise NoReceipts(code)
    if message is None or message["archived_at"] is not None:
        raise NoReceipts(NO_RECEIPT, "Its receipts are archived.")
    rows = recipients_of(message["id"], group).filter(recipient_id__gt=after)
    asked = SimpleNamespace(user=user)
    found = list(RecipientFilter(state, rows, request=asked).qs[: count + 1])
    page, is_last = found[:count], len(found) <= count
    return {
        name: [{account: row["recipient__username"]} for row in page],
        "Cursor": "" if is_last else str(page[-1]["recipient_id"]),
        "IsFinish": int(is_last),
    }
