"""The answer to a deletion that takes several batches: of a user, or of a conversation."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.response import Response

from chat.models import Erasure
from receipts import services
from receipts.api.fields import RowSerializer


class ErasureProgress(RowSerializer):
    """Whether everything is removed; if not, repeat the request."""

    complete = serializers.BooleanField()


#: For ``extend_schema``: the responses to a deletion.
ERASED: dict[int, Any] = {
    200: ErasureProgress,
    202: OpenApiResponse(ErasureProgress, "Gone for everybody; rows are left to remove: repeat."),
}


def erased(erasure: Erasure) -> Response:
    """Do batches within the time budget of a call (rule 8), and answer how far it has come."""
    complete = services.run_erasure(erasure)
    return Response({"complete": complete}, status=200 if complete else 202)
