"""Participants of a conversation: join, leave, remove, roles, mutes and bans."""

from __future__ import annotations

from django.db import transaction
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import Conversation, ConversationParticipant
from receipts import services
from receipts.api.access import may_give_role, may_manage, may_manage_participant, steps_down
from receipts.api.base import ApiViewSet
from receipts.api.bodies import NewParticipant, ParticipantChange
from receipts.api.fields import known_users
from receipts.api.filters import ParticipantFilter
from receipts.api.pagination import IdCursorPagination
from receipts.api.shapes import ParticipantShape
from receipts.reads.answers import participant_shape
from receipts.rules.disclosure import discloses_watermarks
from receipts.rules.privacy import hides_reads_from


class ParticipantViewSet(ApiViewSet):
    """The participants of one conversation."""

    pagination_class = IdCursorPagination
    filterset_class = ParticipantFilter
    serializer_class = ParticipantShape
    told_without_read = frozenset({"user"})
    queryset = ConversationParticipant.objects.select_related("user")

    @extend_schema(responses=ParticipantShape(many=True))
    def list(self, request: Request, pk: int) -> Response:
        """List current participants, or filter by ``membership``; with visible watermarks."""
        conversation = self.visible_conversation(pk)
        participants = self.filter_queryset(self.get_queryset().filter(conversation=conversation))
        return self.page_of(participants, lambda each: self._shape(each, conversation))

    @extend_schema(request=NewParticipant, responses={200: ParticipantShape, 201: ParticipantShape})
    def create(self, request: Request, pk: int) -> Response:
        """Add or re-add a user, who becomes a recipient of later messages only."""
        conversation = self.visible_conversation(pk)
        may_manage(self.user, conversation)
        fields = self.validated(NewParticipant)
        may_give_role(self.user, conversation, fields.get("role"))
        [user] = known_users("user", [fields["user"]])
        participant, news = services.add_participant(
            conversation_id=pk, user=user, role=fields.get("role")
        )
        participant.user = user
        return Response(self._shape(participant, conversation), status=201 if news else 200)

    @extend_schema(responses=ParticipantShape)
    def retrieve(self, request: Request, pk: int, username: str) -> Response:
        """One participant, including one who has left."""
        conversation = self.visible_conversation(pk)
        return Response(self._shape(self._participant(conversation, username), conversation))

    @extend_schema(request=ParticipantChange, responses=ParticipantShape)
    def partial_update(self, request: Request, pk: int, username: str) -> Response:
        """Change a role, mute (reads, may not write) or ban (removed, may not rejoin)."""
        conversation = self.visible_conversation(pk)
        participant = self._participant(conversation, username)
        fields = self.validated(ParticipantChange)
        with transaction.atomic():
            # Checked under the lock, since the caller may have been demoted meanwhile.
            participant.conversation = services.hold(pk)
            participant.refresh_from_db(fields=["role", "is_active", "is_muted", "is_banned"])
            if not steps_down(self.user, participant, fields):
                may_manage_participant(self.user, conversation, participant)
                may_give_role(self.user, conversation, fields.get("role"))
            services.change_participant(participant, **fields)
        participant.refresh_from_db()
        return Response(self._shape(participant, conversation))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int, username: str) -> Response:
        """Leave, or remove a participant; rows without an open read are withdrawn (rule 2)."""
        conversation = self.visible_conversation(pk)
        participant = self._participant(conversation, username)
        if participant.user_id != self.user.pk:
            may_manage_participant(self.user, conversation, participant)
        services.remove_participant(conversation_id=pk, user=participant.user)
        return Response(status=204)

    def _participant(self, conversation: Conversation, username: str) -> ConversationParticipant:
        participant = (
            self.get_queryset().filter(conversation=conversation, user__username=username).first()
        )
        if participant is None:
            raise Http404
        return participant

    def _shape(
        self, participant: ConversationParticipant, conversation: Conversation
    ) -> dict[str, object]:
        own = participant.user_id == self.user.pk
        seen = own or discloses_watermarks(
            conversation.kind, conversation.receipts_visible_to, self.user
        )
        reads = own or not hides_reads_from(self.user)
        return participant_shape(participant, watermarks=seen, reads=reads)
