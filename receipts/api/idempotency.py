"""The header ``Idempotency-Key``, which names a message as its ``client_id`` does."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from receipts.api.fields import StrictSerializer, checked, external_id_field

KEY_HEADER = "Idempotency-Key"
PARAMETER = OpenApiParameter(
    KEY_HEADER,
    location=OpenApiParameter.HEADER,
    description="The same as `client_id` in the body, for clients that send this header.",
)


class _Header(StrictSerializer):
    pass


# A field called so cannot be declared by a plain assignment.
_Header._declared_fields[KEY_HEADER] = external_id_field()


def client_id_of(request: Request, given: str | None) -> str | None:
    """The ``client_id`` of the body, or the header's, with or without quotation marks.

    Raises ``ValidationError`` if there are both and they differ.
    """
    if (header := request.headers.get(KEY_HEADER)) is None:
        return given
    if len(header) > 2 and header[0] == header[-1] == '"':
        header = header[1:-1]
    key: str = checked(_Header, {KEY_HEADER: header})[KEY_HEADER]
    if given not in (None, key):
        raise ValidationError({KEY_HEADER: ["Must be the same as client_id."]})
    return key
