"""Users: create one, retrieve one."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from chat.authentication import issue_token
from chat.errors import AccountProtected
from chat.models import Scope, User
from receipts import services
from receipts.api.bodies import NewUser
from receipts.api.fields import checked
from receipts.gateways.sendbird.base import SendbirdView
from receipts.gateways.sendbird.counts import unread_channels
from receipts.gateways.sendbird.errors import SendbirdCode, SendbirdError, missing_object
from receipts.gateways.sendbird.finding import user_named
from receipts.gateways.sendbird.shapes import sendbird_user
from receipts.reads.selectors import unread_count


class Users(SendbirdView):
    """All users."""

    scope = Scope.USERS
    answers_reads = False  # the answer has only what the request itself created

    def post(self, request: Request) -> Response:
        """Create a user, with a token if requested; 400202 if the name already exists."""
        fields = self._profile()
        issue = self.fields.flag("issue_access_token")
        user = _create_user(fields)
        token = issue_token(user)[0] if issue else ""
        return Response(sendbird_user(user) | {"access_token": token})

    def _profile(self) -> dict[str, Any]:
        """A new user in our field names, checked as the native API checks it."""
        return checked(
            NewUser,
            {
                "username": self.fields.text("user_id"),
                "display_name": self.fields.text("nickname", ""),
                "avatar_url": self.fields.text("profile_url", ""),
            },
        )


def _create_user(fields: dict[str, Any]) -> User:
    """A new user; 400202 if the name already exists."""
    try:
        user, created = services.ensure_user(**fields)
    except AccountProtected:
        created = False
    if not created:
        raise SendbirdError(SendbirdCode.EXISTS, '"user_id" already exists.')
    return user


class OneUser(SendbirdView):
    """One user."""

    scope = Scope.USERS
    answers_reads = False  # a deletion answers with nothing

    def get(self, request: Request, user_id: str) -> Response:
        """A user, with their unread counts if requested."""
        user = user_named(user_id)
        shape = sendbird_user(user)
        if self.query.flag("include_unread_count"):
            shape["unread_message_count"] = unread_count(user.pk)
            shape["unread_channel_count"] = unread_channels(user.pk)
        return Response(shape)

    def delete(self, request: Request, user_id: str) -> Response:
        """Forget a user; what takes longer than a request, ``manage.py erase`` finishes."""
        try:
            erasure = services.forget_user(username=user_id, actor=self.user)
        except User.DoesNotExist:
            raise missing_object("User") from None
        services.run_erasure(erasure)
        return Response({})
