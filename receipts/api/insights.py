"""Insights: delivery and read figures of the caller's messages, by day."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from receipts.api.base import ApiViewSet
from receipts.api.fields import RowSerializer
from receipts.reads.insights import NO_TIMES, InsightsAnswer, MeasuredRange
from receipts.reads.names import conversation_id_of
from receipts.rules.privacy import shown_to

#: The most days per request, and how many without parameters.
MAX_DAYS = 366
DEFAULT_DAYS = 30
#: The format of a day; Python's parsers alone accept week dates and digits of other scripts.
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Spread(RowSerializer):
    """Seconds since sending, over recipients; null if there is no time to measure.

    A delivery that only a read tells of has none: when it was is not known. Exact, or within
    1 % where days of the range have been summed up.
    """

    median = serializers.FloatField(allow_null=True)
    p95 = serializers.FloatField(allow_null=True)


class Figures(RowSerializer):
    """How many messages and recipients, how many of these got and read them, and how fast."""

    messages = serializers.IntegerField()
    recipients = serializers.IntegerField()
    delivered = serializers.IntegerField()
    read = serializers.IntegerField()
    delivered_rate = serializers.FloatField(allow_null=True)
    read_rate = serializers.FloatField(allow_null=True)
    seconds_to_delivered = Spread()
    seconds_to_read = Spread()


class InsightsDayShape(Figures):
    """The figures of the messages of one day."""

    day = serializers.DateField()


class Insights(RowSerializer):
    """Figures of a range of UTC days, in total and by day; days without messages are omitted."""

    to = serializers.DateField()
    total = Figures()
    days = InsightsDayShape(many=True)


# A field called ``from`` cannot be declared by a plain assignment.
Insights._declared_fields["from"] = serializers.DateField()

_RANGE = [
    OpenApiParameter(
        "from", OpenApiTypes.DATE, description=f"First UTC day; {DEFAULT_DAYS} days by default."
    ),
    OpenApiParameter("to", OpenApiTypes.DATE, description="Last UTC day; today by default."),
]


class InsightsViewSet(ApiViewSet):
    """Insights of the caller's own messages; moderators and service accounts see all messages."""

    serializer_class: Any = Insights
    query_parameters = frozenset({"from", "to"})
    id_of = staticmethod(conversation_id_of)

    @extend_schema(parameters=_RANGE, responses=Insights)
    def retrieve(self, request: Request) -> Response:
        """Delivery and read rates, and times to delivered and read, over all conversations."""
        return self._answer(MeasuredRange(**self._range(), sender_id=self._sender()).answer())

    @extend_schema(parameters=_RANGE, responses=Insights)
    def of_conversation(self, request: Request, pk: int) -> Response:
        """Delivery and read rates, and times to delivered and read, in one conversation."""
        self.visible_conversation(pk)
        asked = MeasuredRange(**self._range(), sender_id=self._sender(), conversation_id=pk)
        return self._answer(asked.answer())

    def _answer(self, found: InsightsAnswer) -> Response:
        """The figures, without the marks that are hidden from the caller (rule 14)."""
        shown = shown_to(self.user)
        for figures in (found["total"], *found["days"]):
            if not shown.reads:
                figures |= {"read": 0, "read_rate": None, "seconds_to_read": NO_TIMES}
            if not shown.deliveries:
                figures |= {"delivered": figures["read"], "delivered_rate": figures["read_rate"]}
            if not (shown.reads and shown.deliveries):
                # Deliveries that only reads tell of have no times, so these would tell of reads.
                figures["seconds_to_delivered"] = NO_TIMES
        return Response(found)

    def _sender(self) -> int | None:
        return None if self.user.sees_everything else self.user.pk

    def _range(self) -> dict[str, Any]:
        until = self._day("to") or timezone.now().date()
        since = self._day("from") or until - timedelta(days=DEFAULT_DAYS - 1)
        if since > until:
            raise ValidationError({"from": ["Must not be after the last day."]})
        if (until - since).days >= MAX_DAYS:
            raise ValidationError({"from": [f"The range must not exceed {MAX_DAYS} days."]})
        return {"since": since, "until": until}

    def _day(self, name: str) -> date | None:
        given = self.request.query_params.get(name)
        if given is None:
            return None
        try:
            if not _DAY.fullmatch(given):
                raise ValueError(given)
            day = date.fromisoformat(given)
        except ValueError as error:
            raise ValidationError({name: ["Must be a day, as in 2026-11-21."]}) from error
        if not 1970 <= day.year <= 9000:
            raise ValidationError({name: ["Out of range."]})
        return day
