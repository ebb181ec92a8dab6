"""Receipts of messages: summaries and recipient lists."""

from __future__ import annotations

from typing import Any, cast

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

from chat.models import Message
from chat.names import reference_in, words_of
from receipts import services
from receipts.api.archived import ARCHIVED, Archived
from receipts.api.base import ApiViewSet
from receipts.api.batch import BatchBody, BatchResults, batch_results, read_item
from receipts.api.fields import RowSerializer
from receipts.api.filters import RecipientFilter
from receipts.api.pagination import ByRecipient
from receipts.api.references import check_name
from receipts.api.shapes import Recipient, Summary
from receipts.models import MessageStatus
from receipts.reads.answers import summary_for
from receipts.reads.by_position import recipient_list
from receipts.reads.messages import disclosed_message, visible_messages
from receipts.reads.names import message_id_of, message_ids_of
from receipts.reads.placed_answers import listed_in_any
from receipts.reads.position_counts import with_count, with_counts
from receipts.rules.disclosure import discloses_receipts
from receipts.rules.privacy import shown_to
from receipts.rules.rows import MessageRow, SummaryAnswer
from receipts.services.batch_items import NOT_FOUND, NOT_RECIPIENT, BatchMark

MAX_SUMMARIES = 200
REFUSALS = [
    ("not_found", "There is no such message, or you cannot see it"),
    ("permission_denied", "You may not see its receipts"),
]


class RefusedSummary(RowSerializer):
    """A message whose receipts the caller may not see."""

    message = serializers.IntegerField(allow_null=True)
    message_external_id = serializers.CharField(allow_null=True)
    code = serializers.ChoiceField(REFUSALS)
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
    short_actions = frozenset({"status"})
    id_of = staticmethod(message_id_of)

    @extend_schema(responses=Summary)
    def status(self, request: Request, pk: int) -> Response:
        """The message's summary over all recipients."""
        message = with_count(disclosed_message(self.user, pk))
        return Response(summary_for(message, self.user))


class RecipientViewSet(MessageReceiptViewSet):
    """The recipients of one message, each with their state and times."""

    pagination_class = ByRecipient
    filterset_class = RecipientFilter
    serializer_class: Any = Recipient
    queryset = MessageStatus.objects.none()

    @extend_schema(responses={200: Recipient(many=True), **ARCHIVED})
    def list(self, request: Request, pk: int) -> Response:
        """List recipients, by ``state``, ``membership`` or name."""
        message = disclosed_message(self.user, pk)
        if message["archived_at"] is not None:
            raise Archived(message["archived_at"])
        shown, edited_at = shown_to(self.user), message["edited_at"]
        page = self.page_of(recipient_list(message))
        return self.get_paginated_response(
            [listed_in_any(row, edited_at=edited_at, to=shown) for row in page]
        )


class ReceiptsViewSet(ApiViewSet):
    """The receipts of many messages at once."""

    serializer_class = Summaries
    told_without_read = frozenset({"results"})
    query_parameters = frozenset({"messages", "external_ids"})

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "messages",
                OpenApiTypes.STR,
                description="Message ids, or `ext:` and external ids, separated by commas.",
            ),
            OpenApiParameter(
                "external_ids",
                OpenApiTypes.STR,
                description="External ids, separated by commas; a comma in one is written `%2C`."
                f" Together at most {MAX_SUMMARIES}, and at least one.",
            ),
        ],
        responses=Summaries,
    )
    def retrieve(self, request: Request) -> Response:
        """Summaries of up to 200 messages; each invisible message has its own error."""
        asked = self._asked()
        ids = message_ids_of(each for each in asked if isinstance(each, str))
        named = [ids.get(each, 0) if isinstance(each, str) else each for each in asked]
        visible = visible_messages(self.user, named)
        rows = [(row, discloses_receipts(row, self.user)) for row in visible]
        found = {row["id"]: row for row, _ in rows}
        shown = with_counts([row for row, is_shown in rows if is_shown])
        found |= {row["id"]: row for row in shown}
        results = [self._result(each, found.get(pk)) for each, pk in zip(asked, named, strict=True)]
        return Response({"results": results})

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
        ids = message_ids_of(item.message.name for item in items if item.message.name)
        named = [item.message.number or ids.get(str(item.message.name), 0) for item in items]
        visible = Message.objects.visible_to(self.user).filter(pk__in=named)
        seen = set(visible.values_list("pk", flat=True))
        return [
            NOT_RECIPIENT if result == NOT_FOUND and pk in seen else result
            for result, pk in zip(results, named, strict=True)
        ]

    def _result(
        self, asked: int | str, message: MessageRow | None
    ) -> SummaryAnswer | dict[str, int | str | None]:
        if message is None:
            return {**_reference(asked), "code": "not_found", "detail": "No such message."}
        if not discloses_receipts(message, self.user):
            detail = "The receipts of this message are not for you."
            return {**_reference(asked), "code": "permission_denied", "detail": detail}
        return summary_for(message, self.user)

    def _asked(self) -> list[int | str]:
        """The requested messages, each once: numbers, and names."""
        given = self.request.query_params
        words = {
            field: [word for text in given.getlist(field) for word in words_of(text)]
            for field in ("messages", "external_ids")
        }
        if not 1 <= sum(map(len, words.values())) <= MAX_SUMMARIES:
            field = "external_ids" if words["external_ids"] else "messages"
            raise ValidationError({field: [f"Must list 1 to {MAX_SUMMARIES} message ids."]})
        numbered = [(word, reference_in(word)) for word in words["messages"]]
        if wrong := next((word for word, reference in numbered if not reference), None):
            raise ValidationError({"messages": [f"{wrong[:50]!r} is not a message id."]})
        asked: dict[int | str, None] = {}
        for _, reference in numbered:
            asked[_checked("messages", cast("int | str", reference))] = None
        for word in words["external_ids"]:
            asked[_checked("external_ids", word)] = None
        return list(asked)


def _checked(parameter: str, reference: int | str) -> int | str:
    """The reference, if it can be one: a list holds names that no path would carry."""
    if isinstance(reference, str):
        try:
            check_name(reference)
        except ValueError as error:
            raise ValidationError({parameter: [f"{reference[:50]!r}: {error}"]}) from error
    return reference


def _reference(asked: int | str) -> dict[str, int | str | None]:
    """What a result without a summary says of its message: only what was asked."""
    number, name = (None, asked) if isinstance(asked, str) else (asked, None)
    return {"message": number, "message_external_id": name}
