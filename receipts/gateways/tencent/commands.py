"""Its three commands: counts of some messages, who has read one or has not, and reading some."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.errors import NotRecipient
from chat.ids import MAX_ID, whole_number
from chat.models import Scope
from receipts import services
from receipts.api.fields import known_users
from receipts.api.filters import RecipientFilter
from receipts.api.receipts import MAX_SUMMARIES
from receipts.gateways.tencent.base import (
    NO_RECEIPT,
    TencentView,
    code_of,
    envelope,
    messages_of,
    number,
    sequences,
    text,
)
from receipts.reads.answers import summary_for
from receipts.reads.selectors import recipients_of
from receipts.rules.disclosure import discloses_receipts
from receipts.rules.rows import MessageRow
from receipts.services.batch import APPLIED, UNCHANGED, Item

#: As many messages as one call reads, and members as one page lists.
MOST_READ, MOST_LISTED = 50, 200
#: What ``Filter`` asks for: the list, the name of each of its members, and the native question.
LISTS = (
    ("ReadList", "Read_Account", QueryDict("state=read")),
    ("UnreadList", "Unread_Account", QueryDict("state=unread")),
)


class ReceiptsView(TencentView):
    """Asking. Its reads are POSTs, for which a key that reads is enough."""

    scope = Scope.READ

    def counts(self, request: Request) -> Response:
        """``get_group_msg_receipt``: how many have read each message, and how many have not."""
        fields = self.fields("GroupId", "MsgSeqList")
        ids = sequences(fields["MsgSeqList"], MAX_SUMMARIES)
        found = messages_of(self.group_of(fields), ids)
        return Response(
            envelope(GroupMsgReceiptList=[self._counted(pk, found.get(pk)) for pk in ids])
        )

    def members(self, request: Request) -> Response:
        """``get_group_msg_receipt_detail``: who has read a message, or who has not, by pages."""
        fields = self.fields("GroupId", "MsgSeq", "Filter", "Count", optional=["Cursor"])
        name, account, question = LISTS[number("Filter", fields["Filter"], 1, least=0)]
        count = number("Count", fields["Count"], MOST_LISTED)
        after = _cursor(fields.get("Cursor", ""))
        pk, group = number("MsgSeq", fields["MsgSeq"], MAX_ID), self.group_of(fields)
        message = messages_of(group, [pk]).get(pk)
        if code := code_of(message, self._disclosed(message)):
            return Response(envelope("FAIL", code, "This message has no receipts."))
        if message is not None and message["archived_at"] is not None:
            return Response(envelope("FAIL", NO_RECEIPT, "Its receipts are archived."))
        rows = recipients_of(pk, group).filter(recipient_id__gt=after)
        found = list(RecipientFilter(question, rows, request=request).qs[: count + 1])
        listed, is_last = found[:count], len(found) <= count
        answer: dict[str, Any] = {
            name: [{account: row["recipient__username"]} for row in listed],
            "Cursor": "" if is_last else str(listed[-1]["recipient_id"]),
            "IsFinish": int(is_last),
        }
        return Response(envelope(**answer))

    def _counted(self, pk: int, message: MessageRow | None) -> dict[str, Any]:
        code = code_of(message, self._disclosed(message))
        if message is None or code:
            return {"MsgSeq": pk, "Code": code}
        summary = summary_for(message, self.user)
        read = summary["read_count"]
        unread = summary["total_recipients"] - read
        return {"MsgSeq": pk, "Code": 0, "ReadNum": read, "UnreadNum": unread}

    def _disclosed(self, message: MessageRow | None) -> bool:
        return message is not None and discloses_receipts(message, self.user)


class ReadView(TencentView):
    """Telling. The envelope says whether it was done, and nothing else."""

    answers_reads = False

    def read(self, request: Request) -> Response:
        """``group_msg_receipt``: a member has read these messages of the group.

        Those that are none for the member to read are passed over, as its own SDK does; where
        nothing is left, that is an error.
        """
        fields = self.fields("GroupId", "From_Account", "MsgSeqList")
        ids = sequences(fields["MsgSeqList"], MOST_READ)
        [reader] = known_users("From_Account", [text("From_Account", fields["From_Account"])])
        found = messages_of(self.group_of(fields), ids)
        if missing := set(ids) - set(found):
            raise ValidationError({"MsgSeq": [f"{pk} is not in this group." for pk in missing]})
        items = [Item(message_id=pk, username=reader.username, read=True) for pk in found]
        if not {APPLIED, UNCHANGED} & set(services.mark_batch(items)):
            raise NotRecipient("None of these messages is From_Account's to read.")
        return Response(envelope())


def _cursor(given: Any) -> int:
    """Behind which member a page begins; the first one has an empty cursor."""
    if given == "":
        return 0
    place = whole_number(given, MAX_ID) if isinstance(given, str) else None
    if place is None:
        raise ValidationError({"Cursor": ["Not a cursor of this list."]})
    return place
