"""The one direct conversation of two people, by their usernames."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from chat.errors import Invalid, Refused
from chat.models import Conversation, User
from receipts import services
from receipts.api.base import ApiViewSet
from receipts.api.bodies import TwoMembers
from receipts.api.conversations import conversation_shape, refuse_external_id
from receipts.api.fields import known_users
from receipts.api.shapes import ConversationShape, conflict


class DirectConversationViewSet(ApiViewSet):
    """The direct conversation of two people."""

    serializer_class = ConversationShape
    told_without_read = frozenset({"id"})
    queryset = Conversation.objects.none()

    @extend_schema(
        request=TwoMembers,
        responses={
            200: ConversationShape,
            201: ConversationShape,
            **conflict("There is another conversation with this `external_id`."),
        },
    )
    def by_members(self, request: Request) -> Response:
        """The one direct conversation of two people, which is made if there is none.

        A service account names both, a user the other one. If you have left it you take part again,
        as a recipient of later messages only; for a service account both do. An ``external_id``
        (service accounts) is used only if the conversation is made.
        """
        fields = self.validated(TwoMembers)
        refuse_external_id(self.user, fields)
        one, other = known_users("members", two_members(fields.pop("members"), self.user))
        joining = [one, other] if self.user.is_service else [self.user]
        conversation, created = services.direct_conversation(
            members=(one, other), joining=joining, **fields
        )
        shape = conversation_shape(conversation.pk, self.user)
        return Response(shape, status=201 if created else 200)


def two_members(members: list[str], caller: User) -> list[str]:
    """The two usernames; a user is always one of them.

    Raises ``Refused`` before it is known whether these users exist.
    """
    names = set(members)
    if not caller.is_service:
        if len(names) == 2 and caller.username not in names:
            raise Refused("members: only a service account may name two other users.")
        if len(names) == len(members):
            names.add(caller.username)
    if len(names) != 2:
        raise Invalid("members", "A direct conversation is of two different users.")
    return sorted(names)
