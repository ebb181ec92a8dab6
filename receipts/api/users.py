"""Users, their tokens, and the caller's own profile."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from chat.authentication import issue_token
from chat.models import Scope, User
from chat.permissions import IsKnown, IsService, refuse_protected
from receipts import services
from receipts.api.base import ApiViewSet
from receipts.api.bodies import NewUser, ProfileChange, UserChange
from receipts.api.erasures import ERASED, erased
from receipts.api.fields import ObjectSerializer, RowSerializer, StrictSerializer
from receipts.api.pagination import KeysetPagination
from receipts.api.shapes import conflict
from receipts.reads.selectors import unread_counts


class UserShape(ObjectSerializer):
    """A user, as service accounts and moderators see them."""

    username = serializers.CharField()
    display_name = serializers.CharField()
    avatar_url = serializers.CharField()
    read_receipts_enabled = serializers.BooleanField()
    delivery_receipts_enabled = serializers.BooleanField()
    is_active = serializers.BooleanField()
    is_service = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class Me(UserShape):
    """The caller, with what they have unread."""

    unread_count = serializers.IntegerField()
    unread_count_unmuted = serializers.IntegerField(
        help_text="Without conversations in which your notifications are off."
    )

    def to_representation(self, instance: User) -> dict[str, Any]:
        profile = UserShape().to_representation(instance)
        return profile | unread_counts(instance.pk)


class Token(RowSerializer):
    """A token by which a user's device calls the API, until it expires."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class UserViewSet(ApiViewSet):
    """The users of the chat product, managed by its backend."""

    permission_classes = [IsKnown, IsService]
    scope = Scope.USERS
    told_without_read = frozenset({"username", "token", "expires_at", "complete"})
    pagination_class = KeysetPagination
    serializer_class = UserShape
    queryset = User.objects.all()

    def list(self, request: Request) -> Response:
        """List users."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(UserShape(page, many=True).data)

    @extend_schema(
        request=NewUser,
        responses={
            200: UserShape,
            201: UserShape,
            **conflict("Another user has this `username`, or had it a moment ago."),
        },
    )
    def create(self, request: Request) -> Response:
        """Create a user; repeating the request returns 200 with the existing user."""
        user, created = services.create_user(**self.validated(NewUser))
        return Response(UserShape(user).data, status=201 if created else 200)

    @extend_schema(responses=UserShape)
    def retrieve(self, request: Request, username: str) -> Response:
        """One user."""
        return Response(UserShape(self._user(username)).data)

    @extend_schema(request=UserChange, responses=UserShape)
    def partial_update(self, request: Request, username: str) -> Response:
        """Change a profile; ``is_active`` switches the account off and on (rule 2)."""
        fields = self.validated(UserChange)
        try:
            user = services.change_account(username=username, **fields)
        except User.DoesNotExist as error:
            raise Http404 from error
        return Response(UserShape(user).data)

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "messages",
                enum=["erase"],
                description="`erase`: the texts of the messages that they sent go, too.",
            )
        ],
        responses=ERASED,
    )
    def destroy(self, request: Request, username: str) -> Response:
        """Forget a user: name, picture, tokens and streams at once, the rest in batches.

        The account stays, without a name, and so do counts. Repeat until ``complete``; the username
        is free again two minutes after that.
        """
        messages = request.query_params.get("messages")
        if messages not in (None, "erase"):
            raise ValidationError({"messages": ["Must be 'erase', or omitted."]})
        try:
            erasure = services.forget_user(
                username=username, messages=messages is not None, actor=self.user
            )
        except User.DoesNotExist as error:
            raise Http404 from error
        return erased(erasure)

    @property
    def query_parameters(self) -> frozenset[str]:  # type: ignore[override]
        """Of a deletion alone: what goes with the user."""
        return frozenset({"messages"}) if self.action == "destroy" else frozenset()

    @extend_schema(request=None, responses={201: Token})
    def issue_token(self, request: Request, username: str) -> Response:
        """Issue a token for a user; it is shown only once."""
        self.validated(StrictSerializer)
        user = refuse_protected(self._user(username))
        if not user.is_active:
            raise ValidationError({"username": ["This user is deactivated."]})
        token, expires_at = issue_token(user)
        return Response({"token": token, "expires_at": expires_at}, status=201)

    def _user(self, username: str) -> User:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise Http404
        return user


class MeViewSet(ApiViewSet):
    """The caller's own profile and privacy switch."""

    serializer_class = Me
    short_actions = frozenset({"retrieve"})
    told_without_read = frozenset({"username"})

    @extend_schema(responses=Me)
    def retrieve(self, request: Request) -> Response:
        """Your profile, with your unread count over all conversations."""
        return Response(Me(self.user).data)

    @extend_schema(request=ProfileChange, responses=Me)
    def partial_update(self, request: Request) -> Response:
        """Change your name, your picture, or whether others see your reads (rule 13)."""
        services.change_profile(user=self.user, **self.validated(ProfileChange))
        return Response(Me(self.user).data)
