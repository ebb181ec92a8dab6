"""Users: create one, look at one."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from rest_framework.request import Request
from rest_framework.response import Response

from chat.authentication import issue_token
from chat.models import Scope, User
from receipts.api.bodies import NewUser
from receipts.api.fields import checked
from receipts.gateways.sendbird.base import GatewayView, person
from receipts.gateways.sendbird.counts import unread_channels
from receipts.gateways.sendbird.errors import Code, SendbirdError
from receipts.gateways.sendbird.shapes import user_shape
from receipts.reads.selectors import unread_of


class Users(GatewayView):
    """The people of the chat product."""

    scope = Scope.USERS
    answers_reads = False  # only what the request itself has created

    def post(self, request: Request) -> Response:
        """Create a user, with a token of their own if asked for; a name is given once."""
        fields = self._profile()
        issue = self.body.flag("issue_access_token")
        try:
            with transaction.atomic():
                user = User.objects.create(password="!", **fields)  # noqa: S106
        except IntegrityError as error:
            raise SendbirdError(Code.EXISTS, '"user_id" already exists.') from error
        token = issue_token(user)[0] if issue else ""
        return Response(user_shape(user) | {"access_token": token})

    def _profile(self) -> dict[str, Any]:
        """Under our names, checked as the native API checks them."""
        return checked(
            NewUser,
            {
                "username": self.body.text("user_id"),
                "display_name": self.body.text("nickname", ""),
                "avatar_url": self.body.text("profile_url", ""),
            },
        )


class OneUser(GatewayView):
    """One of them."""

    def get(self, request: Request, user_id: str) -> Response:
        """A user, and how much they have left unread if asked for."""
        user = person(user_id)
        shape = user_shape(user)
        if self.asked.flag("include_unread_count"):
            shape["unread_message_count"] = unread_of(user.pk).count()
            shape["unread_channel_count"] = unread_channels(user.pk)
        return Response(shape)
