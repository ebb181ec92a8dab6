"""Marks on all conversations of a user, in batches."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import User
from receipts import services
from receipts.api.base import ApiViewSet
from receipts.api.bodies import ActingBody, EverythingReadBody, MarkBody
from receipts.api.fields import known_users
from receipts.api.shapes import AllMarked
from receipts.reads.selectors import unread_count
from receipts.rules.privacy import delivers_privately, opens_on_request, reads_privately
from receipts.services.bounded import BatchOutcome


class AccountMarkViewSet(ApiViewSet):
    """Marks in all conversations of a user, in batches: repeat until complete (rule 8)."""

    serializer_class = AllMarked
    told_without_read = frozenset({"complete"})

    @extend_schema(request=MarkBody, responses=AllMarked)
    def mark_delivered(self, request: Request) -> Response:
        """Everything in all conversations, or what was sent by ``at``, reached the device."""
        user, fields = self._acting(MarkBody)
        hides = delivers_privately(user.delivery_receipts_enabled)
        return self._answer(
            user,
            services.mark_all_delivered(user_id=user.pk, hides_delivery=hides, at=fields.get("at")),
        )

    @extend_schema(request=EverythingReadBody, responses=AllMarked)
    def mark_read(self, request: Request) -> Response:
        """Everything in all conversations, or what was sent by ``at``, was read."""
        user, fields = self._acting(EverythingReadBody)
        asked = fields.get("private")
        private = reads_privately(user.read_receipts_enabled, asked)
        return self._answer(
            user,
            services.mark_all_read(
                user_id=user.pk,
                private=private,
                explicit=opens_on_request(asked, private),
                hides_delivery=delivers_privately(user.delivery_receipts_enabled),
                at=fields.get("at"),
            ),
        )

    @extend_schema(request=ActingBody, responses=AllMarked)
    def retract_receipts(self, request: Request) -> Response:
        """Make earlier reads private: others then see them as deliveries (rule 13)."""
        user, _ = self._acting(ActingBody)
        return self._answer(user, services.retract_receipts(user_id=user.pk))

    def _acting(self, body: Any) -> tuple[User, dict[str, Any]]:
        fields = self.validated(body)
        username = self.acting_username(fields.get("user"))
        user = known_users("user", [username])[0] if self.user.is_service else self.user
        return user, fields

    def _answer(self, user: User, progress: BatchOutcome) -> Response:
        return Response({**asdict(progress), "unread_count": unread_count(user.pk)})
