"""The user list: who the people are whose ids the receipts named."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from django.db.models import Exists, OuterRef, Q
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import Conversation, ConversationParticipant, User
from receipts.gateways.socialplus.base import SocialPlusView
from receipts.gateways.socialplus.paging import MAX_LIMIT
from receipts.gateways.socialplus.shapes import person_of


class PeopleView(SocialPlusView):
    """Users by their ids. Whom one shares no conversation with does not exist."""

    query_parameters = frozenset({"userIds[]"})

    def show(self, request: Request) -> Response:
        """The users of these ids, as far as the caller may know of them."""
        given = request.query_params.getlist("userIds[]")
        if len(given) > MAX_LIMIT:
            raise ValidationError({"userIds": [f"At most {MAX_LIMIT}."]})
        # Its SDK encodes each id twice.
        names = {*given, *(unquote(name) for name in given)}
        found = User.objects.filter(_known_to(self.user), username__in=_possible(names))
        return Response({"users": [person_of(user) for user in found], "files": []})


def _possible(names: set[str]) -> list[str]:
    """PostgreSQL does not even compare with a NUL."""
    return [name for name in names if "\x00" not in name]


def _known_to(user: User) -> Any:
    """Oneself, and whoever is or was in a conversation that one sees: its list has their names."""
    if user.sees_everything:
        return Q()
    shared = ConversationParticipant.objects.filter(
        user=OuterRef("pk"), conversation__in=Conversation.objects.visible_to(user)
    )
    return Q(pk=user.pk) | Exists(shared)
