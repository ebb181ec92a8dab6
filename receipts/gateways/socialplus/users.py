"""The user list: the users whose ids are in receipts."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from django.db.models import Q
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import Conversation, ConversationParticipant, User
from receipts.gateways.socialplus.base import SocialPlusView
from receipts.gateways.socialplus.paging import MAX_LIMIT
from receipts.gateways.socialplus.shapes import socialplus_user


class UserListView(SocialPlusView):
    """Users by their ids. A user who shares no conversation with the caller is omitted."""

    query_parameters = frozenset({"userIds[]"})

    def show(self, request: Request) -> Response:
        """The users with these ids whom the caller may see."""
        given = request.query_params.getlist("userIds[]")
        if len(given) > MAX_LIMIT:
            raise ValidationError({"userIds": [f"At most {MAX_LIMIT}."]})
        # The SDK percent-encodes each id twice.
        names = {*given, *(unquote(name) for name in given)}
        known = _without_nul(names)
        found = User.objects.filter(_visible_among(self.user, known), username__in=known)
        return Response({"users": [socialplus_user(user) for user in found], "files": []})


def _without_nul(names: set[str]) -> list[str]:
    """PostgreSQL refuses a NUL even in a comparison."""
    return [name for name in names if "\x00" not in name]


def _visible_among(user: User, names: list[str]) -> Any:
    """The caller, and those of these names who are or were in a conversation that they can see.

    The list of its participants has their names as well.
    """
    if user.sees_everything:
        return Q()
    shared = ConversationParticipant.objects.filter(
        user__username__in=names, conversation__in=Conversation.objects.visible_to(user)
    )
    return Q(pk=user.pk) | Q(pk__in=shared.values("user"))
