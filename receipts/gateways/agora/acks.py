"""The readers of one message, newest first, as its SDK asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import Http404, QueryDict
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.ids import MAX_ID, whole_number
from receipts.api.archived import Archived
from receipts.api.filters import RecipientFilter
from receipts.api.receipts import MessageReceiptViewSet
from receipts.gateways.translating import EPOCH, GatewayView, Refusal, id_of, milliseconds
from receipts.reads.answers import summary_for
from receipts.reads.selectors import recipients_of

#: Its words for a refusal, by our statuses.
WORDS = {
    400: "illegal_argument",
    401: "unauthorized",
    403: "forbidden_op",
    404: "service_resource_not_found",
    405: "method_not_allowed",
    410: "service_resource_not_found",
    429: "reach_limit",
    500: "internal_server_error",
    503: "internal_server_error",
}
#: As many as its SDK always asks for.
MOST = 500
#: What its SDK sends where it has no cursor or limit: the word itself.
UNDEFINED = "undefined"
_READ = QueryDict("state=read")
_LAST_MICROSECOND = (datetime.max.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


class AgoraView(GatewayView):
    """A view whose refusals its SDKs understand."""

    query_parameters = frozenset({"limit", "key"})

    def refused(self, refusal: Refusal) -> Response:
        word = WORDS.get(refusal.status, WORDS[400])
        body = {
            "error": word,
            "exception": refusal.code,
            "error_description": refusal.text,
            "timestamp": milliseconds(timezone.now()),
            "duration": 0,
        }
        return Response(body, refusal.status, headers=dict(refusal.headers))


class AcksView(AgoraView, MessageReceiptViewSet):
    """For whom a message's receipts are natively (rule 17)."""

    def show(self, request: Request, org: str, app: str, group: str, pk: str) -> Response:
        """A page of readers, the latest first."""
        size = _limit(request.query_params.get("limit", UNDEFINED))
        behind = Place.of(request.query_params.get("key", UNDEFINED))
        message = self.disclosed_message(id_of(pk))
        if message["conversation_id"] != self.conversation_named(group).pk:
            raise Http404
        if message["archived_at"] is not None:
            raise Archived(message["archived_at"])
        rows = recipients_of(message["id"], message["conversation_id"])
        readers = RecipientFilter(_READ, rows, request=request).qs
        if behind:
            readers = readers.filter(behind.earlier)
        found = list(readers.order_by("-read_at", "-recipient_id")[: size + 1])
        total = summary_for(message, self.user)["read_count"]
        return Response(
            {
                "action": "get",
                "organization": org,
                "applicationName": app,
                "timestamp": milliseconds(timezone.now()),
                "duration": 0,
                "data": _page(message, found[:size], total, is_last=len(found) <= size),
            }
        )


@dataclass(frozen=True)
class Place:
    """A place in the list: when somebody read and, of those who read at once, who."""

    at: int
    recipient: int

    @classmethod
    def of(cls, key: str) -> Place | None:
        """The place that a cursor says; none is the beginning."""
        if key in ("", UNDEFINED):
            return None
        at, _, recipient = key.partition("_")
        when, who = whole_number(at, _LAST_MICROSECOND), whole_number(recipient, MAX_ID)
        if when is None or who is None:
            raise ValidationError({"key": ["Not a cursor of this list."]})
        return cls(when, who)

    @classmethod
    def after(cls, row: Mapping[str, Any]) -> Place:
        """Right behind a row."""
        return cls((row["read_at"] - EPOCH) // timedelta(microseconds=1), row["recipient_id"])

    @property
    def earlier(self) -> Q:
        """What the list holds behind it."""
        at = EPOCH + timedelta(microseconds=self.at)
        return Q(read_at__lt=at) | Q(read_at=at, recipient_id__lt=self.recipient)

    def __str__(self) -> str:
        return f"{self.at}_{self.recipient}"


def _page(
    message: Mapping[str, Any], rows: list[Any], total: int, *, is_last: bool
) -> dict[str, Any]:
    return {
        "ackmid": str(message["id"]),
        "total": total,
        "userlist": [row["recipient__username"] for row in rows],
        "is_last": is_last,
        "next_key": "" if is_last else str(Place.after(rows[-1])),
        "timestamp": milliseconds(timezone.now()),
        "acks": [_ack(row, total) for row in rows],
    }


def _ack(row: Mapping[str, Any], total: int) -> dict[str, Any]:
    """One receipt, with the acknowledgement that came with it (rule 12)."""
    return {
        "ack_id": f"{row['message_id']}-{row['recipient_id']}",
        "msg_id": str(row["message_id"]),
        "from": row["recipient__username"],
        "content": row["content"] or "",
        "count": total,
        "timestamp": milliseconds(row["read_at"]),
    }


def _limit(given: str) -> int:
    if given in ("", UNDEFINED):
        return MOST
    size = whole_number(given, MOST)
    if not size:
        raise ValidationError({"limit": [f"Must be a whole number from 1 to {MOST}."]})
    return size
