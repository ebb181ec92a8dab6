"""Receipts of messages: summaries and recipient lists."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.ids import MAX_ID, whole_number
from chat.models import Message
from receipts import services
from receipts.api.archived import ARCHIVED, Archived
from receipts.api.base import ApiViewSet
from receipts.api.batch import BatchBody, BatchResults, batch_results, read_item
from receipts.api.fields import RowSerializer
from receipts.api.filters import RecipientFilter
from receipts.api.pagination import ByRecipient
from receipts.api.shapes import ListedRecipient, Summary
from receipts.models import MessageStatus
from receipts.reads.answers import listed_recipient, summary_for
from receipts.reads.messages import disclosed_message, message_rows
from receipts.reads.selectors import recipients_of
from receipts.rules.disclosure import discloses_receipts
from receipts.rules.privacy import shown_to
from receipts.rules.rows import MessageRow, SummaryAnswer
from receipts.services.batch import NOT_FOUND, NOT_RECIPIENT, BatchMark

MAX_SUMMARIES = 200


class RefusedSummary(RowSerializer):
    """A message whose receipts the caller may not see."""

    message = serializers.IntegerField()
    code = serializers.ChoiceField([("not_found", "Not found"), ("permission_denied", "Denied")])
    detail = serializers.CharField()


class Summaries(RowSerializer):
    """Summaries in the requested order; an invisible one has an error in its place."""

    results = PolymorphicProxySerializer(
        component_name="SummaryOrRefusal",
        serializers=[Summary, RefusedSummary],
        resource_type_field_name=None,
        many=True,
    )


class MessageReceiptViewSet(ApiViewSet):
    """The receipts of one message, for those who may see them (rule 17)."""

    serializer_class: Any = Summary

    @extend_schema(responses=Summary)
    def status(self, request: Request, pk: int) -> Response:
        """The message's summary over all recipients."""
        return Response(summary_for(disclosed_message(self.user, pk), self.user))


class RecipientViewSet(MessageReceiptViewSet):
    """The recipients of one message, each with their state and times."""

    pagination_class = ByRecipient
    filterset_class = RecipientFilter
    serializer_class: Any = ListedRecipient
    queryset = MessageStatus.objects.none()

    @extend_schema(responses={200: ListedRecipient(many=True), **ARCHIVED})
    def list(self, request: Request, pk: int) -> Response:
        """List recipients, by ``state``, ``membership`` or name."""
        message = disclosed_message(self.user, pk)
        if message["archived_at"] is not None:
            raise Archived(message["archived_at"])
        rows = self.filter_queryset(recipients_of(pk, message["conversation_id"]))
        shown, edited_at = shown_to(self.user), message["edited_at"]
        return self.page_of(rows, lambda row: listed_recipient(row, edited_at=edited_at, to=shown))


class ReceiptsViewSet(ApiViewSet):
    """The receipts of many messages at once."""

    serializer_class = Summaries
    told_without_read = frozenset({"results"})
    query_parameters = frozenset({"messages"})

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "messages",
                OpenApiTypes.STR,
                required=True,
                description=f"Message ids, separated by commas; at most {MAX_SUMMARIES}.",
            )
        ],
        responses=Summaries,
    )
    def retrieve(self, request: Request) -> Response:
        """Summaries of up to 200 messages; each invisible message has its own error."""
        ids = self._ids(",".join(request.query_params.getlist("messages")))
        visible = Message.objects.visible_to(self.user).filter(pk__in=ids)
        found = {row["id"]: row for row in message_rows(visible)}
        return Response({"results": [self._result(pk, found.get(pk)) for pk in ids]})

    @extend_schema(request=BatchBody, responses={200: BatchResults})
    def create(self, request: Request) -> Response:
        """Up to 1,000 marks across conversations; one result each, in their order."""
        fields = self.validated(BatchBody)
        items = [read_item(given, caller=self.user) for given in fields["receipts"]]
        good = [item for item in items if isinstance(item, BatchMark)]
        marked = self._marked(good) if good else []
        return Response({"results": list(batch_results(items, marked))})

    def _marked(self, items: list[BatchMark]) -> list[str]:
        """The result of each mark; a moderator sees messages without being a recipient (rule 4)."""
        results = services.mark_batch(items)
        if not self.user.is_moderator or NOT_FOUND not in results:
            return results
        named = Message.objects.filter(pk__in=[item.message_id for item in items])
        seen = set(named.values_list("pk", flat=True))
        return [
            NOT_RECIPIENT if result == NOT_FOUND and item.message_id in seen else result
            for item, result in zip(items, results, strict=True)
        ]

    def _result(self, pk: int, message: MessageRow | None) -> SummaryAnswer | dict[str, int | str]:
        if message is None:
            return {"message": pk, "code": "not_found", "detail": "No such message."}
        if not discloses_receipts(message, self.user):
            detail = "The receipts of this message are not for you."
            return {"message": pk, "code": "permission_denied", "detail": detail}
        return summary_for(message, self.user)

    def _ids(self, given: str) -> list[int]:
        words = [word.strip() for word in given.split(",") if word.strip()]
        if not words or len(words) > MAX_SUMMARIES:
            raise ValidationError({"messages": [f"Must list 1 to {MAX_SUMMARIES} message ids."]})
        ids: dict[int, None] = {}
        for word in words:
            number = whole_number(word, MAX_ID)
            if not number:
                raise ValidationError({"messages": [f"{word[:50]!r} is not a message id."]})
            ids[number] = None
        return list(ids)
