"""Participants of a conversation: join, leave, remove, roles, mutes, bans, notifications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import Conversation, ConversationParticipant
from receipts import services
from receipts.api.base import ApiViewSet
from receipts.api.bodies import NewParticipant, ParticipantChange
from receipts.api.fields import known_users
from receipts.api.filters import ParticipantFilter
from receipts.api.pagination import KeysetPagination
from receipts.api.shapes import ParticipantShape
from receipts.reads.answer_types import ParticipantAnswer
from receipts.reads.answers import participant_shape
from receipts.reads.conversations import current_participants, participant_of
from receipts.reads.names import conversation_id_of, names_of_messages
from receipts.reads.watermarks import show_watermarks
from receipts.rules.disclosure import discloses_watermarks
from receipts.rules.privacy import Shown, shown_to
from receipts.services.permissions import require_manager, require_may_give_role


class ParticipantViewSet(ApiViewSet):
    """The participants of one conversation."""

    pagination_class = KeysetPagination
    filterset_class = ParticipantFilter
    serializer_class = ParticipantShape
    told_without_read = frozenset({"user"})
    id_of = staticmethod(conversation_id_of)
    queryset = ConversationParticipant.objects.select_related("user")

    @extend_schema(responses=ParticipantShape(many=True))
    def list(self, request: Request, pk: int) -> Response:
        """List current participants, or filter by ``membership``; with visible watermarks."""
        conversation = self.visible_conversation(pk)
        if "membership" in request.query_params:
            everybody = self.get_queryset().filter(conversation=conversation)
            page: Sequence[Any] = self.page_of(everybody)
        else:
            page = [participant_of(row) for row in self.page_of(current_participants(pk))]
        return self.get_paginated_response(self._shapes(page, conversation))

    @extend_schema(request=NewParticipant, responses={200: ParticipantShape, 201: ParticipantShape})
    def create(self, request: Request, pk: int) -> Response:
        """Add or re-add a user, who becomes a recipient of later messages only."""
        conversation = self.visible_conversation(pk)
        with self.refusing_first(lambda: require_manager(self.user, pk)):
            fields = self.validated(NewParticipant)
        role = fields.get("role")
        with self.refusing_first(lambda: self._require_may_add(pk, role)):
            [user] = known_users("user", [fields["user"]])
        participant, joined = services.add_participant(
            by=self.user, conversation_id=pk, user=user, role=role
        )
        participant.user = user
        return self._answer(participant, conversation, 201 if joined else 200)

    @extend_schema(responses=ParticipantShape)
    def retrieve(self, request: Request, pk: int, username: str) -> Response:
        """One participant, including one who has left."""
        conversation = self.visible_conversation(pk)
        return self._answer(self._participant(conversation, username), conversation)

    @extend_schema(request=ParticipantChange, responses=ParticipantShape)
    def partial_update(self, request: Request, pk: int, username: str) -> Response:
        """Change a role, mute (reads, may not write) or ban (removed, may not rejoin).

        ``notifications`` are a user's own wish: changed by that user, or by a service account for
        them, and shown to nobody else.
        """
        conversation = self.visible_conversation(pk)
        participant = self._participant(conversation, username)
        fields = self.validated(ParticipantChange)
        services.change_participant(
            by=self.user, conversation_id=pk, user=participant.user, **fields
        )
        participant.refresh_from_db()
        return self._answer(participant, conversation)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int, username: str) -> Response:
        """Leave, or remove a participant; rows without an open read are withdrawn (rule 2)."""
        conversation = self.visible_conversation(pk)
        participant = self._participant(conversation, username)
        services.remove_participant(by=self.user, conversation_id=pk, user=participant.user)
        return Response(status=204)

    def _require_may_add(self, pk: int, role: str | None) -> None:
        require_manager(self.user, pk)
        require_may_give_role(self.user, pk, role)

    def _participant(self, conversation: Conversation, username: str) -> ConversationParticipant:
        participant: ConversationParticipant | None = (
            self.get_queryset().filter(conversation=conversation, user__username=username).first()
        )
        if participant is None:
            raise Http404
        return participant

    def _shapes(
        self, participants: Sequence[ConversationParticipant], conversation: Conversation
    ) -> Sequence[ParticipantAnswer]:
        show_watermarks(participants)
        watermarks = (
            pk
            for each in participants
            for pk in (each.last_delivered_message_id, each.last_read_message_id)
        )
        names = names_of_messages(watermarks, conversation.pk)
        return [self._shape(each, conversation, names) for each in participants]

    def _answer(
        self, participant: ConversationParticipant, conversation: Conversation, status: int = 200
    ) -> Response:
        return Response(self._shapes([participant], conversation)[0], status=status)

    def _shape(
        self,
        participant: ConversationParticipant,
        conversation: Conversation,
        names: Mapping[int | None, str],
    ) -> ParticipantAnswer:
        own = participant.user_id == self.user.pk
        seen = own or discloses_watermarks(
            conversation.kind, conversation.receipts_visible_to, self.user
        )
        # A service account notifies users, so it must know who wants to be.
        wishes = own or self.user.is_service
        return participant_shape(
            participant,
            watermarks=seen,
            to=Shown() if own else shown_to(self.user),
            wishes=wishes,
            names=names,
        )
